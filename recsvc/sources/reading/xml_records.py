"""lxml's typed door: the records of an XML file, whole ones even if the file is cut off."""

from collections.abc import Iterator
from typing import Any, cast

from lxml import etree

from recsvc.sources.reading.content import Content
from recsvc.sources.reading.place import Place, Problem


class Element:
    """An XML element, its names without their namespaces."""

    def __init__(self, element: Any) -> None:
        self._element = element

    def attribute(self, name: str) -> str:
        """Return an attribute; empty where there is none."""
        return cast(str, self._element.get(name, ""))

    def all(self, name: str) -> "list[Element]":
        """Return the descendants of a name, in their order."""
        return [Element(found) for found in self._element.iterfind(f".//{{*}}{name}")]

    def first(self, name: str) -> "Element | None":
        """Return the first descendant of a name."""
        found = self._element.find(f".//{{*}}{name}")
        return None if found is None else Element(found)

    def text(self, name: str) -> str:
        """Return the text of the first descendant of a name; empty where there is none."""
        found = self._element.find(f".//{{*}}{name}")
        return "" if found is None else "".join(found.itertext())


def read(content: Content, *names: str) -> Iterator[tuple[Place, Element] | Problem]:
    """Yield the elements of the given names, and what was not understood.

    Entities that a document defines stay unresolved and nothing is fetched: a file from outside
    cannot make us read another one, nor grow without bound.
    """
    number = 0
    line = 1
    with content.binary() as file:
        try:
            for _, element in etree.iterparse(
                file,
                events=("end",),
                tag=[f"{{*}}{name}" for name in names],
                resolve_entities=False,
                load_dtd=False,
                no_network=True,
                huge_tree=False,
            ):
                number += 1
                line = element.sourceline or line
                yield Place(content.file, line, number), Element(element)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        except etree.XMLSyntaxError as exc:
            ends_in_tag = _tail(content).rstrip().endswith(b">")
            detail = _why(exc, number, ends_in_tag)
            yield Problem(content.file, exc.lineno or line, detail, number + 1)


def _tail(content: Content) -> bytes:
    with content.binary() as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 100))
        return file.read()


def _why(exc: Exception, number: int, ends_in_tag: bool) -> str:
    message = str(exc).partition(", line")[0]
    if not ends_in_tag or "Premature end" in message:
        return f"the file ends in the middle of a record; the {number} before it are whole"
    return f"not well-formed XML: {message}; the {number} records before it are whole"
