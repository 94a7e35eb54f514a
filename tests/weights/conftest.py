"""Fixtures of the tests of weights: nothing of the user, a server that has DATA, and a manifest that knows it."""

import dataclasses

import pytest

from tests.weights.shelf import DATA, HASH, Shelf, serving
from weights import load, manifest

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def nothing_of_the_user_is_looked_at(monkeypatch, tmp_path):
    """Take the user's folder and proxies away; the cache is `cache`."""
    for name in ("CLEANPLATE_WEIGHTS", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shelf():
    """The server's shelf, to be told what to do, and what it was asked."""
    with serving(Shelf()) as shelf:
        yield shelf


@pytest.fixture
def known(monkeypatch):
    """Make the manifest one of a single checkpoint, `small`, that is DATA.

    What is called takes the addresses and whatever is to be different in the entry, and returns the entry.
    """

    def make(*urls, **changes):
        plain = {"name": "small", "files": ("small.onnx",), "urls": urls, "bytes": len(DATA), "sha256": HASH}
        entry = dataclasses.replace(manifest.manifest()["fastestdet"], **(plain | changes))
        monkeypatch.setattr(load, "manifest", lambda: {"small": entry})
        return entry

    return make
