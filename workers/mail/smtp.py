"""SMTP: the one file that knows aiosmtplib; hands letters to a relay over a connection it keeps.

A letter goes over in two steps, so that a crash is never mistaken for a delivery or the other way round:
everything but the line with the final dot, then the last check, then that line. Before it a server has
accepted nothing (RFC 5321, section 4.1.1.4); after it nobody knows until its answer comes.
"""

import asyncio
import contextlib
from collections.abc import Callable

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from recsvc.core.mail.status_codes import is_of_address, status_in
from recsvc.mail.message import Letter
from recsvc.mail.wording import clipped
from workers.mail.params import SmtpParams
from workers.mail.relay import Answer, LastCheck

_PER_CONNECTION = 100
_START_INPUT = 354
_END = b".\r\n"
_CLOSING = 421
_LONGEST_WHY = 200
_LOOK_S = 0.005

# What a plain code says of the address, in answer to RCPT: RFC 5321, section 4.2.3.
_OF_ADDRESS = frozenset({550, 551, 553})

Write = Callable[[bytes], None]

_FAILURES = (aiosmtplib.SMTPException, OSError, TimeoutError)


class SmtpRelay:
    """One connection to the relay, opened when needed and used for many letters."""

    def __init__(self, params: SmtpParams) -> None:
        self._params = params
        self._client: aiosmtplib.SMTP | None = None
        self._n_sent = 0

    async def deliver(self, letter: Letter, check: LastCheck) -> Answer:
        """Hand a letter over; never raises for what the other side does."""
        try:
            async with asyncio.timeout(self._params.timeout_s):
                protocol, write = await self._begun(letter)
        except aiosmtplib.SMTPRecipientRefused as exc:
            await self._reset()
            return _refusal(exc.code, exc.message, letter, _OF_ADDRESS)
        except aiosmtplib.SMTPDataError as exc:
            await self._reset()
            return _refusal(exc.code, exc.message, letter)
        except _FAILURES as exc:
            self._drop()
            return Answer("postponed", _words(exc, letter))
        try:
            wanted = await check.still_wanted()
        except BaseException:
            self._drop()  # without its end the letter is void
            raise
        if not wanted:
            self._drop()
            return Answer("withdrawn")
        return await self._ended(protocol, write, letter, check)

    async def unreached(self) -> str | None:
        """Return why no letter could be handed over now; None if one could."""
        try:
            async with asyncio.timeout(self._params.timeout_s):
                await self._connected()
        except _FAILURES as exc:
            self._drop()
            return str(exc) or repr(exc)
        await self.rest()
        return None

    async def rest(self) -> None:
        """Say goodbye."""
        if self._client is not None:
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(5):
                    await self._client.quit()
            self._drop()

    async def _begun(self, letter: Letter) -> tuple[SMTPProtocol, Write]:
        """Send all of a letter but its end; return the connection, and what writes to it at once."""
        client = await self._introduced(letter)
        await client.rcpt(letter.recipient)
        start = await client.execute_command(b"DATA")
        if start.code != _START_INPUT:
            raise aiosmtplib.SMTPDataError(start.code, start.message)
        protocol = client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        protocol.write(letter.content.replace(b"\r\n.", b"\r\n.."))  # RFC 5321, section 4.5.2
        return protocol, await _drained(protocol)

    async def _ended(
        self, protocol: SMTPProtocol, write: Write, letter: Letter, check: LastCheck
    ) -> Answer:
        """Send the end of a letter, and say what the relay answered."""
        try:
            # Nothing between these two: killed there, a worker takes for sent what is not.
            check.ends_now()
            write(_END)
            code, text = await protocol.read_response(timeout=self._params.answer_s)
        except _FAILURES as exc:
            self._drop()
            return Answer("unknown", _words(exc, letter))
        self._n_sent += 1
        if self._n_sent >= _PER_CONNECTION:
            await self.rest()
        if 200 <= code < 300:
            return Answer("sent")
        return _refusal(code, text, letter)

    async def _introduced(self, letter: Letter) -> aiosmtplib.SMTP:
        """Return a connection that has heard the sender; a stale one is opened anew, once."""
        if self._client is not None:
            try:
                await self._client.mail(letter.sender)
            except (aiosmtplib.SMTPServerDisconnected, OSError):
                self._drop()
            else:
                return self._client
        client = await self._connected()
        await client.mail(letter.sender)
        return client

    async def _connected(self) -> aiosmtplib.SMTP:
        params = self._params
        client = aiosmtplib.SMTP(
            hostname=params.host,
            port=params.port,
            username=params.user or None,
            password=params.password.reveal() or None,
            use_tls=params.tls == "tls",
            start_tls=params.tls == "starttls",
            timeout=params.timeout_s,
        )
        self._client, self._n_sent = client, 0
        await client.connect()
        return client

    async def _reset(self) -> None:
        """Forget a letter that was refused half way, the connection stays."""
        try:
            if self._client is not None:
                await self._client.rset()
        except _FAILURES:
            self._drop()

    def _drop(self) -> None:
        """Break the connection: the other side throws away what was not ended."""
        if self._client is not None:
            transport = self._client.transport
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
            self._client.close()
        self._client = None


async def _drained(protocol: SMTPProtocol) -> Write:
    """Wait until everything written is with the kernel; return what hands it more without delay.

    By looking, because a `StreamWriter`, which could wait, closes its connection when it is collected.
    """
    while True:
        transport = protocol.transport
        if not isinstance(transport, asyncio.WriteTransport) or transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
        if not transport.get_write_buffer_size():
            return transport.write
        await asyncio.sleep(_LOOK_S)


def _refusal(
    code: int, text: str, letter: Letter, of_address: frozenset[int] = frozenset()
) -> Answer:
    """Say what a refusal means: not now, not this mail, or nothing to this address ever.

    Args:
        of_address: codes that speak of the address where the relay gives no enhanced one.
    """
    why = _clean(f"{code} {text}", letter)
    if code == _CLOSING:
        return Answer("postponed", why)
    if 400 <= code < 500:
        return Answer("deferred", why)
    status = status_in(text)
    final = code in of_address if status is None else is_of_address(status)
    return Answer("refused", why, final)


def _words(exc: BaseException, letter: Letter) -> str:
    return _clean(f"{type(exc).__name__}: {exc}", letter)


def _clean(text: str, letter: Letter) -> str:
    """Return the other side's words, for logs: without the address, on one line, not long."""
    return clipped(text.replace(letter.recipient, "<address>"), _LONGEST_WHY)
