"""The folder that takes mails where there is no relay."""

import asyncio
from pathlib import Path

from recsvc.mail.message import Letter
from workers.mail.maildir import Maildir, remove_mails_to


class Wanted:
    async def still_wanted(self) -> bool:
        return True

    def ends_now(self) -> None:
        pass


def letter(n: int, to: str = "reader@example.com") -> Letter:
    content = f"To: {to}\r\nSubject: {n}\r\n\r\nNews for {to}.\r\n".encode()
    return Letter("papers@example.org", to, f"<{n}@example.org>", content)


async def test_many_who_deliver_at_once_keep_the_latest_and_none_fails(tmp_path: Path):
    mails = Maildir(tmp_path)
    for start in range(0, 1_300, 50):
        answers = await asyncio.gather(
            *(mails.deliver(letter(n), Wanted()) for n in range(start, start + 50))
        )
        assert {answer.verdict for answer in answers} == {"sent"}

    kept = list((tmp_path / "new").iterdir())
    assert 1_000 <= len(kept) <= 1_100
    assert any(b"Subject: 1299" in path.read_bytes() for path in kept)


async def test_mails_are_removed_by_their_address_and_no_others(tmp_path: Path):
    mails = Maildir(tmp_path)
    for n, to in enumerate(["ann@example.com", "bea@example.com", "ann@example.com"]):
        await mails.deliver(letter(n, to), Wanted())

    assert remove_mails_to(tmp_path, {"ann@example.com"}) == 2
    assert remove_mails_to(tmp_path, {"ann@example.com"}) == 0
    (left,) = (tmp_path / "new").iterdir()
    assert b"bea@example.com" in left.read_bytes()
