"""The formats in which references are given out, by their names."""

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from recsvc.core.citing import bibtex, csl_json, ris
from recsvc.core.citing.reference import Reference

Name = Literal["bibtex", "ris", "csl-json"]


class Format(msgspec.Struct, frozen=True):
    """A format.

    Attributes:
        ending: of files in it.
        render: turns references into a document.
    """

    title: str
    ending: str
    media_type: str
    render: Callable[[Iterable[Reference]], str]


FORMATS: dict[Name, Format] = {
    "bibtex": Format("BibTeX", "bib", bibtex.MEDIA_TYPE, bibtex.render),
    "ris": Format("RIS", "ris", ris.MEDIA_TYPE, ris.render),
    "csl-json": Format("CSL-JSON", "json", csl_json.MEDIA_TYPE, csl_json.render),
}
