"""Problems that people must see to, told by whoever meets them to whoever answers `/health/ready`."""

import os
from pathlib import Path

_BYTES = 4096


class StoreProblem:
    """What keeps the bundled store down, in a file of the data folder.

    The file is one block, made while all is well and written in place: a disk that is full cannot be
    told of in a file that has yet to be made.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "store-problem"

    def say(self, text: str) -> None:
        """Tell what the problem is, in place of what was told before."""
        block = text.encode()[:_BYTES].ljust(_BYTES)
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.pwrite(descriptor, block, 0)
            finally:
                os.close(descriptor)
        except OSError:
            return  # the log has it

    def clear(self) -> None:
        """Tell that there is none."""
        self.say("")

    def read(self) -> list[str]:
        """Return the problem; nothing if there is none, or no way to know of it."""
        try:
            told = self._path.read_text(errors="replace").strip()
        except OSError:
            return []
        return [told] if told else []
