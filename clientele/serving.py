"""Start the dashboards over a warehouse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from clientele.contract import PROJECT_ROOT

APP = PROJECT_ROOT / "dashboards" / "app.py"


def dashboards_command(*, address: str, port: int) -> list[str]:
    """How Streamlit is started; what else it is told stands in dashboards/.streamlit/config.toml."""
    return [
        *(sys.executable, "-m", "streamlit", "run", str(APP)),
        *("--server.address", address, "--server.port", str(port), "--browser.serverAddress", address),
    ]


def dashboards_environment(home: Path) -> dict[str, str]:
    """That of a process which shows what is published of `home`, wherever the project is installed."""
    paths = [str(PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"CLIENTELE_HOME": str(home.resolve()), "PYTHONPATH": os.pathsep.join(paths)}


def serve_dashboards(home: Path, *, address: str, port: int) -> int:
    """Serve until it is interrupted; returns the exit code."""
    command = dashboards_command(address=address, port=port)
    try:
        return subprocess.run(command, env=dashboards_environment(home), check=False).returncode
    except KeyboardInterrupt:
        return 0
