"""The mails of a running service that has no relay, and a hand on its clock."""

import re
import time
from collections import Counter
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import redis

from recsvc.store.bundled import socket_url
from tests.service import Service, wait_until


class Outbox:
    """Reads what a service wrote instead of sending it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._folder = service.folder / "outbox" / "new"

    def to(self, address: str) -> list[EmailMessage]:
        """Mails to an address, the oldest first."""
        paths = sorted(self._folder.glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)
        found = [message_from_bytes(p.read_bytes(), policy=default) for p in paths]
        return [m for m in found if m["To"] == address]

    def addresses(self) -> Counter[str]:
        """How many mails went to each address."""
        found = (p.read_bytes() for p in self._folder.glob("*.eml"))
        return Counter(message_from_bytes(raw, policy=default)["To"] for raw in found)

    def next_to(self, address: str, n: int = 1) -> EmailMessage:
        """Wait for the nth mail to an address."""
        found = wait_until(lambda: self.to(address)[n - 1 :], f"mail {n} to {address}", 20)
        return found[0]

    def make_due(self) -> None:
        """Let every subscriber's next mail be due now."""
        with redis.Redis.from_url(socket_url(self.service.folder)) as client:
            for job in client.zrange("rs:{site}:mail:due", 0, -1):
                if job.startswith(b"d:"):
                    client.zadd("rs:{site}:mail:due", {job: time.time_ns() // 1000})
                    client.hdel(f"rs:{{site}}:mail:job:{job.decode()}", "done")

    def keys(self, pattern: str) -> set[str]:
        with redis.Redis.from_url(socket_url(self.service.folder)) as client:
            return {key.decode() for key in client.scan_iter(pattern)}

    def subscriptions(self) -> dict[str, bytes]:
        """What is stored of every subscription."""
        with redis.Redis.from_url(socket_url(self.service.folder)) as client:
            return {k.decode(): v for k, v in client.hgetall("rs:{site}:mail:subs").items()}


def addresses_in(mail: EmailMessage) -> list[str]:
    """Every address in either form of a mail, as a scanner finds them."""
    found: list[str] = []
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            found += re.findall(r"https?://[^\s\"'<>]+", part.get_content().replace("&amp;", "&"))
    found += re.findall(r"<(https?://[^>]+)>", mail.get("List-Unsubscribe", ""))
    return list(dict.fromkeys(found))


def address_in(mail: EmailMessage, page: str) -> str:
    """The first address that leads to a page."""
    return next(a for a in addresses_in(mail) if f"/{page}" in a)
