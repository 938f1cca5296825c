"""Letters: one item never costs a mail, and the link to leave is always in what is shown."""

from email import message_from_bytes
from email.policy import default

import msgspec
import pytest

from recsvc.core.items.item import ItemView
from recsvc.mail.letters import MAX_BYTES, Letters
from recsvc.mail.links import Links
from recsvc.mail.params import check_return_path
from tests.mail.mails import NOON_US, SIGNATURES, digest, paper, params, subscription

# No text does that to its renderer; a field of another kind than promised stands for what may.
UNWRITABLE = msgspec.structs.replace(paper(""), title=None)


def letters(**changes: object) -> Letters:
    return Letters(
        Links(SIGNATURES, params(**changes), "https://papers.example.org"), params(**changes)
    )


@pytest.mark.parametrize(
    "poison",
    [
        paper("A paper", text=r"Our code is at $\href{https://x.example/r}{here}$."),
        paper(r"$\sqrt$ and \colorbox and \input{/etc/hostname}"),
        paper("{" * 500 + "$" * 500),
        paper("<b>unclosed", text="<<<&&&" * 20_000),
    ],
)
def test_no_text_keeps_a_paper_out_of_a_mail(poison: ItemView):
    written = letters().digest(subscription(), digest(paper("One"), poison, paper("Two")), NOON_US)

    assert written.letter is not None
    assert written.left_out == {}
    assert [entry.id for entry in written.digest.entries] == ["paper/0", "paper/1", "paper/2"]


def test_an_item_that_cannot_be_written_is_left_out_and_named():
    made = digest(paper("One"), UNWRITABLE, paper("Two"))

    written = letters().digest(subscription(), made, NOON_US)

    assert written.letter is not None
    assert list(written.left_out) == ["paper/1"]
    assert "TypeError" in written.left_out["paper/1"]
    assert [entry.id for entry in written.digest.entries] == ["paper/0", "paper/2"]
    assert b"Two" in written.letter.content


def test_a_mail_of_which_nothing_can_be_written_is_none():
    written = letters().digest(subscription(), digest(UNWRITABLE), NOON_US)

    assert (written.letter, list(written.left_out)) == (None, ["paper/0"])


def test_a_long_mail_is_cut_at_an_entry_and_keeps_its_last_lines():
    long = paper("題" * 300, text="内容のある文章。" * 100, topics=["話題" * 40] * 4)
    made = digest(*[long] * 50)

    written = letters(n_items=50).digest(subscription(), made, NOON_US)

    assert written.letter is not None
    assert len(written.letter.content) <= MAX_BYTES
    assert 5 < len(written.digest.entries) < 50
    message = message_from_bytes(written.letter.content, policy=default)
    for part in message.iter_parts():
        assert "/unsubscribe?token=" in part.get_content()


def test_each_subscriber_has_a_return_path_that_only_we_can_make():
    changes = {"return_path": "bounces+{token}@example.org"}
    letter = letters(**changes).digest(subscription(), digest(paper("One")), NOON_US).letter
    links = Links(SIGNATURES, params(**changes), "https://papers.example.org")

    assert letter is not None
    local, _, domain = letter.sender.partition("@")
    assert (len(local) <= 64, local == local.lower(), domain) == (True, True, "example.org")
    assert links.read_return_path(f"To: <{letter.sender.upper()}>") == subscription().id
    forged = letter.sender.replace(local[-1] + "@", ("a" if local[-1] != "a" else "b") + "@")
    assert links.read_return_path(f"To: {forged}") is None
    confusable = letter.sender.replace("s", "\u017f").replace("k", "\u212a")
    assert links.read_return_path(f"To: {confusable}") is None, "letters that only fold into ours"


@pytest.mark.parametrize(
    "wrong", ["bounces@example.org", "{token}", "a b+{token}@x.org", "x" * 20 + "{token}@x.org"]
)
def test_a_return_path_that_cannot_be_is_refused(wrong: str):
    with pytest.raises(ValueError, match="not of the form"):
        check_return_path(wrong)
