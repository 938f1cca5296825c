"""`recsvc search`, `recsvc feed` and `recsvc trending`: lists for people who live in a terminal."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recsvc.cli.context import store
from recsvc.core.choices import Window
from recsvc.core.items.dating import said
from recsvc.core.items.trending import WINDOWS
from recsvc.core.text.display import readable
from recsvc.lists.search_wording import counted, of_words
from recsvc.lists.searched import Manner, QueryReport
from recsvc.lists.shapes import Feed, Page
from recsvc.logs import configure
from recsvc.settings import from_environment

if TYPE_CHECKING:
    from recsvc.api.services import Services

Ask = Callable[["Services", Page], Awaitable[Feed]]

_limit = click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
_json = click.option("--json", "as_json", is_flag=True, help="Print the answer of the API as JSON.")


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--new", "latest", is_flag=True, help="Latest listed first.")
@_limit
@_json
def search(query: tuple[str, ...], latest: bool, limit: int, as_json: bool) -> None:
    """Find items by words; typos are forgiven."""
    words, manner = " ".join(query), Manner(sort="new" if latest else "relevance")
    _show(lambda s, page: s.lists.search.search(words, page, manner), limit, as_json)


@click.command()
@click.argument("user")
@_limit
@_json
def feed(user: str, limit: int, as_json: bool) -> None:
    """Show the personal feed of USER, and why each item is in it."""
    _show(lambda s, page: s.lists.feeds.feed(user, page), limit, as_json)


@click.command()
@click.option("--window", type=click.Choice(WINDOWS), default="week", show_default=True)
@_limit
@_json
def trending(window: Window, limit: int, as_json: bool) -> None:
    """Show what gathers votes now."""
    _show(lambda s, page: s.lists.boards.trending(window, page), limit, as_json)


def _show(ask: Ask, limit: int, as_json: bool) -> None:
    answer = asyncio.run(_ask(ask, Page(limit=limit)))
    if as_json:
        click.echo(answer)
    else:
        listed = msgspec.json.decode(answer)
        console = Console()
        if "search" in listed:
            report = msgspec.convert(listed["search"], QueryReport)
            for line in (counted(report, "item"), *of_words(report, "item")):
                console.print(Text(line))
        if listed["items"]:
            console.print(_table(listed))
        elif "search" not in listed:
            console.print("nothing")


async def _ask(ask: Ask, page: Page) -> bytes:
    """Return a list as the API would answer it."""
    from recsvc.api.services import opened

    configure("auto", "error")  # what a serving process logs on its way is of no interest here
    settings = from_environment()
    async with store(settings), opened(settings) as services:
        return msgspec.json.encode(await ask(services, page))


def _table(answer: dict[str, Any]) -> Table:
    table = Table(caption=f"by {answer['sorted_by']}", caption_justify="left")
    table.add_column("", justify="right", style="dim")
    table.add_column("title", ratio=3)
    table.add_column("votes", justify="right")
    table.add_column("listed", no_wrap=True)
    reasons = [place["reason"]["text"] for place in answer["items"]]
    says_why = len(set(reasons)) > 1
    if says_why:
        table.add_column("why", ratio=2, style="dim")
    for place, reason in zip(answer["items"], reasons, strict=True):
        item = place["item"]
        cells = (
            str(place["position"] + 1),
            _title(place),
            str(item["upvotes"]),
            said(datetime.fromisoformat(item["listed_at"]), None) if item["listed_at"] else "",
        )
        table.add_row(*cells, *([Text(reason)] if says_why else []))
    return table


def _title(place: dict[str, Any]) -> Text:
    """Return a title with what was found marked, a link where the terminal has any; never as markup."""
    address = place["item"]["address"]
    leading = f"link {address}" if address else ""
    parts = place.get("highlights", {}).get("title")
    if parts is None:
        return Text(readable(place["item"]["title"]), leading)
    marked = Text(style=leading)
    for part in parts:
        marked.append(part["text"], "bold yellow" if part["match"] else None)
    return marked
