"""Which list a name stands for, and what it is called."""

from typing import cast, get_args

import msgspec

from recsvc.api.http.list_parameters import EntriesAsked, FileAsked
from recsvc.api.services import Services
from recsvc.core.choices import PeriodKind
from recsvc.errors import InvalidError, NotFoundError
from recsvc.lists.searched import Manner
from recsvc.lists.shapes import Answer

# What only one of the lists can be asked for.
_OWN = {"window": "trending", "item": "similar", "q": "search"}
_PERIODS = get_args(PeriodKind)


class Titled(msgspec.Struct, frozen=True):
    """A list and its title.

    Attributes:
        listed: None where nothing was ever listed.
        is_private: whether it is one reader's own.
    """

    title: str
    listed: Answer | None
    is_private: bool = False


async def named_list(services: Services, name: str, asked: FileAsked) -> Titled:
    """Return a list by its name.

    Raises:
        InvalidError: when it lacks what it needs, or is asked for what only another one takes.
        NotFoundError: when there is none of that name.
    """
    _refuse_others(name, asked)
    page, lists = asked.page(), services.lists
    if name == "trending":
        window = asked.window or "week"
        title = "Trending" if window == "week" else f"Trending ({window})"
        return Titled(title, await lists.boards.trending(window, page))
    if name == "new":
        return Titled("New", await lists.boards.new(page))
    if name == "similar":
        item = _given(asked.item, "item")
        return Titled(f"Similar to {item}", await lists.similar.similar([item], [], page))
    if name == "search":
        q = _given(asked.q, "q")
        # Latest first: a reader shows what is new, not what fits best.
        return Titled(f"Search: {q}", await lists.search.search(q, page, Manner(sort="new")))
    latest = lists.periods.latest(_period_kind(name), page)
    if latest is None:
        return Titled(f"The latest {name}", None)
    return await period(services, name, latest, asked)


async def period(services: Services, kind: str, name: str, asked: EntriesAsked) -> Titled:
    """Return what was listed in a period.

    Raises:
        InvalidError: when there is no period of that name.
        NotFoundError: when there is no such kind of period.
    """
    found = await services.lists.periods.listed(_period_kind(kind), name, asked.page())
    return Titled(f"Listed {name}", found)


def _period_kind(name: str) -> PeriodKind:
    if name not in _PERIODS:
        raise NotFoundError(f"there is no list {name!r}")
    return cast(PeriodKind, name)


def _refuse_others(name: str, asked: FileAsked) -> None:
    for parameter, only in _OWN.items():
        if getattr(asked, parameter) is not None and only != name:
            raise InvalidError(f"only {only!r} takes {parameter!r}", parameter)


def _given(value: str | None, name: str) -> str:
    if not value:
        raise InvalidError(f"this feed needs {name!r}", name)
    return value
