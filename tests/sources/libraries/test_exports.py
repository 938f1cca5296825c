"""Exports of ten tools, as each of them writes: compared field by field."""

from datetime import date
from typing import Any

import pytest

from tests.sources.reading import read_text

# What came in: (title, authors, published, precision, DOI, arXiv id, venue, topics, text)
SCIENCE_DIRECT = r"""
@article{DOE2017277,
title = "Slow thinking: The promise of small data",
journal = "A Review of Reviews",
volume = "27",
pages = "277 - 290",
year = "2017",
issn = "1053-4822",
doi = "https://doi.org/10.1000/j.arr.2016.08.005",
url = "http://www.example.org/science/article/pii/S1053482216300377",
author = "Samuel T. Doe and Ronald S. Roe",
keywords = "Small data",
keywords = "Theory",
abstract = "Theory is a
cornerstone."
}
"""
END_NOTE = r"""
@article{
   author = {Doe, J. and Roe, R. A., Jr.},
   title = {A reference without a key},
   journal = {Cells},
   volume = {3},
   DOI = {10.1000/CELLS.12},
   url = {https://doi.org/10.1000/CELLS.12},
   year = {2012},
   type = {Journal Article}
}
"""
BETTER_BIBTEX = r"""
@article{doe2021,
  title = {{{GPT}} for \emph{{{E}}. coli}: {{CO}}{\textsubscript{2}} \& More},
  author = {Doe, Jos{\'e} and family=Beek, given=Ann, prefix=van der, useprefix=true},
  date = {2021-03},
  journaltitle = {Nat. Foo},
  doi = {10.1000/foo\_1},
  eprint = {2103.00001},
  eprinttype = {arxiv},
  eprintclass = {cs.CL},
  abstract = {We ask $O(n)$ questions.

And answer them.},
  keywords = {Computer Science - Computation and Language,models},
  file = {/home/ann/x.pdf}
}
"""
MENDELEY = r"""
@article{Doe2016,
abstract = {Line one of an abstract that
goes on.},
archivePrefix = {arXiv},
arxivId = {1606.00001},
author = {Doe, Jane and M{\"{u}}ller, Karl and {\O}stergaard, Bo},
eprint = {1606.00001},
file = {:Users/x/Doe - 2016.pdf:pdf},
mendeley-groups = {Reading},
month = {jun},
title = {{Deep things: a survey}},
url = {http://arxiv.org/abs/1606.00001},
year = {2016}
}
"""
JABREF = """% Encoding: UTF-8

@Article{Doe2019,
  author       = {Jane Doe and {The ATLAS Collaboration} and others},
  date         = {2019-05-06},
  title        = {A measurement},
  doi          = {10.1000/atlas.7},
  keywords     = {physics; detectors},
  creationdate = {2022-01-02T10:11:12},
}

@Comment{jabref-meta: databaseType:biblatex;}
"""
DBLP = r"""
@inproceedings{DBLP:conf/x/DoeR19,
  author    = {Jane Doe and
               Karl M{\"{u}}ller 0001},
  editor    = {Ed Itor},
  title     = {Full Abstraction
               for Everybody},
  booktitle = {Somewhere {XII}},
  volume    = {11440},
  pages     = {27--43},
  publisher = {Springer},
  year      = {2019},
  url       = {https://doi.org/10.1007/978-3-030-15719-7\_27},
  doi       = {10.1007/978-3-030-15719-7\_27},
  timestamp = {Tue, 14 May 2019 10:00:48 +0200},
  biburl    = {https://dblp.org/rec/conf/x/DoeR19.bib},
  bibsource = {dblp computer science bibliography, https://dblp.org}
}
"""
ACM = r"""
@inproceedings{10.1145/3366423.3380130,
author = {Doe, Jane and Roe, Rick},
title = {Walks on Graphs},
year = {2020},
isbn = {9781450370233},
publisher = {Association for Computing Machinery},
address = {New York, NY, USA},
url = {https://doi.org/10.1145/3366423.3380130},
doi = {10.1145/3366423.3380130},
abstract = {We walk.},
booktitle = {Proceedings of The Web},
pages = {1–12},
numpages = {12},
keywords = {graphs, walks},
location = {Taipei, Taiwan},
series = {WWW '20}
}
"""
IEEE = r"""
@ARTICLE{9000001,
  author={J. {Doe} and R. {Roe}},
  journal={IEEE Transactions on Things},
  title={Sensing at 5$\mu$m},
  year={2020},
  volume={1},
  number={2},
  pages={1-9},
  keywords={Sensors;Things;Noise},
  doi={10.1109/TT.2020.1},
  ISSN={1234-5678},
  month={Feb},}
"""
SCHOLAR = r"""
@article{doe2018bert,
  title={Reading twice},
  author={Doe, Jane and Roe, Rick and others},
  journal={arXiv preprint arXiv:1810.00001},
  year={2018}
}
"""
PUBMED = """TY  - JOUR
AU  - Doe, Jane A
AU  - O'Roe, Rick
T1  - Effects of CO<sub>2</sub> &amp; light on <i>E. coli</i>
PY  - 2019/03/15/
Y1  - 2019/03/15
JF  - Journal of Small Things
AB  - BACKGROUND: Small.
N1  - doi: 10.1000/jst.3
KW  - Light
KW  - Humans
UR  - https://pubmed.example.org/30000001
ER  -
"""
WEB_OF_SCIENCE = r"""
@article{ WOS:000400000100001,
Author = {Doe, Jane and Roe, Rick},
Title = {{Large studies of small things}},
Journal = {{SMALL THINGS}},
Year = {{2017}},
Month = {{MAR 15}},
Abstract = {{It is
   wrapped.}},
DOI = {{10.1000/st.2017.1}},
Keywords-Plus = {{GROWTH; LIGHT}},
Keywords = {{small; large}},
Unique-ID = {{WOS:000400000100001}},
}
"""

EXPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "ScienceDirect": (SCIENCE_DIRECT, {
        "id": "10.1000/j.arr.2016.08.005", "title": "Slow thinking: The promise of small data",
        "authors": ("Samuel T. Doe", "Ronald S. Roe"), "day": date(2017, 1, 1), "precision": "year",
        "topics": ("Small data", "Theory"), "venue": "A Review of Reviews",
        "text": "Theory is a cornerstone.",
    }),
    "EndNote": (END_NOTE, {
        "id": "10.1000/cells.12", "title": "A reference without a key",
        "authors": ("J. Doe", "R. A. Roe, Jr."), "day": date(2012, 1, 1), "precision": "year",
        "topics": (), "venue": "Cells", "text": "",
    }),
    "Better BibTeX": (BETTER_BIBTEX, {
        "id": "2103.00001", "title": "GPT for E. coli: CO₂ & More",
        "authors": ("José Doe", "Ann van der Beek"), "day": date(2021, 3, 1), "precision": "month",
        "topics": ("Computer Science - Computation and Language", "models"), "venue": "Nat. Foo",
        "text": "We ask $O(n)$ questions.\n\nAnd answer them.",
    }),
    "Mendeley": (MENDELEY, {
        "id": "1606.00001", "title": "Deep things: a survey",
        "authors": ("Jane Doe", "Karl Müller", "Bo Østergaard"), "day": date(2016, 6, 1),
        "precision": "month", "topics": (), "venue": None,
        "text": "Line one of an abstract that goes on.",
    }),
    "JabRef": (JABREF, {
        "id": "10.1000/atlas.7", "title": "A measurement",
        "authors": ("Jane Doe", "The ATLAS Collaboration"), "day": date(2019, 5, 6),
        "precision": "day", "topics": ("physics", "detectors"), "venue": None, "text": "",
    }),
    "DBLP": (DBLP, {
        "id": "10.1007/978-3-030-15719-7_27", "title": "Full Abstraction for Everybody",
        "authors": ("Jane Doe", "Karl Müller"), "day": date(2019, 1, 1), "precision": "year",
        "topics": (), "venue": "Somewhere XII", "text": "",
    }),
    "ACM": (ACM, {
        "id": "10.1145/3366423.3380130", "title": "Walks on Graphs", "authors": ("Jane Doe", "Rick Roe"),
        "day": date(2020, 1, 1), "precision": "year", "topics": ("graphs", "walks"),
        "venue": "Proceedings of The Web", "text": "We walk.",
    }),
    "IEEE Xplore": (IEEE, {
        "id": "10.1109/tt.2020.1", "title": r"Sensing at 5$\mu$m", "authors": ("J. Doe", "R. Roe"),
        "day": date(2020, 2, 1), "precision": "month", "topics": ("Sensors", "Things", "Noise"),
        "venue": "IEEE Transactions on Things", "text": "",
    }),
    "Google Scholar": (SCHOLAR, {
        "id": "1810.00001", "title": "Reading twice", "authors": ("Jane Doe", "Rick Roe"),
        "day": date(2018, 1, 1), "precision": "year", "topics": (),
        "venue": "arXiv preprint arXiv:1810.00001", "text": "",
    }),
    "PubMed": (PUBMED, {
        "id": "10.1000/jst.3", "title": "Effects of CO₂ & light on E. coli",
        "authors": ("Jane A Doe", "Rick O'Roe"), "day": date(2019, 3, 15), "precision": "day",
        "topics": ("Light", "Humans"), "venue": "Journal of Small Things", "text": "BACKGROUND: Small.",
    }),
    "Web of Science": (WEB_OF_SCIENCE, {
        "id": "10.1000/st.2017.1", "title": "Large studies of small things",
        "authors": ("Jane Doe", "Rick Roe"), "day": date(2017, 3, 15), "precision": "day",
        "topics": ("small", "large"), "venue": "SMALL THINGS", "text": "It is wrapped.",
    }),
}  # fmt: skip


@pytest.mark.parametrize("tool", EXPORTS)
def test_an_export_comes_in_whole(tool: str):
    export, wanted = EXPORTS[tool]

    found = read_text(export)

    assert found.problems == []
    (entry,) = found.entries
    item = entry.item
    assert {
        "id": item.id, "title": item.title, "authors": item.authors,
        "day": item.published_at and item.published_at.date(), "precision": item.published_precision,
        "topics": item.topics, "venue": item.extra.get("venue"), "text": item.text,
    } == wanted  # fmt: skip
    assert item.left_out == ()


def test_all_the_exports_in_one_file_are_as_many_papers():
    whole = "\n".join(export for tool, (export, _) in EXPORTS.items() if tool != "PubMed")

    found = read_text(whole)

    assert found.problems == []
    assert len({entry.item.id for entry in found.entries}) == len(EXPORTS) - 1
