"""What DuckDB cannot read is rewritten, as a stream, into the load's own folder."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import json
import uuid
from pathlib import Path
from typing import IO, Any

from clientele.landing.errors import LandingError, near

CHUNK = 1 << 20


def _target(scratch: Path, suffix: str) -> Path:
    return scratch / f"{uuid.uuid4().hex}{suffix}"


def _open_bytes(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def to_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    """Copy a text file as UTF-8. Bytes that it does not know stay, so that their row is refused."""
    try:
        info = codecs.lookup(encoding)
    except LookupError:
        known = ("utf-8", "utf-16", "latin-1", "cp1252", "cp1250", "iso-8859-15", "mac-roman", "shift-jis", "gb18030")
        raise LandingError(
            f"encoding {encoding!r} is unknown{near(encoding, known)}", file=path, remedy="see Python's list of codecs"
        ) from None
    errors = "strict" if info.name.startswith(("utf-16", "utf-32")) else "surrogateescape"
    target = _target(scratch, ".txt")
    decoder = info.incrementaldecoder(errors)
    with _open_bytes(path) as source, target.open("wb") as out:
        try:
            while chunk := source.read(CHUNK):
                out.write(decoder.decode(chunk).encode("utf-8", "surrogateescape"))
            out.write(decoder.decode(b"", final=True).encode("utf-8", "surrogateescape"))
        except UnicodeDecodeError as error:
            raise LandingError(f"is not {encoding}: {error.reason}", file=path, remedy="give its `encoding:`") from None
    return target


def long_numbers_as_text(path: Path, encoding: str, scratch: Path) -> Path:
    """Copy a JSON lines file with every number written as text, digit by digit. Broken lines stay broken."""
    target = _target(scratch, ".jsonl")
    with _open_bytes(path) as source, target.open("wb") as out:
        for line in source:
            try:
                value = json.loads(line.decode(encoding), parse_float=_Digits, parse_int=_Digits)
                fields = {key: _json(item) for key, item in value.items()} if isinstance(value, dict) else value
                out.write(json.dumps(fields, ensure_ascii=False).encode() + b"\n")
            except ValueError:
                out.write(line)
    return target


class _Digits(str):
    """A number as it is written."""


def _json(value: Any, inner: bool = False) -> Any:
    """A field as text, but for null and what is text anyway; inside a nested value numbers keep their digits."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_json(item, True)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(item, True) for item in value) + "]"
    if isinstance(value, _Digits) or not inner:
        return value
    return json.dumps(value, ensure_ascii=False)


def xlsx_to_csv(path: Path, sheet: str | None, scratch: Path) -> Path:
    """Copy one sheet as CSV with the sheet's own row numbers in a column ``_row``. Empty rows are left out."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise LandingError(f"is no readable xlsx file: {error}", file=path, remedy="save it again as .xlsx") from None
    if sheet is not None and sheet not in book.sheetnames:
        raise LandingError(
            f"no sheet {sheet!r}{near(sheet, book.sheetnames)}",
            file=path,
            remedy=f"it has {', '.join(book.sheetnames)}",
        )
    target = _target(scratch, ".csv")
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        width = 0
        for number, cells in enumerate((book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True), 1):
            texts = [_cell(cell) for cell in cells]
            if not width:
                while texts and not texts[-1]:
                    texts.pop()
                width = len(texts)
                if width:
                    writer.writerow([*texts, "_row"])
            elif any(texts):
                writer.writerow([*(texts + [""] * width)[:width], number])
    book.close()
    if not width:
        raise LandingError("the sheet is empty", file=path, remedy="name another one with `sheet:`")
    return target


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
