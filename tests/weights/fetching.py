"""What the tests of fetching share: nothing of the user, a server that has DATA, and a manifest that knows it."""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from tests.weights.shelf import DATA, Shelf, serving
from weights import load, manifest

HASH = hashlib.sha256(DATA).hexdigest()
ROOT = Path(__file__).resolve().parents[2]
BARE = {"bytes": 0, "sha256": ""}  # as most authors publish
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def nothing_of_the_user_is_looked_at(monkeypatch, tmp_path):
    """Take the user's folder and proxies from every test of a module that imports this; the cache is `cache`."""
    for name in ("CLEANPLATE_WEIGHTS", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(name="shelf")
def served():
    """The server's shelf, to be told what to do, and what it was asked; a test asks for it as `shelf`."""
    with serving(Shelf()) as shelf:
        yield shelf


@pytest.fixture(name="known")
def manifest_of_one(monkeypatch):
    """Make the manifest one of a single checkpoint, `small`, that is DATA; a test asks for it as `known`.

    What is called takes the addresses and whatever is to be different in the entry, and returns the entry.
    """

    def make(*urls, **changes):
        plain = {"name": "small", "files": ("small.onnx",), "urls": urls, "bytes": len(DATA), "sha256": HASH}
        entry = dataclasses.replace(manifest.manifest()["fastestdet"], **(plain | changes))
        monkeypatch.setattr(load, "manifest", lambda: {"small": entry})
        return entry

    return make


def left(folder):
    """Return the names of what lies in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())
