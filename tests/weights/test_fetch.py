"""Downloads from a server on this machine, which breaks off, changes its mind, or sends on: the whole file comes."""

import os
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("gdown", reason="fetching needs the extra `fetch`")

from tests.weights.shelf import BARE, DATA, HASH, ROOT, Shelf, left, serving
from weights import load
from weights.errors import FetchError
from weights.fetch import fetch


def test_a_file_comes_is_verified_and_is_found(shelf, known, tmp_path):
    known(shelf.url)
    steps = []
    fetched = fetch("small", tmp_path, progress=lambda done, total: steps.append((done, total)))
    assert fetched.path.read_bytes() == DATA
    assert load.find("small", tmp_path) == fetched.path == tmp_path / "small.onnx"
    assert (steps[0], steps[-1]) == ((0, len(DATA)), (len(DATA), len(DATA)))
    assert HASH in fetched.trust
    assert "as published" in fetched.trust
    assert list(tmp_path.iterdir()) == [tmp_path / "small.onnx"]


def test_without_a_folder_it_goes_where_the_environment_says_or_else_into_the_cache(
    shelf, known, monkeypatch, tmp_path
):
    known(shelf.url)
    assert fetch("small").path == tmp_path / "cache" / "cleanplate" / "weights" / "small.onnx"
    fetch("small").path.unlink()
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path / "named"))
    assert fetch("small").path == tmp_path / "named" / "small.onnx"


def test_what_is_there_is_not_fetched_again(shelf, known, tmp_path):
    known(shelf.url)
    fetch("small", tmp_path)
    fetch("small", tmp_path)
    assert shelf.asked == [""]


def test_an_interrupted_download_goes_on_where_it_stopped(shelf, known, tmp_path):
    known(shelf.url)
    shelf.gives = 30_000
    for there in (30_000, 60_000, 90_000):
        with pytest.raises(FetchError, match=f"broke off: {len(DATA) - there} bytes were still to come; what"):
            fetch("small", tmp_path)
        assert left(tmp_path) == ["small.onnx.part", "small.onnx.part.of"]
        assert not load.has("small", tmp_path)
    assert fetch("small", tmp_path).path.read_bytes() == DATA
    assert shelf.asked == ["", "bytes=30000-", "bytes=60000-", "bytes=90000-"]
    assert list(tmp_path.iterdir()) == [tmp_path / "small.onnx"]


FETCH = """
import dataclasses, sys
from pathlib import Path
from weights import load, manifest
entry = dataclasses.replace(manifest.manifest()["fastestdet"], name="small", files=("small.onnx",), urls=(sys.argv[1],),
                            bytes=int(sys.argv[3]), sha256=sys.argv[4])
load.manifest = lambda: {"small": entry}
from weights.fetch import fetch
print(fetch("small", Path(sys.argv[2])).path.stat().st_size)
"""


def process(url, folder):
    words = [sys.executable, "-c", FETCH, url, str(folder), str(len(DATA)), HASH]
    return subprocess.Popen(words, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True)


def test_a_process_that_is_killed_leaves_what_the_next_one_goes_on_with(shelf, known, tmp_path):
    known(shelf.url)
    shelf.gives, shelf.hold = 70_000, threading.Event()
    killed, deadline = process(shelf.url, tmp_path), time.monotonic() + 20
    part = tmp_path / "small.onnx.part"
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    shelf.hold.set()
    there = part.stat().st_size
    assert 0 < there <= 70_000
    shelf.gives = len(DATA)
    assert fetch("small", tmp_path).path.read_bytes() == DATA
    assert shelf.asked == ["", f"bytes={there}-"]


def test_two_processes_at_once_fetch_it_once(shelf, tmp_path):
    shelf.hold = threading.Event()
    both = [process(shelf.url, tmp_path) for _ in range(2)]
    assert [one.communicate(timeout=20)[0] for one in both] == [f"{len(DATA)}\n"] * 2
    assert shelf.asked == [""]
    assert list(tmp_path.iterdir()) == [tmp_path / "small.onnx"]


def test_a_file_that_has_changed_meanwhile_is_not_spliced(shelf, known, tmp_path):
    known(shelf.url, **BARE)
    shelf.gives, shelf.data = 30_000, DATA[::-1]
    with pytest.raises(FetchError, match="broke off"):
        fetch("small", tmp_path)
    shelf.gives, shelf.data, shelf.headers = 1 << 30, DATA, {"ETag": '"2"'}
    assert fetch("small", tmp_path).path.read_bytes() == DATA
    assert shelf.asked == ["", "bytes=30000-"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(DATA)), st.sampled_from([DATA, DATA[::-1]]), st.booleans()), max_size=6))
def test_however_often_it_breaks_off_and_changes_one_whole_version_comes(shelf, known, tmp_path_factory, tries):
    folder = tmp_path_factory.mktemp("tries")
    known(shelf.url, **BARE)
    for shelf.gives, shelf.data, shelf.resumes in (*tries, (1 << 30, DATA, True)):
        shelf.headers = {"ETag": f'"{shelf.data[0]}"'}
        try:
            assert fetch("small", folder).path.read_bytes() == shelf.data
        except FetchError:
            assert not load.has("small", folder)
        else:
            break
    assert len(left(folder)) == 2  # it and its pin


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}], ids=["none", "weak"])
def test_where_the_server_names_no_version_a_download_begins_anew(shelf, known, tmp_path, headers):
    known(shelf.url)
    shelf.headers, shelf.gives = headers, 30_000
    with pytest.raises(FetchError):
        fetch("small", tmp_path)
    shelf.gives = 1 << 30
    assert fetch("small", tmp_path).path.read_bytes() == DATA
    assert shelf.asked == ["", ""]


def test_a_server_that_cannot_resume_is_asked_for_all_of_it(shelf, known, tmp_path):
    known(shelf.url)
    shelf.resumes, shelf.gives = False, 30_000
    with pytest.raises(FetchError):
        fetch("small", tmp_path)
    shelf.gives = 1 << 30
    assert fetch("small", tmp_path).path.read_bytes() == DATA


def test_a_part_that_is_whole_already_is_taken(shelf, known, tmp_path):
    known(shelf.url)
    (tmp_path / "small.onnx.part").write_bytes(DATA)
    (tmp_path / "small.onnx.part.of").write_text(f'{shelf.url}\n"1"')
    assert fetch("small", tmp_path).path.read_bytes() == DATA
    assert shelf.asked == [f"bytes={len(DATA)}-"]


def test_a_part_that_is_longer_than_the_file_is_dropped_and_said_so(shelf, known, tmp_path):
    known(shelf.url)
    (tmp_path / "small.onnx.part").write_bytes(DATA + b"more")
    (tmp_path / "small.onnx.part.of").write_text(f'{shelf.url}\n"1"')
    with pytest.raises(FetchError, match="is another file now"):
        fetch("small", tmp_path)
    assert left(tmp_path) == []


def test_an_answer_without_a_length_is_taken_and_an_unfinished_one_is_not(shelf, known, tmp_path):
    known(shelf.url, **BARE)
    shelf.chunked, shelf.gives = True, 30_000
    with pytest.raises(FetchError, match="broke off"):
        fetch("small", tmp_path)
    shelf.gives = 1 << 30
    assert fetch("small", tmp_path).path.read_bytes() == DATA


def test_the_next_address_is_tried_and_every_failure_is_told(shelf, known, tmp_path):
    with serving(Shelf(status=404)) as other:
        known(other.url, shelf.url)
        assert fetch("small", tmp_path).path.read_bytes() == DATA
        known(other.url, f"{other.url}.old", files=("other.onnx",))
        with pytest.raises(FetchError, match=r"small\.onnx answers 404 Not Found; .*onnx\.old answers 404"):
            fetch("small", tmp_path)


def test_what_one_address_began_another_does_not_go_on_with(shelf, known, tmp_path):
    shelf.gives = 30_000
    with serving(Shelf(data=DATA[::-1])) as other:  # which calls its version by the same name
        known(shelf.url, other.url, **BARE)
        assert fetch("small", tmp_path).path.read_bytes() == DATA[::-1]
        assert (shelf.asked, other.asked) == ([""], [""])


def test_to_be_sent_on_within_the_scheme_is_followed_and_resumes(shelf, known, tmp_path):
    known(shelf.url.replace("small.onnx", f"to/{shelf.url}"))
    shelf.gives = 30_000
    with pytest.raises(FetchError):
        fetch("small", tmp_path)
    shelf.gives = 1 << 30
    assert fetch("small", tmp_path).path.read_bytes() == DATA
    assert shelf.asked == ["", "bytes=30000-"]


def test_the_proxy_of_the_environment_is_used(shelf, known, monkeypatch, tmp_path):
    known("http://weights.invalid/small.onnx")
    monkeypatch.setenv("http_proxy", shelf.url.removesuffix("/small.onnx"))
    assert fetch("small", tmp_path).path.read_bytes() == DATA
