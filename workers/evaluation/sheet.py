"""A sheet: a page of HTML that stands alone - light and dark, no script, nothing fetched."""

from html import escape

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--paper:#fff;
--ours:#0969da;--theirs:#8c959f}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--paper:#0d1117;
--ours:#4493f8;--theirs:#7d8590}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.5rem}p{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.35rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}td small{color:var(--soft);display:block}
svg{width:100%;height:auto;font:13px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .soft{fill:var(--soft)}
.ours{fill:var(--ours)}.theirs{fill:var(--theirs)}.whisker{stroke:var(--ink);stroke-width:1.5}
.plot{border-left:1px solid var(--line);border-bottom:1px solid var(--line);height:9rem}
.line{fill:none;stroke-width:2;stroke-linecap:round;vector-effect:non-scaling-stroke}
.line0{stroke:var(--ours)}.line1{stroke:#cf5c00}.line2{stroke:#2b8a3e}.line3{stroke:var(--theirs)}
.key{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;color:var(--soft)}
.key svg{width:1.6rem;height:.6rem}
"""


def sheet(title: str, body: str) -> str:
    """Return a page.

    Args:
        body: HTML below the title.
    """
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{body}</body></html>\n"
    )
