"""What tests lack is said, and fails where it must be there."""

from __future__ import annotations

import pytest

from tests.needed import REQUIRED, lacks


def test_what_is_lacking_skips_unless_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRED, "real_data")
    with pytest.raises(pytest.skip.Exception, match="no browser here"):
        lacks("browser", "no browser here")
    monkeypatch.setenv(REQUIRED, "browser real_data")
    with pytest.raises(pytest.fail.Exception, match="no browser here"):
        lacks("browser", "no browser here")
