"""Logs: structlog, JSON in production, readable on a terminal."""

import logging
import sys
from typing import Any

import structlog

from recsvc import tracing


def configure(log_format: str, level: str) -> None:
    """Configure logging for this process.

    Args:
        log_format: `json`, `text`, or `auto`: text on a terminal.
    """
    # What a parser has to say of texts from outside is no news of ours.
    logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            tracing.add_to_line,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
