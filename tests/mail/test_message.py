"""The wire bytes, read back by the stdlib parser."""

import re
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.errors import SettingsError
from recsvc.mail.message import encoded, phrase
from recsvc.mail.wording import one_line
from recsvc.settings import from_environment
from tests.mail.mails import NOON, digest, links, mail, paper, subscription

HOSTILE = 'Ask <EOS> & "co"\r\nBcc: victim@example.net\r\n\r\n<script>alert(1)</script>'


@pytest.mark.parametrize("length", [60, 77, 78, 79, 120, 200, 300, 850])
def test_an_unsubscribe_address_of_any_length_is_whole_on_the_wire(length: int):
    short = len(links(public_url="https://a.example").unsubscribe(subscription().id))
    url = "https://a.example" + "/" * (length > short) + "x" * (length - short - 1)
    expected = links(public_url=url).unsubscribe(subscription().id)

    received = mail(digest(paper("A title")), public_url=url)

    assert len(expected) >= min(length, short)
    assert f"\r\nList-Unsubscribe: <{expected}>\r\n".encode() in received.wire
    assert received.message["List-Unsubscribe"] == f"<{expected}>"


def test_an_unsubscribe_address_of_120_characters_is_whole_on_the_wire():
    own = len(links(public_url="").unsubscribe(subscription().id))
    url = "https://papers.example.org/".ljust(120 - own, "x")
    expected = links(public_url=url).unsubscribe(subscription().id)
    assert len(expected) == 120

    received = mail(digest(paper("A title")), public_url=url)

    assert f"\r\nList-Unsubscribe: <{expected}>\r\n".encode() in received.wire
    assert received.message["List-Unsubscribe"] == f"<{expected}>"


def test_the_headers_of_a_list():
    received = mail(digest(paper("A title")))
    message = received.message

    assert message["From"] == "Daily Papers <papers@example.org>"
    assert message["To"] == "reader@example.com"
    assert message["Subject"] == "A title"
    assert message["List-Id"] == "Daily Papers <daily.papers.example.org>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["Date"].datetime == NOON
    assert re.fullmatch(r"<[A-Za-z0-9_.-]+@example\.org>", message["Message-ID"])
    assert message.get_content_type() == "multipart/alternative"
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


def test_the_same_mail_has_the_same_id_and_another_day_another():
    first, again = mail(digest(paper("A"))), mail(digest(paper("B")))

    assert first.message["Message-ID"] == again.message["Message-ID"]
    assert links().message_id("d:x", "2026-03-29") != links().message_id("d:x", "2026-03-30")


@pytest.mark.parametrize("character", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x85", "\u2028"])
def test_a_title_with_line_breaks_makes_no_header(character: str):
    received = mail(digest(paper(f"Nice{character}Bcc: victim@example.net{character}{character}x")))

    assert received.message["Bcc"] is None
    assert received.message["Subject"].startswith("Nice")
    assert b"\r\nBcc:" not in received.wire
    assert not received.message.defects


def test_a_hostile_title_is_text_and_nothing_else():
    received = mail(digest(paper(HOSTILE, text=HOSTILE)))

    assert received.message["Subject"].startswith('Ask <EOS> & "co" Bcc: victim@example.net')
    assert "<script" not in received.html
    assert "&lt;EOS&gt; &amp; &#34;co&#34;" in received.html or (
        '&lt;EOS&gt; &amp; "co"' in received.html
    )
    assert '1. Ask <EOS> & "co" Bcc: victim@example.net' in " ".join(received.text.split())
    assert received.message["Bcc"] is None


@pytest.mark.parametrize(
    "title",
    [
        "Étude cognitive des connaissances médicales",
        "注意力就是你所需要的一切",
        "Σ ∫ 🧠 — “quotes”",
        "=?utf-8?q?not_encoded?= by us",
        "日本語 " * 20,
        "x" * 200,
    ],
)
def test_subjects_are_read_back_as_they_were(title: str):
    received = mail(digest(paper(title)))

    subject = received.message["Subject"]
    whole = one_line(title)
    assert subject == whole or (subject.endswith("…") and whole.startswith(subject[:-1]))
    assert all(len(line) <= 78 or b"=?" not in line for line in received.wire.split(b"\r\n"))


@given(st.text(min_size=1, max_size=200))
def test_any_text_is_read_back_from_a_header(text: str):
    header = encoded(text, "Subject")

    lines = f"Subject: {header}".split("\r\n")
    assert all(line.isascii() for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    assert all(len(word) <= 75 for word in re.findall(r"=\?\S+\?=", header))
    unfolded = header.replace("\r\n", "")
    assert str(make_header(decode_header(unfolded))) == one_line(text)


@pytest.mark.parametrize("title", ["Daily Papers", 'The "best", of all', "Tägliche Aufsätze"])
def test_the_name_of_the_list_is_read_back(title: str):
    received = mail(digest(paper("A title")), own_title=title)

    (sender,) = received.message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (title, "papers@example.org")
    assert phrase(title).isascii()


def test_bodies_keep_to_short_lines_and_end_in_crlf():
    received = mail(digest(*[paper(f"Paper {n}", text="ä" * 900) for n in range(10)]))

    _, _, bodies = received.wire.partition(b"\r\n\r\n")
    assert max(map(len, bodies.split(b"\r\n"))) <= 76
    assert b"\n" not in received.wire.replace(b"\r\n", b"")
    assert received.wire.isascii()


@pytest.mark.parametrize(
    "changes",
    [
        {"digest_title": "two\nlines"},
        {"site_name": ""},
        {"site_name": "two\nlines"},
        {"digest_title": "x" * 61},
        {"mail_from": "nobody"},
        {"mail_from": "a@b\r\nBcc: x@y.z"},
        {"public_url": "javascript:alert(1)"},
        {"public_url": "https://a.example/\r\nX: y"},
        {"public_url": "https://" + "x" * 900},
        {"item_url": "javascript:alert(1)//{id}"},
    ],
)
def test_settings_that_would_break_headers_stop_the_start(changes: dict):
    (name,) = changes
    with pytest.raises(SettingsError, match=f"^RECSVC_{name.upper()}: "):
        from_environment({}, **changes)
