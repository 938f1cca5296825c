"""Messages: a rendered mail as bytes for the wire, headers included.

The header block is written here and not by `EmailMessage`, because no width is right for all of it on
any Python. Folded at 78 columns, a List-Unsubscribe of 78 characters or more is taken apart into
encoded-words (RFC 2047), which are no address any more, and one-click is gone (python/cpython#85725).
Folded at 998, addresses stay whole, but a long Subject becomes one encoded-word of more than the 75
characters of RFC 2047, section 2, and quoted-printable lines exceed the 76 of RFC 2045, section 6.7. And
at any width a title that contains something like an encoded-word is decoded behind our back. So: fields
that hold addresses are never folded, text is encoded by `email.header`, and bodies keep to 76.
"""

from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec

from recsvc.mail.params import DigestParams
from recsvc.mail.rendering import Rendered
from recsvc.mail.wording import one_line

_LONGEST_LINE = 998  # RFC 5322, section 2.1.1
_BODY = SMTP.clone(max_line_length=76)
_SPECIALS = set('()<>[]:;@\\,."')  # RFC 5322, section 3.2.3


class Letter(msgspec.Struct, frozen=True):
    """A message and where it goes.

    Attributes:
        sender: of the envelope: where bounces go.
        content: the message, every line ending in CRLF.
    """

    sender: str
    recipient: str
    message_id: str
    content: bytes


class Heading(msgspec.Struct, frozen=True):
    """What a message's header block needs to know.

    Attributes:
        unsubscribe: of mails of the list; None for a mail that asks for confirmation.
        return_path: where bounces go; None for the address it is sent from.
    """

    recipient: str
    message_id: str
    sent_at: datetime
    unsubscribe: str | None = None
    return_path: str | None = None


def letter(params: DigestParams, heading: Heading, rendered: Rendered) -> Letter:
    """Return a rendered mail, ready to be handed to a relay."""
    fields = {
        "Date": format_datetime(heading.sent_at),
        "From": f"{phrase(params.title)} <{params.sender}>",
        "To": heading.recipient,
        "Message-ID": heading.message_id,
        "Subject": encoded(rendered.subject, "Subject"),
        "Auto-Submitted": "auto-generated",
    }
    if heading.unsubscribe is not None:
        fields |= {
            "List-Id": f"{phrase(params.title)} <{params.list_id}>",
            "List-Unsubscribe": f"<{heading.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
        }
    head = b"".join(_field(name, value) for name, value in fields.items())
    content = head + _alternatives(rendered)
    sender = heading.return_path or params.sender
    return Letter(sender, heading.recipient, heading.message_id, content)


def encoded(text: str, name: str = "") -> str:
    """Return text as it stands in a header, folded with CRLF where it is long."""
    line = one_line(text)
    charset = "us-ascii" if line.isascii() and "=?" not in line else "utf-8"
    header = Header(line, charset, maxlinelen=76, header_name=name or None)
    return header.encode(linesep="\r\n")


def phrase(text: str) -> str:
    """Return text as it stands before an address in angle brackets."""
    line = one_line(text)
    if not line.isascii() or "=?" in line:
        return encoded(line, "List-Id")
    if _SPECIALS.isdisjoint(line):
        return line
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _field(name: str, value: str) -> bytes:
    """Return a field of the header block.

    Nothing from outside gets here unencoded; were it otherwise, it must not become a header.
    """
    lines = f"{name}: {value}".split("\r\n ")
    assert all(line.isascii() and line.isprintable() for line in lines), f"{name} is not clean"
    assert all(len(line) <= _LONGEST_LINE for line in lines), f"{name} is too long for a line"
    return f"{name}: {value}\r\n".encode("ascii")


def _shorter(text: str) -> str:
    """Return the encoding in which a text is shorter: scripts of three bytes a character in base64."""
    raw = text.encode()
    n_quoted = 3 * sum(byte > 127 for byte in raw) + sum(byte < 128 for byte in raw)
    return "base64" if n_quoted > len(raw) * 4 / 3 else "quoted-printable"


def _alternatives(rendered: Rendered) -> bytes:
    """Return the rest of the message: its structure, text first, the preferred HTML last."""
    message = EmailMessage(policy=_BODY)
    message.set_content(rendered.text, cte=_shorter(rendered.text))
    message.add_alternative(rendered.html, subtype="html", cte=_shorter(rendered.html))
    return message.as_bytes()
