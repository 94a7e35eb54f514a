"""Machine code is kept where that is possible, and done without where it is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.compiled import _store


def test_it_is_kept_beside_the_sources_or_else_with_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert Path(_store(tmp_path)).parent == tmp_path / "__pycache__"
    kept = Path(_store(tmp_path / "not to be written"))
    assert kept.is_dir()
    assert kept.parent == tmp_path / "cache/cleanplate"


def test_where_nothing_can_be_written_functions_still_compile(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("a file")
    code = (
        "import stages.compiled as compiled\n"
        "compiled.os.access = lambda path, mode: False\n"
        "assert compiled.compiled(lambda x: x + 1)(2) == 3"
    )
    env = {"XDG_CACHE_HOME": str(tmp_path / "no folder"), "PATH": "/usr/bin:/bin"}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
