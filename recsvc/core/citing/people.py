"""Names as they are spoken, taken apart where a format wants the family's name by itself."""

import re

_PARTICLE = re.compile(r"(?:[a-zà-öø-ÿ']+|Van|Von|De|Della|Du|La|Le|Ter)\Z")
_SUFFIX = re.compile(r", ((?:Jr|Sr|II|III|IV|V|PhD|MD)\.?)\Z")
_OF_BODIES = re.compile(
    r"[\d&/:;,]|(?:^|\s)(?:and|of|for|the|und|et|für|der Wissenschaften)(?:\s|$)", re.I
)


def parts(name: str) -> tuple[str, str, str] | None:
    """Return given names, the family's name and a suffix; None for what is no person's name.

    `Ludwig van Beethoven` is `Ludwig`, `van Beethoven`. One word, or what reads like a body's name, is
    left whole.
    """
    suffix = _SUFFIX.search(name)
    words = (name[: suffix.start()] if suffix else name).split()
    if len(words) < 2 or _OF_BODIES.search(" ".join(words)):
        return None
    at = len(words) - 1
    while at > 1 and _PARTICLE.match(words[at - 1]):
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:]), suffix[1] if suffix else ""
