"""The report as one page of tables and plots."""

from html import escape

from recsvc.clock import from_us
from recsvc.core.ranking.metrics import Interval
from workers.evaluation.evaluating import NAMES, Report, Slice
from workers.evaluation.methods import SHIPPED
from workers.evaluation.sheet import sheet
from workers.training.popularity import POPULARITY

_WIDTH, _LEFT, _ROW = 760, 170, 30


def page(report: Report) -> str:
    """Return the page."""
    parts = [
        _introduction(report),
        "<h2>NDCG@20, with 95 % intervals</h2>",
        _bars({s.method: s.figures["ndcg@20"] for s in report.methods}),
        "<h2>Every figure</h2>",
        _table(report),
        _weights(report),
        "<h2>By length of the reader's history (NDCG@20)</h2>",
        _slices(report.by_length, "readers"),
        "<h2>By age of the item at the cut (recall@20)</h2>",
        _slices(report.by_age, "targets"),
    ]
    return sheet("Ranking, evaluated", "".join(parts))


def _introduction(report: Report) -> str:
    return (
        f"<p>{report.n_events:,} events on {report.n_items:,} items, divided at "
        f"{from_us(report.cut_us):%Y-%m-%d %H:%M} UTC: trained on what came before, asked what "
        f"{report.n_readers:,} readers went for afterwards. Everything in the catalogue is ranked.</p>"
    )


def _weights(report: Report) -> str:
    """Return how loud each voice of the feed spoke."""
    return f"<p>Weights of the voices, as learned before the cut: {escape(report.voices)}.</p>"


def _bars(figures: dict[str, Interval]) -> str:
    """Return horizontal bars with whiskers."""
    most = max((i.high for i in figures.values()), default=0) or 1
    scale = (_WIDTH - _LEFT - 70) / most
    height = _ROW * len(figures) + 6
    marks = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="NDCG@20 by method">']
    for n, (name, i) in enumerate(figures.items()):
        y = n * _ROW
        end = _LEFT + i.mean * scale
        low, high = _LEFT + i.low * scale, _LEFT + i.high * scale
        look = "ours" if name == SHIPPED else "theirs"
        marks.append(
            f'<text x="{_LEFT - 10}" y="{y + 20}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{look}" x="{_LEFT}" y="{y + 5}" width="{end - _LEFT:.1f}" height="20"/>'
            f'<path class="whisker" d="M{low:.1f} {y + 15}H{high:.1f}M{low:.1f} {y + 10}v10'
            f'M{high:.1f} {y + 10}v10"/>'
            f'<text class="soft" x="{high + 8:.1f}" y="{y + 20}">{i.mean:.4f}</text>'
        )
    return "".join(marks) + "</svg>"


def _table(report: Report) -> str:
    names = [*NAMES, "the feed minus this", "coverage", "novelty, bits"]
    head = "".join(f"<th>{escape(n)}</th>" for n in ["method", *names])
    rows = []
    for s in report.methods:
        intervals = [*(s.figures[name] for name in NAMES), s.difference]
        cells = [f"{i.mean:.4f}<small>{i.low:.4f} to {i.high:.4f}</small>" for i in intervals]
        cells += [f"{s.coverage:.3f}", f"{s.novelty:.2f}"]
        row = "".join(f"<td>{cell}</td>" for cell in [escape(s.method), *cells])
        rows.append(f"<tr>{row}</tr>")
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _slices(slices: list[Slice], counted: str) -> str:
    """Return two bars per slice: the shipped ranking and popularity."""
    shown = (SHIPPED, POPULARITY)
    most = max((s.by_method[m] for s in slices for m in shown), default=0) or 1
    scale = (_WIDTH - _LEFT - 250) / most
    height = _ROW * len(slices) + 30
    marks = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="by slice">']
    for n, s in enumerate(slices):
        y = n * _ROW
        ours, theirs = (s.by_method[m] * scale for m in shown)
        end = _LEFT + max(ours, theirs) + 8
        marks.append(
            f'<text x="{_LEFT - 10}" y="{y + 20}" text-anchor="end">{escape(s.name)}</text>'
            f'<rect class="ours" x="{_LEFT}" y="{y + 4}" width="{ours:.1f}" height="11"/>'
            f'<rect class="theirs" x="{_LEFT}" y="{y + 16}" width="{theirs:.1f}" height="8"/>'
            f'<text class="soft" x="{end:.1f}" y="{y + 20}">{s.by_method[SHIPPED]:.4f} · '
            f"{s.by_method[POPULARITY]:.4f} · {s.n:,} {counted}</text>"
        )
    key = f"wide: {SHIPPED}, narrow: {POPULARITY}"
    marks.append(f'<text class="soft" x="{_LEFT}" y="{height - 8}">{key}</text></svg>')
    return "".join(marks)
