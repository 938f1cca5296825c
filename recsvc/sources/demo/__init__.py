"""The demo: real papers by their bibliographic facts, and readers who do not exist.

Titles, dates, numbers of authors and comments are facts. What is said of a paper was written for this
demo, in words of its own, from the title and what is commonly known; nobody held it against the paper,
and pages say that it is not its abstract. Subjects follow from words. When the demo lists which paper,
who reads and what they upvote is simulated with a fixed seed, and says so in every name.
"""

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import msgspec
import numpy as np

from recsvc.clock import DAY_US, HOUR_US, from_us
from recsvc.core.access.trust import Trust
from recsvc.core.items.item import NewItem, Organisation
from recsvc.core.readers.events import Bringer, Entry, accept, event_of
from recsvc.core.readers.kinds import KINDS
from recsvc.sources.naming.title_ids import id_of_title

ORIGIN = "demo"
SEED = 20

_PREFIX = "simulated-"
_DAYS = 14
_UPVOTES_EACH = 14
_CROWD = 48

_INTERESTS = {
    "diffusion": r"diffusion|image generation|text-to-image|inpaint",
    "video": r"video",
    "attention": r"attention",
    "music": r"music|audio|sound|speech",
    "steering": r"steer",
    "mind": r"theory of mind|minds?\b|social",
    "code": r"\bcode|program",
    "hallucination": r"hallucinat",
    "vision-language": r"vision-language|multimodal|visual",
    "long-context": r"long.context|memory|sparse",
    "agents": r"\bagents?\b|reinforcement",
    "medicine": r"medical|clinical|health|sleep",
}

# What a paper is on, by words of its title or of what is said of it.
_SUBJECTS = {
    "hallucination": r"hallucinat|invent(ed|s)? (objects|details)",
    "theory of mind": r"theory of mind|theory-of-mind|beliefs|perspective",
    "music and speech": r"\bmusic|\baudio|\bspeech|\bsound",
    "video": r"\bvideos?\b",
    "medicine": r"medic|clinical|sleep|X-ray",
    "code": r"\bcode\b|\bprograms?\b|programming|compilers?\b",
    "diffusion models": r"diffusion|text-to-image|flow models",
    "image generation": r"image (generation|generators|synthesis|composition|inpainting)|try-on",
    "robots": r"robot|embodied|parking|driving|manipulation",
    "reinforcement learning": r"reinforcement learning|imitation|policies|self-play",
    "agents": r"\bagents?\b",
    "long context": r"long.contexts?|long (texts?|inputs?|sequences?)|cache",
    "interpretability": r"interpret|explain|explanation|circuits?\b|mechanism|prob(ing|es)\b",
    "prompting": r"prompt|in-context|demonstrations?\b|instructions?\b",
    "reasoning": r"reason|chain.of.thought|\bthinking\b|step by step",
    "alignment": r"aligned|alignment|safety|harm|sycophan|toxic|backdoor|human feedback|self-correct",
    "vision-language models": r"vision-language|multi-?modal|visual question",
    "vision": r"\bvision\b|\bimages?\b|visual|\bgaze\b|convolution",
    "brain and mind": r"\bbrain|neuro|\bmemory\b|conscious|cognitive|psycholog",
    "search and recommendation": r"search engine|recommend|retrieval|retriever|\bqueries\b",
    "efficiency": r"efficien|cheap|faster|compress|prun|quantiz|linear time|less memory",
    "representation learning": r"representations?\b|self-supervis|contrastive",
    "attention": r"attention",
    "language models": r"language models?\b|\bLLMs?\b",
    "learning theory": r"prove|bounds?\b|theory|expressive power",
    "data": r"data set|benchmark|annotat",
}
_SUBJECTS_EACH = 3


class _Paper(msgspec.Struct, frozen=True):
    title: str
    text: str
    date: str | None = None
    authors: int | None = None
    organisation: Organisation | None = None
    comments: int = 0


def papers(now_us: int) -> list[NewItem]:
    """Return the papers, listed over the last two weeks, today included."""
    raw = (files("recsvc.sources.demo") / "papers.jsonl").read_bytes()
    found = msgspec.json.Decoder(_Paper).decode_lines(raw)
    order = np.random.default_rng(SEED).permutation(len(found))
    today = from_us(now_us).replace(hour=0, minute=0, second=0, microsecond=0)
    items = []
    for place, i in enumerate(order.tolist()):
        paper = found[i]
        day = today - timedelta(days=place % _DAYS)
        items.append(
            NewItem(
                id=id_of_title(paper.title),
                title=paper.title,
                text=paper.text,
                topics=_subjects(paper),
                n_authors=paper.authors,
                organisation=paper.organisation,
                comments=paper.comments,
                published_at=_midnight(paper.date),
                # Soon after midnight those of today are listed by now, too.
                listed_at=min(day + timedelta(minutes=place // _DAYS), from_us(now_us)),
            )
        )
    return items


def readers() -> list[str]:
    """Return the simulated readers that a visitor may look over the shoulder of."""
    return [f"{_PREFIX}{interest}-reader" for interest in _INTERESTS]


def is_simulated(user: str) -> bool:
    """Return whether a reader is one of the demo's."""
    return user.startswith(_PREFIX)


def everybody() -> list[str]:
    """Return every simulated reader, the nameless crowd included."""
    return readers() + [f"{_PREFIX}crowd-{n + 1}" for n in range(_CROWD)]


def events(items: list[NewItem], now_us: int) -> list[Entry]:
    """Return what the simulated readers did: upvotes by interest, a few by chance, in two weeks."""
    rng = np.random.default_rng(SEED)
    interests = list(_INTERESTS)
    out = []
    for n, user in enumerate(everybody()):
        pattern = re.compile(_INTERESTS[interests[n % len(interests)]], re.IGNORECASE)
        liked = [item for item in items if pattern.search(item.title)]
        share = _UPVOTES_EACH if n < len(interests) else int(rng.integers(3, 10))
        chosen = [liked[i] for i in rng.permutation(len(liked))[:share].tolist()]
        chosen += [items[int(i)] for i in rng.integers(0, len(items), 2)]
        for item in {item.id: item for item in chosen}.values():
            assert item.listed_at is not None
            listed_us = int(item.listed_at.timestamp() * 1e6)
            at_us = min(listed_us + int(rng.exponential(30) * HOUR_US), now_us - HOUR_US)
            out.append(_event(user, item.id, "upvote", max(at_us, now_us - _DAYS * DAY_US), now_us))
    return out


def _subjects(paper: _Paper) -> tuple[str, ...]:
    """Return what a paper is on, at most so many, those that its title names first."""
    in_title, in_text = (
        [name for name, words in _SUBJECTS.items() if re.search(words, where, re.IGNORECASE)]
        for where in (paper.title, paper.text)
    )
    return tuple(dict.fromkeys(in_title + in_text))[:_SUBJECTS_EACH]


def _event(user: str, item: str, kind: str, at_us: int, now_us: int) -> Entry:
    event_id = f"{ORIGIN}-{kind}-{item}"[:256]
    fields = {"user": user, "item": item, "kind": kind, "at": from_us(at_us), "event_id": event_id}
    return accept(event_of(fields), None, KINDS, now_us, Bringer(ORIGIN, Trust.PAGE))


def _midnight(day: str | None) -> datetime | None:
    return None if day is None else datetime.fromisoformat(day).replace(tzinfo=UTC)
