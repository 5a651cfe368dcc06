"""Start the dashboards over a warehouse."""

from __future__ import annotations

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import NoReturn

from clientele.contract import PROJECT_ROOT

APP = PROJECT_ROOT / "dashboards" / "app.py"
# Set to oidc to ask for a login; the provider stands in .streamlit/secrets.toml, section [auth].
LOGIN = "CLIENTELE_DASHBOARDS_LOGIN"


class OpenToOthersError(Exception):
    """Whoever reaches the address would see customers without signing in; the message says what to do."""


def login_is_asked_for() -> bool:
    """Whether people must sign in."""
    return os.environ.get(LOGIN, "").lower() == "oidc"


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address; a name other than localhost is taken for one that others reach."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"


def refuse_unknown_readers(address: str) -> None:
    """Raise OpenToOthersError for an address that others reach while nobody has to sign in."""
    if not is_loopback(address) and not login_is_asked_for():
        raise OpenToOthersError(
            f"on {address!r} whoever reaches this machine would see all customers without signing in.\n"
            f"  Ask for a login: {LOGIN}=oidc, with the provider as docs/dashboards.md says.\n"
            "  Keep to this machine: --address 127.0.0.1, and for others a tunnel or a proxy that asks who they are.\n"
            "  Serve it to all of them nonetheless: --without-login"
        )


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


def serve_dashboards(home: Path, *, address: str, port: int) -> NoReturn:
    """Become the server, so that whoever stops this process stops it: no child is left that holds the port."""
    command = dashboards_command(address=address, port=port)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, dashboards_environment(home))  # noqa: S606
