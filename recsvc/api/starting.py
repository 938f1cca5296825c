"""Starting: a process that is told to stop before it serves ends at once.

The server asks signals for a process only once its application has started, and kills what has not ended
ten seconds after it was told to. To load a large catalogue takes longer, and a store that is away may
stay so.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_TOLD_BY = {signal.SIGTERM, signal.SIGINT}


@contextmanager
def ends_when_told() -> Iterator[None]:
    """End this process if it is told to stop meanwhile: nothing is served yet, and nothing half done.

    Whatever thread a signal comes to, its number is written where the interpreter is told to
    (`signal.set_wakeup_fd`): here for a while, instead of to the loop. Only in a main thread.
    """
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)

    def told() -> None:
        numbers = here.recv(64)
        if _TOLD_BY.intersection(numbers):
            os._exit(0)
        if before != -1:
            os.write(before, numbers)

    loop.add_reader(here, told)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        loop.remove_reader(here)
        here.close()
        there.close()
