"""Encodings of old machines: told by a mark, by the file's own word, or by what the bytes look like.

UTF-8 is the rule. UTF-16 says so by its mark, XML in its declaration, JabRef in a comment; who writes a
file anew may leave the latter two, so UTF-8 comes before them. What is none of these may be the Western
encoding of Windows (which holds Latin-1): there an accented letter stands alone among plain ones, while
in the encodings of Chinese, Japanese, Korean or Cyrillic texts such bytes come in rows. Those have to be
named.
"""

import codecs
import re

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ROW = re.compile(rb"[\x80-\xff]{2,}")
_HIGH = re.compile(rb"[\x80-\xff]")
_DECLARED = re.compile(
    rb"\s*(?:<\?xml\b[^>]{0,200}\bencoding\s*=\s*[\"']|%+\s*(?:-\*-\s*)?(?:en)?coding:\s*)([A-Za-z][\w.-]{1,30})",
    re.IGNORECASE,
)
_WESTERN = "cp1252"


def guessed(head: bytes) -> str:
    """Return the encoding of a file that begins with some bytes; `utf-8-sig` where nothing tells."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if _decodes(head, "utf-8") or b"\x00" in head:
        return "utf-8-sig"
    found = _DECLARED.match(head)
    said = "" if found is None else found[1].decode().lower().removeprefix("x-")
    if said and _decodes(head, said):
        return said
    in_rows = sum(len(row) for row in _ROW.findall(head))
    if 5 * in_rows > len(_HIGH.findall(head)):
        return "utf-8-sig"
    try:
        text = head.decode(_WESTERN)
    except UnicodeDecodeError:
        return "utf-8-sig"
    high = [c for c in text if c > "\x7f"]
    letters = sum(c.isalpha() or c in "‘’“”–—…«»·°§±×®©\xa0" for c in high)
    return _WESTERN if 10 * letters >= 9 * len(high) else "utf-8-sig"


def _decodes(head: bytes, encoding: str) -> bool:
    """Return whether bytes are text in an encoding, the last character perhaps cut off."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except (LookupError, ValueError):  # of which an encoding that nobody knows is one, too
        return False
    return True
