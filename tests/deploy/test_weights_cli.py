"""`cleanplate weights` as it is typed: what it prints, what it leaves, how it ends."""

import dataclasses
import hashlib
import json

import pytest

from deploy.cli import main
from tests.weights.shelf import DATA, Shelf, serving
from weights import load, manifest

HASH = hashlib.sha256(DATA).hexdigest()
DONE, OUTPUT, OPTION, CHECKPOINT, FETCH = 0, 5, 6, 13, 14


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """The folder of the user's environment."""
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def shelf(monkeypatch):
    """A server of three checkpoints, which are DATA: of one the hash is published, one is restricted."""
    pytest.importorskip("gdown", reason="fetching needs the extra `fetch`")
    with serving(Shelf()) as shelf:
        plain = manifest.manifest()["fastestdet"]
        known = {
            name: dataclasses.replace(
                plain, name=name, files=(f"{name}.onnx",), urls=(shelf.url,), bytes=0, sha256=hash_
            )
            for name, hash_ in (("sure", HASH), ("bare", ""), ("closed", HASH))
        }
        known["closed"] = dataclasses.replace(known["closed"], weights_licence="non-commercial")
        monkeypatch.setattr(load, "manifest", lambda: known)
        yield shelf


def said(capfd, *words):
    """Run a command; return its exit code, what it printed, and its one sentence if there is one."""
    code = main(["weights", *map(str, words)])
    out, err = capfd.readouterr()
    sentences = [line.removeprefix("cleanplate: ") for line in err.splitlines() if line.startswith("cleanplate: ")]
    assert len(sentences) == (code != DONE)
    assert "Traceback" not in err
    assert "unexpected" not in err
    return code, out + err, "".join(sentences)


def test_the_list_is_within_100_columns_and_names_all_and_their_licences(capfd):
    code, out, _ = said(capfd, "list")
    assert code == DONE
    lines = out.splitlines()
    assert max(len(line) for line in lines[:-1]) <= 100
    for name in load.names():
        known = load.entry(name)
        line = next(line for line in lines if line.startswith(f"  {name} "))
        assert line.endswith(f"absent  {known.licence}")
    assert sum(line.endswith(":") or line[:1].strip() != "" for line in lines) == 7  # six groups and the last line


def test_the_list_says_what_is_here_and_how_it_is_checked(shelf, capfd, place):
    said(capfd, "fetch", "bare", "sure")
    _, out, _ = said(capfd, "list")
    assert f"{place}/sure.onnx" in out
    assert f"sha256 {HASH}, as published" in out
    assert f"pinned to sha256 {HASH}" in out
    assert out.count("absent") == 1


def test_json_has_all_that_is_known(shelf, capfd, place):
    said(capfd, "fetch", "bare")
    _, out, _ = said(capfd, "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert rows["bare"]["path"] == f"{place}/bare.onnx"
    assert (rows["bare"]["pinned"], rows["sure"]["pinned"], rows["sure"]["path"]) == (HASH, "", "")
    assert rows["sure"]["sha256"] == HASH
    assert rows["closed"]["weights_licence"] == "non-commercial"


def test_fetch_shows_the_licence_and_the_pin_and_no_bar_where_there_is_no_terminal(shelf, capfd, place):
    code, out, _ = said(capfd, "fetch", "bare")
    assert code == DONE
    assert out.splitlines() == [
        f"bare: {place}/bare.onnx, pinned to sha256 {HASH} (none is published)",
        "licence of bare: code BSD-3-Clause, weights none stated",
    ]


def test_a_restricted_licence_is_refused_without_the_flag(shelf, capfd, place):
    code, _, sentence = said(capfd, "fetch", "closed")
    assert code == OPTION
    assert "non-commercial; with --accept-licence it is fetched" in sentence
    assert not place.exists()
    assert said(capfd, "fetch", "closed", "--accept-licence")[0] == DONE


def test_no_network_has_its_own_exit_code(shelf, capfd):
    shelf.status = 404
    assert said(capfd, "fetch", "sure")[0] == FETCH


def test_a_place_that_cannot_be_written_is_one_of_output(shelf, capfd, place):
    place.write_text("no folder")
    assert said(capfd, "fetch", "sure")[0] == OUTPUT


def test_an_unknown_name_lists_the_known_ones(shelf, capfd):
    for words in (("fetch", "yolo"), ("add", "yolo", "x"), ("verify", "yolo")):
        code, out, _ = said(capfd, *words)
        assert code == CHECKPOINT
        assert "there is no checkpoint yolo, there are sure, bare, closed\n" in out


def test_add_takes_a_file_and_verify_finds_it_changed(shelf, capfd, place, tmp_path):
    (tmp_path / "download").write_bytes(DATA)
    assert said(capfd, "add", "bare", tmp_path / "download")[0] == DONE
    assert said(capfd, "add", "sure", tmp_path / "download")[0] == DONE
    code, out, _ = said(capfd, "verify")
    assert code == DONE
    assert [line.split(":")[0] for line in out.splitlines()] == ["sure", "bare"]
    (place / "bare.onnx").unlink()
    (place / "bare.onnx").write_bytes(DATA[::-1])
    code, out, sentence = said(capfd, "verify")
    assert code == CHECKPOINT
    assert sentence == "absent, or not what was published or pinned: bare"
    assert "if that is meant, delete the pin" in out
    assert f"sure: {place}/sure.onnx, sha256 {HASH}, as published" in out


def test_verify_of_one_that_is_absent_says_how_to_get_it(shelf, capfd):
    code, out, _ = said(capfd, "verify", "sure")
    assert code == CHECKPOINT
    assert "`cleanplate weights fetch sure` gets it from http://" in out


def test_an_option_says_where_checkpoints_lie(shelf, capfd, tmp_path):
    said(capfd, "fetch", "sure", "--weights", tmp_path / "other")
    assert (tmp_path / "other" / "sure.onnx").read_bytes() == DATA
    assert said(capfd, "verify", "sure")[0] == CHECKPOINT
    assert said(capfd, "verify", "sure", "--weights", tmp_path / "other")[0] == DONE
