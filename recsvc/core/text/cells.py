"""Cells: text in a table that a spreadsheet must not take for a formula, and back.

Whoever may send an id or a title may send `=HYPERLINK(…)`, which a spreadsheet that opens an export
works out. Such text gets a quote in front, which spreadsheets take for "this is text" (OWASP: "CSV
Injection"). What begins with quotes before such a sign gets another one, so that reading takes off what
writing put on.
"""

import re

# The full-width forms, too: spreadsheets of some languages read them alike.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def as_cell(text: str) -> str:
    """Return a text as it is written into a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def from_cell(cell: str) -> str:
    """Return the text that is in a cell."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
