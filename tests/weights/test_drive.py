"""Google Drive, whose part a proxy on this machine plays: what is ours of it is limits, names and sentences."""

import dataclasses
import shutil
import threading

import pytest

pytest.importorskip("gdown", reason="fetching needs the extra `fetch`")

from tests.weights.drive import QUOTA, certify, driving
from tests.weights.shelf import DATA, HASH, Shelf, left
from weights import http, load, manifest
from weights.drive import download
from weights.errors import FetchError
from weights.fetch import fetch
from weights.limits import Limits

FILE = {"Content-Type": "application/octet-stream", "Content-Disposition": 'attachment; filename="sttn.pth"'}

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="a certificate is made by openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certify(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def shelf(monkeypatch, certificate):
    """A file on Drive, known as `small`, of which nothing is published."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", f"{certificate}.crt")
    know(monkeypatch)
    return Shelf(headers={"ETag": '"1"', **FILE})


def know(monkeypatch, **changes):
    plain = dataclasses.replace(manifest.manifest()["sttn"], name="small", files=("small.pth",), bytes=0, sha256="")
    entry = dataclasses.replace(plain, **changes)
    monkeypatch.setattr(load, "manifest", lambda: {"small": entry})


@pytest.fixture
def drive(monkeypatch, shelf, certificate):
    with driving(shelf, certificate) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        yield


def test_a_file_comes_through_the_form_and_is_pinned(shelf, drive, tmp_path):
    steps = []
    fetched = fetch("small", tmp_path, progress=lambda done, total: steps.append((done, total)))
    assert fetched.path.read_bytes() == DATA
    assert fetched.pinned == HASH
    assert steps[-1] == (len(DATA), len(DATA))
    assert sorted(left(tmp_path)) == ["small.pth", "small.pth.sha256"]


BLOCK = 512 * 1024  # bytes that gdown keeps of what arrives, or a multiple


def test_an_interrupted_download_goes_on_where_it_stopped(shelf, drive, tmp_path):
    shelf.data, shelf.gives = DATA * 12, 600_000
    with pytest.raises(FetchError, match="broke off; what arrived is kept, and the same command goes on from there"):
        fetch("small", tmp_path)
    assert not load.has("small", tmp_path)
    shelf.gives = 1 << 30
    assert fetch("small", tmp_path).path.read_bytes() == shelf.data
    assert shelf.asked[-1] == f"bytes={BLOCK}-"
    assert sorted(left(tmp_path)) == ["small.pth", "small.pth.sha256"]


def test_a_file_that_has_changed_meanwhile_is_not_spliced(shelf, drive, tmp_path):
    shelf.data, shelf.gives = DATA * 12, 600_000
    with pytest.raises(FetchError):
        fetch("small", tmp_path)
    shelf.data, shelf.gives, shelf.resumes = DATA[::-1] * 12, 1 << 30, False
    with pytest.raises(FetchError, match=r"is another file now; .* try again"):
        fetch("small", tmp_path)
    assert left(tmp_path) == []
    assert fetch("small", tmp_path).path.read_bytes() == shelf.data


def test_a_download_that_takes_too_long_is_stopped(shelf, drive, tmp_path):
    shelf.gives, shelf.hold = 30_000, threading.Event()
    with pytest.raises(FetchError, match=r"took longer than 0\.3 s; what arrived is kept"):
        download(load.entry("small").urls[0], tmp_path / "a.part", Limits(largest=1 << 20, deadline_s=0.3))
    shelf.hold.set()


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"bytes": 7}], ids=["hash", "size"])
def test_another_file_is_refused_and_nothing_of_it_is_left(shelf, drive, monkeypatch, tmp_path, changes):
    know(monkeypatch, **changes)
    with pytest.raises(FetchError, match=r"another file|at most 7 were expected"):
        fetch("small", tmp_path)
    assert left(tmp_path) == []


def test_a_file_that_too_many_have_fetched_is_one_sentence(shelf, monkeypatch, certificate, tmp_path):
    with driving(shelf, certificate, QUOTA) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(FetchError, match=r"cannot be fetched: .*Too many users have viewed") as caught:
            fetch("small", tmp_path)
    assert "\n" not in str(caught.value)


def test_an_answer_that_gdown_does_not_understand_is_one_sentence(shelf, drive, tmp_path):
    del shelf.headers["Content-Type"]
    with pytest.raises(FetchError, match="cannot be fetched: KeyError"):
        fetch("small", tmp_path)


def test_a_certificate_of_nobody_is_not_trusted(shelf, drive, monkeypatch, tmp_path):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(FetchError, match="has a certificate that is not trusted: "):
        fetch("small", tmp_path)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_asks_by_https_is_not_sent_on_to_http(shelf, drive, tmp_path, scheme):
    target = f"{scheme}://drive.usercontent.google.com/download"
    url = f"https://drive.google.com/to/{target}"
    if scheme == "http":
        with pytest.raises(FetchError, match=f"sends on to {target}, which is not followed: another scheme"):
            http.download(url, tmp_path / "a.part", Limits(largest=1 << 20))
        assert shelf.asked == []
    else:
        http.download(url, tmp_path / "a.part", Limits(largest=1 << 20))
        assert (tmp_path / "a.part").read_bytes() == DATA
