"""The one error of the landing package: what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
import errno
import gzip
from collections.abc import Iterable

# A disk does not become empty, nor rights wider, while one waits.
LASTING = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)


class LandingError(Exception):
    """A load that cannot go on. Nothing has landed when it is raised."""

    def __init__(
        self,
        message: str,
        *,
        file: object = None,
        row: int | None = None,
        column: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.message, self.file, self.row, self.column, self.remedy = message, file, row, column, remedy
        super().__init__(str(self))

    def within(self, file: object) -> LandingError:
        """The same error, said of a file where it does not name one."""
        self.file = file if self.file is None else self.file
        return self

    @property
    def may_pass(self) -> bool:
        """Whether trying again may help: a file is not there yet, or a disk does not answer."""
        cause = self.__cause__
        is_damage = isinstance(cause, gzip.BadGzipFile)  # an OSError, too
        return isinstance(cause, OSError) and not is_damage and cause.errno not in LASTING

    def __str__(self) -> str:
        place = " ".join(
            part
            for part in (
                str(self.file) if self.file is not None else "",
                f"line {self.row}" if self.row is not None else "",
                f'column "{self.column}"' if self.column else "",
            )
            if part
        )
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}\n  {self.remedy}" if self.remedy else text


def near(word: str, known: Iterable[str]) -> str:
    """`` (did you mean ...?)`` for a misspelt word, or nothing."""
    by_lower = {name.lower(): name for name in known}
    hits = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(by_lower[hit] for hit in hits)}?)" if hits else ""
