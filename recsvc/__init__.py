"""recsvc: a recommendation service whose next feed already reflects the last event."""

__version__ = "0.1.0"
