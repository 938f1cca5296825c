"""Files that hold no text: what they are, by their first bytes, and what helps."""

_SHEET = "save the sheet as CSV (UTF-8) and import that"
_UNPACK = "unpack it and import what is in it"
_ROWS = "write its rows as CSV or JSON lines and import those"
_PAGES = "import records of what it shows, not the document"

_KNOWN = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"an old Office document: {_SHEET}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7z archive: {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive: {_UNPACK}"),
    (b"PAR1", f"a Parquet file: {_ROWS}"),
    (b"ARROW1", f"an Arrow file: {_ROWS}"),
    (b"Obj\x01", f"an Avro file: {_ROWS}"),
    (b"SQLite format 3\x00", f"an SQLite database: {_ROWS}"),
    (b"\x93NUMPY", f"a numpy array: {_ROWS}"),
    (b"\x80\x04\x95", f"a Python pickle: {_ROWS}"),
    (b"\x80\x05\x95", f"a Python pickle: {_ROWS}"),
    (b"%PDF-", f"a PDF: {_PAGES}"),
    (b"\x89PNG\r\n", f"a picture: {_PAGES}"),
    (b"\xff\xd8\xff", f"a picture: {_PAGES}"),
    (b"GIF8", f"a picture: {_PAGES}"),
)
_TAR = b"ustar"
_TAR_AT = 257
_WIDE = "UTF-16 or UTF-32 without its mark (say --encoding utf-16-le or another), or it is no text"


def described(head: bytes) -> str | None:
    """Return what a file is that begins with some bytes, and what helps; None for what may be text."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(head)
    if head.startswith(_TAR, _TAR_AT):
        return f"a tar archive: {_UNPACK}"
    return next((said for mark, said in _KNOWN if head.startswith(mark)), None)


def wide(text: str) -> str | None:
    """Return what a text may be that nobody recognised and that has zero bytes in it."""
    return f"there are zero bytes in it: {_WIDE}" if "\x00" in text else None


def _zip(head: bytes) -> str:
    if b"xl/" in head or b"opendocument.spreadsheet" in head or b"[Content_Types].xml" in head:
        return f"a spreadsheet or another Office document: {_SHEET}"
    return f"a ZIP archive: {_UNPACK}"
