"""How requests fared while something happened: how many failed, and how long they took."""

import time
from collections import Counter
from collections.abc import Callable

import httpx


class Tally:
    """Counts requests, from any thread."""

    def __init__(self) -> None:
        self._took_ms: list[float] = []
        self._failed: list[str] = []

    def ask(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send a request and note how it fared."""
        began_s = time.monotonic()
        try:
            answer = send()
        except httpx.TransportError as exc:
            self._failed.append(type(exc).__name__)
            raise
        finally:
            self._took_ms.append((time.monotonic() - began_s) * 1000)
        if not answer.is_success:
            self._failed.append(str(answer.status_code))
        return answer

    def told(self) -> str:
        """Return the figures in one line."""
        took = sorted(self._took_ms)
        at = {share: took[min(len(took) - 1, int(share * len(took)))] for share in (0.5, 0.99)}
        why = ", ".join(f"{n} of {how}" for how, n in sorted(Counter(self._failed).items()))
        return (
            f"{len(took)} requests, {len(self._failed)} failed{f' ({why})' if why else ''}; "
            f"half within {at[0.5]:.0f} ms, 99 % within {at[0.99]:.0f} ms, all within {took[-1]:.0f} ms"
        )
