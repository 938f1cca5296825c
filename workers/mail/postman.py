"""A postman: takes one job at a time from its claim to what became of it."""

import random
from collections.abc import Callable

import structlog

from recsvc.clock import HOUR_S, SECOND_US
from recsvc.core.mail.subscription import forgiven, with_strike
from recsvc.errors import RecsvcError
from recsvc.store.mail.deliveries import Claim, Deliveries, Outcome
from recsvc.store.mail.subscriptions import Subscriptions
from workers.mail.journal import Slot
from workers.mail.mails import Mail, Mails, Nothing
from workers.mail.relay import Answer, Relay

log = structlog.get_logger()

_FIRST_DEFER_S = 300
_LONGEST_DEFER_S = 4 * HOUR_S


class _LastCheck:
    """Asks the store, and tells the journal."""

    def __init__(self, deliveries: Deliveries, claim: Claim, mail: Mail, slot: Slot) -> None:
        self._deliveries = deliveries
        self._claim = claim
        self._mail = mail
        self._slot = slot

    async def still_wanted(self) -> bool:
        """Return whether the letter is still wanted, and note that its end is about to be sent."""
        return await self._deliveries.hand_over(self._claim, self._mail.day, self._mail.items)

    def ends_now(self) -> None:
        """Note that the very next thing to happen is the sending of the end."""
        self._slot.ending()


class Postman:
    """Has a connection and a slot of the journal to itself."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        deliveries: Deliveries,
        mails: Mails,
        relay: Relay,
        slot: Slot,
        lease_s: float,
        clock: Callable[[], int],
    ) -> None:
        self._subscriptions = subscriptions
        self._deliveries = deliveries
        self._mails = mails
        self._relay = relay
        self._slot = slot
        self._lease_s = lease_s
        self._clock = clock

    async def do(self, job: str) -> Outcome | None:
        """Do a job; return what it came to, None when somebody else was faster."""
        claim = await self._deliveries.claim(job, self._clock(), self._lease_s)
        if claim is None:
            return None
        self._slot.take(claim.job, claim.token)
        try:
            made = await self._made(claim)
            if isinstance(made, Mail):
                made = await self._sent(claim, made)
            elif made.outcome == "unknown":
                log.warning("mail_unknown", job=claim.job, why="its worker died handing it over")
            await self._settle(claim, made)
        finally:
            self._slot.free()
        return made.outcome

    async def _made(self, claim: Claim) -> Mail | Nothing:
        """Return the letter of a job; one that cannot be made is tried again, and then set aside."""
        try:
            return await self._mails.make(claim, self._clock())
        except RecsvcError:
            raise
        except Exception:
            # One bad letter must stop neither the others nor those of tomorrow.
            log.exception("mail_failed", job=claim.job, tries=claim.tries + 1)
            return await self._mails.after_failure(claim, self._clock())

    async def rest(self) -> None:
        """Close what need not stay open while there is nothing to do."""
        await self._relay.rest()

    async def _sent(self, claim: Claim, mail: Mail) -> Nothing:
        """Send a letter; return what it came to."""
        check = _LastCheck(self._deliveries, claim, mail, self._slot)
        answer = await self._relay.deliver(mail.letter, check)
        match answer.verdict:
            case "sent":
                if mail.strikes:
                    await self._forgive(claim)
                return Nothing("sent", mail.again_us, mail.day)
            case "unknown":
                log.warning("mail_unknown", job=claim.job, why=answer.why)
                return Nothing("unknown", mail.again_us, mail.day)
            case "withdrawn":
                return Nothing("withdrawn")
            case "refused":
                await self._strike(claim, answer)
                return Nothing("refused", mail.again_us, mail.day)
            case "postponed":
                log.warning("relay_takes_nothing", why=answer.why)
                return Nothing("postponed", self._clock())
            case "deferred":
                log.info("mail_deferred", job=claim.job, why=answer.why, tries=claim.tries + 1)
                return Nothing("deferred", self._clock() + _defer_us(claim.tries))

    async def _settle(self, claim: Claim, made: Nothing) -> None:
        now = self._clock()
        await self._deliveries.settle(claim, made.outcome, made.again_us, made.day, now)

    async def _strike(self, claim: Claim, answer: Answer) -> None:
        """Count a refusal; the address is not written to any more if it was the address's fault."""
        log.warning("mail_refused", job=claim.job, why=answer.why, of_address=answer.final)
        kind, _, name = claim.job.partition(":")
        if kind == "d":
            now = self._clock()
            await self._subscriptions.change(
                name, lambda s: with_strike(s, answer.why, now, answer.final)
            )

    async def _forgive(self, claim: Claim) -> None:
        """Forget earlier refusals: what counts is three in a row."""
        name = claim.job.partition(":")[2]
        await self._subscriptions.change(name, forgiven)


def _defer_us(tries: int) -> int:
    """Return the time until the next try: twice as long each time, spread by a fifth."""
    seconds = min(_FIRST_DEFER_S * 2**tries, _LONGEST_DEFER_S)
    return int(seconds * random.uniform(0.9, 1.1) * SECOND_US)
