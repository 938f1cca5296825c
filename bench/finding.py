"""`python -m bench.finding`: whether search finds what people type, on queries made of the catalogue.

Three hundred queries of six kinds, each with its right answers: ids and DOIs in the forms in which they
are pasted, names in full, as initials and without accents, whole titles, terms with and without hyphens;
and saved searches, whose every entry must hold a word of the query. A paper's own words say what is
right, so any folder of papers will do: `--papers` takes files that `recsvc import` reads.
"""

import argparse
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from urllib.parse import quote

import msgspec
from rich.console import Console
from rich.table import Table

from recsvc.core.items.item import NewItem
from recsvc.core.text.terms import searchable, terms
from recsvc.live.search.words import Analysis
from recsvc.sources.formats import recognised
from recsvc.sources.records import Options
from tests.service import Service, wait_until

_PER_KIND = 50
_ALERTS = 50


class Query(msgspec.Struct, frozen=True):
    """What is typed, and what of the catalogue is a right answer.

    Attributes:
        within: among how many first results one of them has to be.
    """

    kind: str
    text: str
    right: frozenset[str]
    within: int


class Kind(msgspec.Struct, frozen=True):
    """A kind of queries.

    Attributes:
        goal: share of its queries that find what they mean.
    """

    name: str
    goal: float
    within: int
    make: Callable[[NewItem, list[NewItem], Random], tuple[str, set[str]] | None]


def queries(papers: list[NewItem], per_kind: int, seed: int = 5) -> Iterator[Query]:
    """Yield queries made of random papers, as many of each kind as there are papers for it."""
    for kind in KINDS:
        rng = Random(f"{seed} {kind.name}")
        made: dict[str, set[str]] = {}
        for paper in rng.sample(papers, len(papers)):
            if len(made) == per_kind:
                break
            found = kind.make(paper, papers, rng)
            if found is not None:
                made.setdefault(*found)
        for text, right in made.items():
            yield Query(kind.name, text, frozenset(right), kind.within)


def _arxiv(paper: NewItem, _: list[NewItem], rng: Random) -> tuple[str, set[str]] | None:
    known = paper.extra.get("arxiv_id")
    if not known:
        return None
    forms = ("{}", "arXiv:{}v2", "https://arxiv.org/abs/{}", "arxiv.org/pdf/{}v1", "ARXIV {}")
    return rng.choice(forms).format(known), {paper.id}


def _doi(paper: NewItem, _: list[NewItem], rng: Random) -> tuple[str, set[str]] | None:
    known = paper.extra.get("doi")
    if not known:
        return None
    forms = ("{}", "doi:{}", "https://doi.org/{}", "DOI: {}", "http://dx.doi.org/{}")
    return rng.choice(forms).format(known), {paper.id}


def _name(paper: NewItem, papers: list[NewItem], rng: Random) -> tuple[str, set[str]] | None:
    """Return a name as it may be typed; right is who else is called so, by initials too."""
    if not paper.authors:
        return None
    name = rng.choice(paper.authors)
    words = name.split()
    if not 1 < len(words) <= 5 or any(len(word) == 1 for word in words[-1:]):
        return None
    *given, family = words
    initials = " ".join(f"{word[0]}." for word in given)
    forms = (
        name,
        f"{family}, {' '.join(given)}",
        f"{initials} {family}",
        f"{family} {initials}",
        _bare(name),
    )
    return rng.choice(forms), {p.id for p in papers if any(_same(a, name) for a in p.authors)}


def _same(one: str, other: str) -> bool:
    """Return whether two names have one family's name and one first initial."""
    a, b = _bare(one).split(), _bare(other).split()
    return bool(a and b) and (a[-1], a[0][0]) == (b[-1], b[0][0])


def _bare(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain if not unicodedata.combining(c)).lower()


def _title(paper: NewItem, papers: list[NewItem], _: Random) -> tuple[str, set[str]]:
    return paper.title, {p.id for p in papers if p.title.casefold() == paper.title.casefold()}


def _term(paper: NewItem, papers: list[NewItem], rng: Random) -> tuple[str, set[str]] | None:
    """Return a hyphened term of few titles, joined or apart."""
    found = re.findall(r"\b[A-Za-z]{2,}-\d[\w.]*\b|\b[A-Za-z]{3,}-[A-Za-z]{3,}\b", paper.title)
    if not found:
        return None
    term = rng.choice(found)
    plain = term.replace("-", "").casefold()
    joined = (re.sub(r"[-\s]", "", f"{p.title} {p.text}").casefold() for p in papers)
    right = {p.id for p, text in zip(papers, joined, strict=True) if plain in text}
    return rng.choice((term, term.replace("-", ""), term.replace("-", " "))), right


def _words(paper: NewItem, papers: list[NewItem], rng: Random) -> tuple[str, set[str]] | None:
    """Return three telling words of a title, in any order; right is whoever has all of them."""
    words = list(dict.fromkeys(re.findall(r"(?<![\w-])[A-Za-z]{5,}(?![\w-])", paper.title)))
    known = [word for word in words if any(terms(word))]
    if len(known) < 3:
        return None
    chosen = rng.sample(known, 3)
    meant = {term for word in chosen for term in terms(word)}
    right = {p.id for p in papers if meant <= set(terms(f"{p.title} {p.text}"))}
    return " ".join(chosen), right


KINDS = [
    Kind("arXiv ids", 1.0, 1, _arxiv),
    Kind("DOIs", 1.0, 1, _doi),
    Kind("names", 0.95, 5, _name),
    Kind("own titles", 0.995, 1, _title),
    Kind("terms with hyphens", 0.95, 5, _term),
    Kind("three words of a title", 0.95, 1, _words),
]


def papers_in(paths: list[Path]) -> list[NewItem]:
    """Return what files hold, each id once."""
    found: dict[str, NewItem] = {}
    for path in paths:
        for source, content in recognised(path, Options(year=2025)):
            records = source.read(content, Options(year=2025))
            found |= {r.id: r for r in records if isinstance(r, NewItem)}
    return list(found.values())


def judged(service: Service, asked: list[Query]) -> dict[str, list[Query]]:
    """Return the queries of each kind that did not find what they mean."""
    missed: dict[str, list[Query]] = {kind.name: [] for kind in KINDS}
    for query in asked:
        found = service.ids("/v1/search", q=query.text, limit=query.within)
        if not query.right & set(found):
            missed[query.kind].append(query)
    return missed


def strays(service: Service, words: list[str]) -> tuple[int, list[str]]:
    """Return how many entries saved searches have, and which of them hold no word of the query."""
    n, astray, stems = 0, [], Analysis().stemming.analyze
    for word in words:
        feed = service.http.get(f"/feeds/search.json?q={quote(word)}").json()
        for entry in feed["items"]:
            n += 1
            names = [author["name"] for author in entry.get("authors", [])]
            said = [entry["title"], entry["content_text"], *names, *entry.get("tags", [])]
            if not set(stems(searchable(word))) & set(stems(searchable("\n".join(said)))):
                astray.append(f"{word}: {entry['id']}")
    return n, astray


def main() -> None:
    """Make the queries, ask a service, print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--papers", type=Path, nargs="+", required=True)
    parser.add_argument("--per-kind", type=int, default=_PER_KIND)
    given = parser.parse_args()
    papers = papers_in(given.papers)
    asked = list(queries(papers, given.per_kind))
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data").start()
        try:
            for start in range(0, len(papers), 500):
                service.put_all(msgspec.to_builtins(papers[start : start + 500]))
            wait_until(lambda: service.get("/v1/stats")["items"] >= len(papers), "all listed", 120)
            missed = judged(service, asked)
            words = [query.text.split()[0] for query in asked if query.kind == KINDS[-1].name]
            n, astray = strays(service, words[:_ALERTS])
        finally:
            service.stop()
    Console().print(_table(papers, asked, missed, (n, astray)))


def _table(
    papers: list[NewItem],
    asked: list[Query],
    missed: dict[str, list[Query]],
    alerts: tuple[int, list[str]],
) -> Table:
    table = Table(title=f"{len(papers):,} papers, {len(asked)} queries")
    for column in ("kind", "queries", "found", "goal", "not found, e.g."):
        table.add_column(column)
    for kind in KINDS:
        n = sum(query.kind == kind.name for query in asked)
        wrong = missed[kind.name]
        share = f"{1 - len(wrong) / n:.1%} in {kind.within}" if n else "-"
        examples = "; ".join(query.text for query in wrong[:3])
        table.add_row(kind.name, str(n), share, f"{kind.goal:.1%}", examples)
    n, astray = alerts
    held = f"{1 - len(astray) / max(n, 1):.1%}"
    table.add_row("entries of alerts", str(n), held, "100.0%", "; ".join(astray[:3]))
    return table


if __name__ == "__main__":
    main()
