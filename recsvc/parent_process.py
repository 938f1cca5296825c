"""Processes that end with the one that started them, however that one ends."""

import os
import select
import signal
import sys
import threading
import time

_LOOK_S = 0.5
_ENDING_S = 30.0

# Variable that names the server to the processes it forks; no setting, hence without our prefix.
SERVER = "_RECSVC_SERVER"


def exit_with(parent: int) -> None:
    """End this process soon after its parent.

    Where the kernel tells when a process ends (Linux), that is waited for; elsewhere it is asked for
    twice a second.

    Args:
        parent: its process id; it may have ended before this line is reached.
    """

    def watch() -> None:
        _wait_for_end(parent)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_ENDING_S)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def _wait_for_end(parent: int) -> None:
    if sys.platform == "linux":
        try:
            ending = os.pidfd_open(parent)
        except OSError:
            pass  # it has ended, or a kernel before 5.3
        else:
            # If it ended and its id is another's by now, we are a child of neither.
            if os.getppid() == parent:
                told = select.poll()
                told.register(ending, select.POLLIN)
                told.poll()
            os.close(ending)
    while os.getppid() == parent:
        time.sleep(_LOOK_S)


def exit_with_server() -> bool:
    """End this process soon after the server that forked it; return whether one did."""
    server = os.environ.get(SERVER)
    if server is None or int(server) == os.getpid():
        return False
    exit_with(int(server))
    return True
