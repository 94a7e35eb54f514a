"""Files that the user has fetched: taken in, checked, pinned."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.weights.shelf import DATA, HASH
from weights import load
from weights.errors import StoreError, WeightsError
from weights.pins import pin, pin_of
from weights.store import add, stored


@pytest.fixture
def downloaded(tmp_path):
    """What a browser left."""
    file = tmp_path / "download (1).onnx"
    file.write_bytes(DATA)
    return file


def test_a_file_is_taken_in_under_its_name_without_a_copy(known, downloaded, tmp_path):
    known()
    added = add("small", downloaded, tmp_path / "weights")
    assert load.find("small", tmp_path / "weights") == added.path
    assert added.path.samefile(downloaded)
    assert list(added.path.parent.iterdir()) == [added.path]


def test_a_link_is_followed(known, downloaded, tmp_path):
    known()
    (tmp_path / "link").symlink_to(downloaded)
    assert add("small", tmp_path / "link", tmp_path / "weights").path.read_bytes() == DATA
    assert not (tmp_path / "weights" / "small.onnx").is_symlink()


def test_a_file_of_another_file_system_is_copied(known, tmp_path):
    known(bytes=0, sha256="")
    foreign = Path("/proc/self/limits")
    if not foreign.exists():
        pytest.skip("this system has no /proc, whose files cannot be linked")
    assert add("small", foreign, tmp_path).path.read_bytes().startswith(b"Limit")


@pytest.mark.parametrize("changes", [{"sha256": "0" * 64}, {"sha256": "0" * 8}, {"bytes": 7}], ids=str)
def test_another_file_is_refused_and_leaves_nothing(known, downloaded, tmp_path, changes):
    known(**changes)
    with pytest.raises(WeightsError, match=r"download \(1\)\.onnx has .*another file"):
        add("small", downloaded, tmp_path / "weights")
    assert list(tmp_path.iterdir()) == [downloaded]


def test_what_was_there_stays_where_the_new_one_is_refused(known, downloaded, tmp_path):
    known(bytes=0, sha256="")
    added = add("small", downloaded, tmp_path / "weights")
    (tmp_path / "other").write_bytes(DATA[::-1])
    with pytest.raises(WeightsError, match=rf"small\.onnx\.sha256 has {HASH}"):
        add("small", tmp_path / "other", tmp_path / "weights")
    assert added.path.read_bytes() == DATA


def test_a_file_that_lies_there_already_is_pinned_where_it_is(known, tmp_path):
    known(bytes=0, sha256="")
    (tmp_path / "small.onnx").write_bytes(DATA)
    assert add("small", tmp_path / "small.onnx", tmp_path).pinned == HASH
    (tmp_path / "small.onnx").write_bytes(DATA[::-1])
    with pytest.raises(WeightsError):
        load.find("small", tmp_path)


def test_a_file_put_there_by_hand_is_found_and_said_to_be_unchecked(known, tmp_path):
    known(bytes=0, sha256="")
    (tmp_path / "small.onnx").write_bytes(DATA)
    assert load.find("small", tmp_path)
    assert "not pinned (none is published)" in stored(load.entry("small"), tmp_path / "small.onnx").trust


def test_no_file_and_no_room_are_one_sentence_each(known, downloaded, tmp_path):
    known()
    with pytest.raises(WeightsError, match="gone is no file"):
        add("small", tmp_path / "gone", tmp_path)
    with pytest.raises(WeightsError, match="is no file"):
        add("small", tmp_path, tmp_path)
    with pytest.raises(StoreError, match=r"small\.onnx cannot be written: Not a directory"):
        add("small", downloaded, downloaded / "in")


def test_a_pin_is_what_sha256sum_reads(tmp_path):
    (tmp_path / "a.pth").write_bytes(DATA)
    pin(tmp_path / "a.pth", HASH)
    assert pin_of(tmp_path / "a.pth") == HASH
    subprocess.run(["sha256sum", "--check", "--strict", "a.pth.sha256"], cwd=tmp_path, check=True, capture_output=True)


@given(st.binary(max_size=100))
def test_no_pin_is_anything_but_a_hash_or_an_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "a.pth"
    path.with_name("a.pth.sha256").write_bytes(text)
    try:
        found = pin_of(path)
    except WeightsError:
        return
    assert text.startswith(found.encode())
    assert len(found) == 64
