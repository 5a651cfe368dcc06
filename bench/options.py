"""What the command line asks for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from bench import generate


@dataclass(frozen=True)
class Options:
    """Size and repetitions of a run."""

    customers: int = 1_000_000
    repeat: int = 3
    data: Path = generate.DATA
    began: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        """Progress, with the minutes since the start."""
        print(f"{(time.monotonic() - self.began) / 60:6.1f} min  {line}", flush=True)

    def lake(self, years: int = 3, customers: int | None = None) -> Path:
        """The generated lake of this size, or of another one."""
        return generate.lake(generate.Spec(customers or self.customers, years), self.say, self.data)

    def command(self, part: str) -> str:
        """The command that measures a part again."""
        return f"python -m bench --part {part} --customers {self.customers} --repeat {self.repeat}"
