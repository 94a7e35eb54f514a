"""Downloads from a server on this machine, which breaks off, lies, or is not there."""

import dataclasses
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("gdown", reason="fetching needs the extra `fetch`")

from tests.weights.shelf import DATA, Shelf, serving
from weights import http, load, manifest
from weights import pins as pinning
from weights.errors import FetchError, LicenceError, StoreError, WeightsError
from weights.fetch import fetch
from weights.limits import Limits

HASH = hashlib.sha256(DATA).hexdigest()
ROOT = Path(__file__).resolve().parents[2]
BARE = {"bytes": 0, "sha256": ""}  # as most authors publish
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def nothing_of_the_user_is_looked_at(monkeypatch, tmp_path):
    for name in ("CLEANPLATE_WEIGHTS", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shelf():
    with serving(Shelf()) as shelf:
        yield shelf


@pytest.fixture
def known(monkeypatch):
    """Make the manifest one of a single checkpoint, `small`, that is DATA."""

    def make(*urls, **changes):
        plain = {"name": "small", "files": ("small.onnx",), "urls": urls, "bytes": len(DATA), "sha256": HASH}
        entry = dataclasses.replace(manifest.manifest()["fastestdet"], **(plain | changes))
        monkeypatch.setattr(load, "manifest", lambda: {"small": entry})
        return entry

    return make


def left(folder):
    return sorted(path.name for path in folder.iterdir())


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


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def test_another_file_is_refused_and_nothing_of_it_is_left(shelf, known, tmp_path):
    known(shelf.url)
    shelf.data = DATA[::-1]
    with pytest.raises(FetchError, match=f"has the sha256 [0-9a-f]{{64}}, small has {HASH}: it is another file"):
        fetch("small", tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize("chunked", [False, True], ids=["told", "untold"])
def test_more_bytes_than_there_can_be_are_not_taken(shelf, known, tmp_path, chunked):
    known(shelf.url)
    shelf.chunked, shelf.data = chunked, DATA + b"!"
    with pytest.raises(FetchError, match=f"has {len(DATA) + 1} bytes, at most {len(DATA)} were expected"):
        fetch("small", tmp_path)
    assert left(tmp_path) == []


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


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": 503}, "answers 503 Service Unavailable"),
        ({"headers": {"Content-Type": "text/html; charset=utf-8"}}, "gives a page, not a file"),
        ({"headers": {"Content-Encoding": "gzip"}}, "comes encoded as gzip"),
    ],
    ids=["error", "page", "encoded"],
)
def test_an_answer_that_is_no_file_is_refused_even_where_no_hash_is_known(shelf, known, tmp_path, changes, said):
    known(shelf.url, **BARE)
    for name, value in changes.items():
        setattr(shelf, name, value)
    with pytest.raises(FetchError, match=said):
        fetch("small", tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/small.onnx", "gopher:x"])
def test_nobody_is_sent_on_to_another_scheme(shelf, known, tmp_path, target):
    known(shelf.url.replace("small.onnx", f"to/{target}"), **BARE)
    with pytest.raises(FetchError, match="which is not followed: another scheme"):
        fetch("small", tmp_path)
    assert left(tmp_path) == []


def test_to_be_sent_on_within_the_scheme_is_followed_and_resumes(shelf, known, tmp_path):
    known(shelf.url.replace("small.onnx", f"to/{shelf.url}"))
    shelf.gives = 30_000
    with pytest.raises(FetchError):
        fetch("small", tmp_path)
    shelf.gives = 1 << 30
    assert fetch("small", tmp_path).path.read_bytes() == DATA
    assert shelf.asked == ["", "bytes=30000-"]


def test_nobody_listening_is_one_sentence(known, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    known(f"http://127.0.0.1:{port}/small.onnx")
    with pytest.raises(FetchError, match=rf":{port}/small\.onnx cannot be reached: .*refused") as caught:
        fetch("small", tmp_path)
    assert "\n" not in str(caught.value)
    assert "Max retries" not in str(caught.value)


def test_a_silent_server_and_one_that_drips_meet_their_limits(shelf, tmp_path):
    shelf.hold, shelf.gives = threading.Event(), 30_000
    part = tmp_path / "a.part"
    with pytest.raises(FetchError, match=r"broke off: .*[Tt]imed out"):
        http.download(shelf.url, part, Limits(largest=1 << 20, timeouts=(5, 0.1)))
    assert part.stat().st_size == 30_000
    with pytest.raises(FetchError, match="took longer than 0 s; what arrived is kept"):
        http.download(shelf.url, part, Limits(largest=1 << 20, deadline_s=0))


def test_the_proxy_of_the_environment_is_used(shelf, known, monkeypatch, tmp_path):
    known("http://weights.invalid/small.onnx")
    monkeypatch.setenv("http_proxy", shelf.url.removesuffix("/small.onnx"))
    assert fetch("small", tmp_path).path.read_bytes() == DATA


def test_a_file_without_a_published_hash_is_pinned_to_the_one_it_comes_with(shelf, known, tmp_path):
    known(shelf.url, **BARE)
    fetched = fetch("small", tmp_path)
    assert fetched.pinned == HASH
    assert f"pinned to sha256 {HASH}" in fetched.trust
    assert left(tmp_path) == ["small.onnx", "small.onnx.sha256"]
    assert load.find("small", tmp_path) == fetched.path
    fetched.path.write_bytes(DATA[::-1])
    with pytest.raises(WeightsError, match=rf"small\.onnx\.sha256 has {HASH}: it is another file"):
        load.find("small", tmp_path)


def test_the_pin_is_honoured_when_it_is_fetched_again(shelf, known, tmp_path):
    known(shelf.url, **BARE)
    fetch("small", tmp_path).path.unlink()
    shelf.data = DATA[::-1]
    with pytest.raises(FetchError, match=rf"small\.onnx\.sha256 has {HASH}"):
        fetch("small", tmp_path)
    assert left(tmp_path) == ["small.onnx.sha256"]
    pinning.pin_path(tmp_path / "small.onnx").unlink()  # the user wants the new one
    assert fetch("small", tmp_path).pinned == hashlib.sha256(DATA[::-1]).hexdigest()


def test_the_beginning_of_a_published_hash_is_checked_and_the_rest_pinned(shelf, known, tmp_path):
    known(shelf.url, sha256=HASH[:8])
    fetched = fetch("small", tmp_path)
    assert (fetched.published, fetched.pinned) == (HASH[:8], HASH)
    known(shelf.url, sha256="0" * 8, files=("other.onnx",))
    with pytest.raises(FetchError, match="small has 00000000"):
        fetch("small", tmp_path)


def test_a_pin_that_is_damaged_is_not_taken_for_none(shelf, known, tmp_path):
    known(shelf.url, **BARE)
    fetch("small", tmp_path)
    (tmp_path / "small.onnx.sha256").write_bytes(b"\xff\x00 nothing")
    with pytest.raises(WeightsError, match="does not begin with a sha256"):
        load.find("small", tmp_path)


def test_a_restricted_licence_must_be_accepted(shelf, known, tmp_path):
    known(shelf.url, weights_licence="CC BY-NC 4.0, non-commercial")
    with pytest.raises(LicenceError, match=r"weights CC BY-NC 4\.0, non-commercial; with --accept-licence"):
        fetch("small", tmp_path)
    assert shelf.asked == []
    assert fetch("small", tmp_path, accepted=True).path.read_bytes() == DATA


def test_a_folder_that_cannot_be_written_is_one_sentence(shelf, known, tmp_path):
    known(shelf.url)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match=r"small\.onnx\.part cannot be written: Not a directory"):
        fetch("small", tmp_path / "file" / "in")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_sentence(shelf, known, tmp_path):
    known(shelf.url)
    (tmp_path / "small.onnx.part").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"small\.onnx\.part cannot be written: No space left"):
        fetch("small", tmp_path)
    assert not load.has("small", tmp_path)


def test_without_the_extra_it_says_how_to_get_it(tmp_path):
    words = "from weights.fetch import fetch; import sys, pathlib; fetch('sam_vit_b', pathlib.Path(sys.argv[1]))"
    run = subprocess.run([sys.executable, "-S", "-c", words, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.splitlines()[-1].endswith("pip install 'cleanplate[fetch]' brings them")
    assert left(tmp_path) == []
