"""What is not taken for the file, from a server that lies or is not there; and what a file is held to for good."""

import hashlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("gdown", reason="fetching needs the extra `fetch`")

from tests.weights.shelf import BARE, DATA, HASH, ROOT, left
from weights import http, load
from weights import pins as pinning
from weights.errors import FetchError, LicenceError, StoreError, WeightsError
from weights.fetch import fetch
from weights.limits import Limits


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
