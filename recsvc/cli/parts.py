"""The parts of the service on one machine: forked at first, started anew when they die.

What the parts have in common - most of what they import - is read and held in memory once. Only what
lives in a single thread can be forked soundly, so all parts are forked before the rest of the service
begins, and wait. A part that died is started by its own command.
"""

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NoReturn, Protocol

import structlog
from setproctitle import setproctitle

from recsvc.cli import main
from recsvc.settings import Settings, environment_of

log = structlog.get_logger()

_STOP_S = 15.0
_LOOK_S = 0.05
_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_LONG_LIFE_S = 10.0

_COMMANDS = {"api": ["serve"], "worker": ["worker"], "digest": ["worker", "digest"]}
# What parts share. `workers.run` is not among it: polars begins threads when it is imported.
_SHARED = ("recsvc.api.app", "workers.digest", "implicit.als")
_THREADS = Path("/proc/self/task")


class _Process(Protocol):
    """What is asked of a process, forked or started."""

    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Part:
    """One part of the service, restarted when it dies; ever more slowly while it keeps dying."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name = name
        self._command = [*_COMMANDS[name], "--with-parent", str(os.getpid())]
        self._environment = os.environ | environment_of(settings)
        self._process: _Process | None = None
        self._forked: _Forked | None = None
        self._started_s = 0.0
        self._pause_s = _PAUSE_S / 2  # doubled at the first death
        self._again_s = 0.0

    def fork(self, leave: Callable[[], None]) -> None:
        """Fork it; it leaves what is the parent's alone, and waits until it is started."""

        def begin() -> None:
            leave()
            setproctitle(f"recsvc {' '.join(self._command)}")  # before the environment moves
            os.environ.update(self._environment)

        self._forked = _Forked(begin, self._command)

    def start(self) -> None:
        """Start it."""
        if self._forked is not None:
            self._forked.go()
            self._process, self._forked = self._forked, None
        else:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "recsvc", *self._command],
                env=self._environment,
                start_new_session=True,  # Ctrl-C comes to us, who stop the store last
            )
        self._started_s = time.monotonic()

    def start_after(self, seconds: float) -> None:
        """Start it when it is looked after next, some seconds from now."""
        self._again_s = time.monotonic() + seconds

    def look_after(self) -> None:
        """Start it when it is time, and again if it died."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            lived_s = time.monotonic() - self._started_s
            longer_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._pause_s = _PAUSE_S if lived_s > _LONG_LIFE_S else longer_s
            log.error("part_died", name=self._name, exit_code=code, again_in_s=self._pause_s)
            self._process = None
            self.start_after(self._pause_s)
        elif time.monotonic() >= self._again_s:
            self.start()

    async def stop(self) -> None:
        """Ask it to finish, and insist after a while."""
        if self._forked is not None:
            self._forked.kill()  # it has not begun
            self._process = self._forked
        if self._process is None:
            return
        self._process.terminate()
        until_s = time.monotonic() + _STOP_S
        while self._process.poll() is None:
            if time.monotonic() > until_s:
                log.error("part_killed", name=self._name)
                self._process.kill()
                until_s += _STOP_S
            await asyncio.sleep(_LOOK_S)


def forked(settings: Settings, leave: Callable[[], None]) -> dict[str, Part]:
    """Return the parts, each forked and waiting where that is sound; elsewhere they begin when started.

    To be called before this process has begun anything else.

    Args:
        leave: closes, in a part, what this process holds open.
    """
    parts = {name: Part(name, settings) for name in _COMMANDS}
    if not _THREADS.is_dir():  # macOS: its own libraries do not survive a fork
        return parts
    for name in _SHARED:
        import_module(name)
    if len(list(_THREADS.iterdir())) > 1:
        log.warning("parts_not_forked", reason="a library has begun threads")
        return parts
    gc.freeze()  # nobody looks at what all share, so that it stays shared
    for part in parts.values():
        part.fork(leave)
    return parts


class _Forked:
    """A command in a process that was forked and waits, asked as `subprocess.Popen` is asked."""

    def __init__(self, begin: Callable[[], None], command: list[str]) -> None:
        self._code: int | None = None
        reading, self._going = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._going)
            os.setsid()  # Ctrl-C comes to the parent, which stops the store last
            begin()
            _end_with(command if os.read(reading, 1) else None)
        os.close(reading)

    def go(self) -> None:
        """Let it run its command; one that was killed while it waited is found dead, as any other."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._going, b"!")
        os.close(self._going)

    def poll(self) -> int | None:
        """Return how it ended; None while it lives."""
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def terminate(self) -> None:
        """Ask it to end."""
        if self.poll() is None:
            os.kill(self._pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        if self.poll() is None:
            os.kill(self._pid, signal.SIGKILL)


def _end_with(command: list[str] | None) -> NoReturn:
    """Run a command and end the process, never returning to what its parent does."""
    code: object = 1
    try:
        if command is not None:
            main(command)
    except SystemExit as exc:
        code = exc.code
    except Exception:
        log.exception("part_failed", command=command)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)
