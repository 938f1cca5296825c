"""Build a static site: links that are there for everybody, made personal where scripts run.

`RECSVC_URL` names the service, `OUT` the folder to write. Where the service has keys, `RECSVC_KEY` is a
secret one that stays with the build (scope `read`), `RECSVC_PUBLISHABLE_KEY` one that the pages carry.
Build it anew every night, say: between two builds the elements show what is new, and should the service
be away the links of last night remain.
"""

import os
import shutil
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from recsvc.client import Client

HERE = Path(__file__).parent


def build(service: str, out: Path, key: str | None, publishable: str | None) -> None:
    """Write a front page and a page for each paper."""
    templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)
    templates.filters["page"] = page_of
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "style.css", out)
    shared = {"service": service, "key": publishable}
    with Client(service, key) as recsvc:
        newest = recsvc.new(limit=20).items
        front = templates.get_template("front.html").render(shared, papers=newest)
        (out / "index.html").write_text(front)
        for paper in newest:
            similar = recsvc.similar(paper.id, limit=5).items
            page = templates.get_template("paper.html")
            text = page.render(shared, paper=paper, similar=similar)
            (out / page_of(paper.id)).write_text(text)


def page_of(item: str) -> str:
    """Return the file of a paper; ids may hold any character, file names may not."""
    return f"paper-{sha256(item.encode()).hexdigest()[:16]}.html"


if __name__ == "__main__":
    build(
        os.environ.get("RECSVC_URL", "http://127.0.0.1:8000"),
        Path(os.environ.get("OUT", HERE / "dist")),
        os.environ.get("RECSVC_KEY"),
        os.environ.get("RECSVC_PUBLISHABLE_KEY"),
    )
