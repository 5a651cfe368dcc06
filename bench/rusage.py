"""Runs a command and writes what it used to a file: ``python rusage.py FILE COMMAND...``. Imports nothing large.

The kernel counts the memory of the process that starts another one among the peak of the other: so it is started from
here, and not from the bench, which has looked at data by then.
"""

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Run, wait, write; end as the command ended."""
    began = time.monotonic()
    process = subprocess.Popen(sys.argv[2:])
    _, status, usage = os.wait4(process.pid, 0)
    used = {"wall": time.monotonic() - began, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}
    with open(sys.argv[1], "w") as file:  # noqa: PTH123
        json.dump(used, file)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
