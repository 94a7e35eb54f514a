import dataclasses
import hashlib
import os
from pathlib import Path

import pytest

from stages.segment.choose import SEGMENTERS, TRACKERS
from stages.segment.detect.choose import WAYS
from weights import check, load, manifest
from weights.errors import WeightsError

GIVEN = Path(__file__).resolve().parents[2] / "shared" / "weights"
DATA = b"not a network, but somebody's bytes"


@pytest.fixture(autouse=True)
def nothing_of_the_user_is_looked_at(monkeypatch, tmp_path):
    monkeypatch.delenv("CLEANPLATE_WEIGHTS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def published(monkeypatch):
    """A manifest of one checkpoint that is DATA."""
    known = dataclasses.replace(
        manifest.manifest()["fastestdet"],
        files=("small.onnx", "small-v1.onnx"), bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest(),
    )  # fmt: skip
    monkeypatch.setattr(load, "manifest", lambda: {"fastestdet": known})
    return known


def save(folder, data=DATA, name="small.onnx"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def test_the_folder_given_comes_before_the_environment_and_that_before_the_cache(published, monkeypatch, tmp_path):
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path / "named"))
    given, named, cached = tmp_path / "given", tmp_path / "named", load.places()[-1]
    for folder in (cached, named, given):
        path = save(folder)
        assert load.find("fastestdet", given) == path


def test_a_file_is_also_known_by_the_name_that_its_authors_gave_it(published, tmp_path):
    path = save(tmp_path, name="small-v1.onnx")
    assert load.find("fastestdet", tmp_path) == path
    assert load.has("fastestdet", tmp_path)


def test_an_absent_file_is_one_sentence_with_all_that_is_needed_to_get_it(published, tmp_path):
    assert not load.has("fastestdet", tmp_path)
    with pytest.raises(WeightsError) as caught:
        load.find("fastestdet", tmp_path)
    told = str(caught.value)
    for needed in (str(tmp_path), str(load.places()[-1]), "small.onnx", published.urls[0], "BSD-3", published.without):
        assert needed in told


def test_a_file_that_is_cut_short_is_refused(published, tmp_path):
    save(tmp_path, DATA[:-1])
    with pytest.raises(WeightsError, match=f"has {len(DATA) - 1} bytes, fastestdet has {len(DATA)}"):
        load.find("fastestdet", tmp_path)


def test_a_file_with_other_content_is_refused(published, tmp_path):
    save(tmp_path, DATA[::-1])
    with pytest.raises(WeightsError, match="another file"):
        load.find("fastestdet", tmp_path)


def test_the_beginning_of_a_hash_is_enough_and_still_tells_files_apart(published, monkeypatch, tmp_path):
    short = dataclasses.replace(published, bytes=0, sha256=published.sha256[:8])
    monkeypatch.setattr(load, "manifest", lambda: {"fastestdet": short})
    assert load.find("fastestdet", save(tmp_path).parent)
    save(tmp_path, b"something else")
    with pytest.raises(WeightsError, match=short.sha256):
        load.find("fastestdet", tmp_path)


def test_a_file_is_hashed_once_and_again_when_it_has_changed(published, tmp_path):
    path = save(tmp_path)
    load.find("fastestdet", tmp_path)
    before = check._sha256.cache_info().misses
    load.find("fastestdet", tmp_path)
    assert check._sha256.cache_info().misses == before
    path.write_bytes(DATA[::-1])
    os.utime(path, ns=(1, 1))
    with pytest.raises(WeightsError):
        load.find("fastestdet", tmp_path)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(WeightsError, match=r"sam_vit_b.*fastestdet"):
        load.entry("yolo")


def test_every_entry_says_where_the_file_is_what_it_is_for_and_under_which_licence():
    for name in load.names():
        known = load.entry(name)
        assert known.name == name
        assert all((known.files, known.code_licence, known.weights_licence, known.serves, known.without))
        assert set(known.sha256) <= set("0123456789abcdef")
        assert len(known.sha256) in (0, 8, 64)
        assert all(file == Path(file).name for file in known.files)


def test_no_two_entries_claim_the_same_file_or_hash():
    known = [load.entry(name) for name in load.names()]
    files = [file for entry in known for file in entry.files]
    hashes = [entry.sha256 for entry in known if entry.sha256]
    assert len(set(files)) == len(files)
    assert len(set(hashes)) == len(hashes)


def test_addresses_are_https_except_where_the_authors_have_no_other():
    urls = {url for name in load.names() for url in load.entry(name).urls}
    assert {url for url in urls if not url.startswith("https://")} == {
        "http://www.robots.ox.ac.uk/~qwang/SiamMask_DAVIS.pth"
    }


def test_what_is_not_for_commerce_is_restricted():
    assert [name for name in load.names() if load.entry(name).restricted] == ["e2fgvi_hq"]


@pytest.mark.parametrize(
    "known",
    [*SEGMENTERS.values(), *TRACKERS.values(), *((way.checkpoint,) for way in WAYS.values() if way.checkpoint)],
    ids=str,
)
def test_every_checkpoint_that_a_stage_asks_for_is_known_and_says_so(known):
    assert all(load.entry(name).option for name in known)


@pytest.mark.skipif(not GIVEN.is_dir(), reason="needs the models in ../shared/weights")
@pytest.mark.parametrize("name", ["fastestdet", "nanotrack_backbone", "nanotrack_head", "selfie_segmentation"])
def test_the_published_files_are_what_the_manifest_says(name):
    assert load.find(name, GIVEN).parent == GIVEN
