"""What must outlive a loss of power: files and their names, forced out to the disk."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, by: Path) -> None:
    """Put a file in the place of another, durable when this returns: either is there, and whole.

    Args:
        by: in the same folder.
    """
    sync(by)
    by.replace(path)
    sync(path.parent)
