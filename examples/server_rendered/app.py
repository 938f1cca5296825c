"""A site rendered by its own server: a personal front page, votes as plain forms, no script anywhere.

Run it with `python app.py`; `RECSVC_URL` names the service, `RECSVC_KEY` a secret key where it has any.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from litestar import Litestar, Request, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.template import TemplateConfig

from recsvc.client import AsyncClient, CallError, Event, Feed

HERE = Path(__file__).parent
recsvc = AsyncClient(
    os.environ.get("RECSVC_URL", "http://127.0.0.1:8000"), os.environ.get("RECSVC_KEY")
)


def reader_of(request: Request) -> str:
    """Whoever is signed in; here simply a cookie, in your site your session."""
    return request.cookies.get("reader", "guest")


@get("/")
async def front(request: Request) -> Template:
    """The front page in the reader's own order - or without one, but never an error page."""
    try:
        feed = await recsvc.feed(reader_of(request), limit=10)
        seen(reader_of(request), feed)
    except CallError:
        feed = None
    return Template("front.html", context={"reader": reader_of(request), "feed": feed})


def seen(reader: str, feed: Feed) -> None:
    """Report what is on the page, in the background: the reader does not wait for it."""
    recsvc.events.add(
        *[
            Event(listed.id, "impression", reader, feed_id=feed.feed_id, position=listed.position)
            for listed in feed.items
        ]
    )


@post("/vote")
async def vote(
    request: Request,
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Upvote, then show the front page, which reflects it already."""
    await recsvc.act(
        reader_of(request),
        "upvote",
        data["item"],
        feed_id=data["feed_id"],
        position=int(data["position"]),
    )
    return Redirect("/", status_code=303)


@get("/go")
async def go(request: Request, item: str, feed_id: str, position: int) -> Redirect:
    """Note the click and go to the paper: to the address that the catalogue has, not the link."""
    recsvc.events.add(Event(item, "click", reader_of(request), feed_id=feed_id, position=position))
    return Redirect((await recsvc.get_item(item)).url or "/")


@asynccontextmanager
async def lifespan(_: Litestar) -> AsyncIterator[None]:
    """Send the last events before the site stops."""
    yield
    await recsvc.aclose()


app = Litestar(
    [front, vote, go],
    lifespan=[lifespan],
    template_config=TemplateConfig(directory=HERE / "templates", engine=JinjaTemplateEngine),
)

if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces

    os.chdir(HERE)
    port = int(os.environ.get("PORT", "8100"))
    Granian("app:app", port=port, interface=Interfaces.ASGI).serve()
