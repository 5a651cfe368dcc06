"""What the newest day is asked of: a build that is held, or that is none."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from clientele.running import CannotRunError, newest_built


def test_a_build_that_another_process_writes_is_held(tmp_path: Path) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / "build.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(CannotRunError, match="is held by another process: wait until it is done"):
            newest_built(tmp_path)
        writer.kill()
    assert newest_built(tmp_path) is None


def test_a_file_that_is_no_build_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "build.duckdb").write_bytes(b"a block of something else" * 1_000)
    with pytest.raises(CannotRunError, match=r"build\.duckdb cannot be read: IO Error: .*Remove it") as raised:
        newest_built(tmp_path)
    assert "held" not in str(raised.value)
    assert isinstance(raised.value.__cause__, duckdb.IOException)
