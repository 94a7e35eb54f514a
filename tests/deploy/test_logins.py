"""Logins of cameras and servers: found where they may be, seen by nobody."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.logins import SOURCE, secret, with_login
from stages.errors import OptionError
from tests.rtsp import RtspServer

URL = "rtsp://cam/1?channel=2"


def test_a_login_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOURCE, "bob:p@ss/word")
    assert with_login(URL, SOURCE) == "rtsp://bob:p%40ss%2Fword@cam/1?channel=2"


def test_a_login_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "login").write_text("bob:secret\n")
    monkeypatch.setenv(f"{SOURCE}_FILE", str(tmp_path / "login"))
    assert with_login(URL, SOURCE) == "rtsp://bob:secret@cam/1?channel=2"


def test_the_login_of_the_url_itself_counts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOURCE, "bob:secret")
    assert with_login("rtsp://eve:1@cam/1", SOURCE) == "rtsp://eve:1@cam/1"


def test_a_file_gets_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOURCE, "bob:secret")
    assert with_login("film.mp4", SOURCE) == "film.mp4"


def test_what_is_no_login_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOURCE, "hunter2")
    with pytest.raises(OptionError, match="holds no login; user:password would be one") as raised:
        with_login(URL, SOURCE)
    assert "hunter2" not in str(raised.value)


def test_a_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD_FILE", "/nowhere")
    with pytest.raises(OptionError, match=r"WORD_FILE '/nowhere' cannot be read"):
        secret("WORD")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes cannot be looked at here")
def test_no_process_shows_the_login_that_it_was_started_with(tmp_path: Path) -> None:
    with RtspServer() as server:
        server.silent.set()  # so that it is still trying when it is looked at
        words = ["remove", server.url(login="bob:hunter2"), str(tmp_path / "out.mkv"), "--region", "1,1,5,5"]
        process = subprocess.Popen([sys.executable, "-m", "deploy", *words], stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 30
            while server.opened == 0:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert "hunter2" not in all_words()
        finally:
            process.terminate()
            _, said = process.communicate(timeout=30)
    assert "hunter2" not in said


def all_words() -> str:
    """Return what every process but this one was started with."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                found.append((entry / "cmdline").read_text(errors="replace"))
            except OSError:
                continue
    return "\n".join(found)
