"""Excel files whose bytes depend on their content alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

FIXED = datetime(2000, 1, 1)


def write_workbook(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], sheet: str = "Export") -> None:
    """Write one sheet. Openpyxl stamps the time of writing into a file; it is replaced by a fixed one."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append(list(header))
    for row in rows:
        page.append(list(row))
    book.properties.created = book.properties.modified = FIXED
    buffer = io.BytesIO()
    book.save(buffer)
    _rewrite(path, buffer)


def _rewrite(path: Path, buffer: io.BytesIO) -> None:
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _without_stamp(content)
            target.writestr(zipfile.ZipInfo(name, FIXED.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)


def _without_stamp(core: bytes) -> bytes:
    """Openpyxl sets `modified` when it saves, whatever was asked for."""
    head, tag, rest = core.partition(b"<dcterms:modified")
    if not tag:
        return core
    opening, _, rest = rest.partition(b">")
    _, closing, rest = rest.partition(b"</dcterms:modified>")
    return head + tag + opening + b">" + FIXED.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + closing + rest
