"""Run one reference in this process and print its time: ``python -m bench.references TOOL LAKE OUT``."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path


def main() -> None:
    tool, lake, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    module = importlib.import_module(f"bench.references.{tool}")
    began, cpu_began = time.monotonic(), time.process_time()
    module.build(lake, out)
    print(json.dumps({"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu_began}))


main()
