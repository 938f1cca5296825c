"""Processes that end with the one that started them, however that one ends."""

import os
import signal
import threading
import time

_ENDING_S = 30.0

# Variable that names the server to the processes it forks; no setting, hence without our prefix.
SERVER = "_RECSVC_SERVER"


def exit_with(parent: int) -> None:
    """End this process soon after its parent.

    The kernel offers this on Linux only; asking for the parent twice a second works everywhere.

    Args:
        parent: its process id; it may have ended before this line is reached.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_ENDING_S)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def exit_with_server() -> None:
    """End this process soon after the server that forked it, if one did."""
    server = os.environ.get(SERVER)
    if server is not None and int(server) != os.getpid():
        exit_with(int(server))
