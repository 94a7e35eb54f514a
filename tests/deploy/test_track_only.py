"""Masks written instead of a clean video, looked at, and given back."""

import cv2
import numpy as np
import pytest

from deploy.config import Job
from deploy.display import Observer
from stages.pixels import luma
from stages.segment.config import SegmentConfig
from stages.segment.prompts import Prompts
from tests.clips import Clip, make
from tests.runs import LOSSLESS, cleanplate, frames_of, run, times_of
from transport.messages import Box

REGION = Prompts(regions=(Box(x=20, y=10, width=16, height=12),))


def masks_job(source, target, **more):
    wide = SegmentConfig(dilate=5, feather=3)
    return Job(source=str(source), target=str(target), prompts=REGION, segment=wide, track_only=True, **more)


@pytest.fixture
def clip(tmp_path):
    make(tmp_path / "in.mkv", Clip(frames=9, codec="ffv1"))
    return tmp_path / "in.mkv"


def expected(frame):
    plane = np.zeros((frame.format.height, frame.format.width), np.uint8)
    plane[10:22, 20:36] = 255
    return plane


def test_masks_are_written_as_pictures_of_the_objects_alone(clip, tmp_path):
    outcome = run(masks_job(clip, f"{tmp_path}/masks/"))
    ledger = outcome.ledger
    assert (outcome.code, ledger.frames_in, ledger.frames_out, ledger.filled) == (0, 9, 9, 9)
    pictures = sorted((tmp_path / "masks").iterdir())
    assert len(pictures) == 9
    for picture in pictures:
        assert np.array_equal(cv2.imread(str(picture), cv2.IMREAD_UNCHANGED), expected(frames_of(clip)[0]))


def test_masks_are_written_as_a_lossless_video_with_the_times_of_the_source(clip, tmp_path):
    assert run(masks_job(clip, tmp_path / "masks.mkv")).code == 0
    assert times_of(tmp_path / "masks.mkv") == times_of(clip)
    for frame in frames_of(tmp_path / "masks.mkv"):
        assert np.array_equal(luma(frame), expected(frame))


def test_an_overlay_shows_the_masks_and_leaves_the_rest_alone(clip, tmp_path):
    assert run(masks_job(clip, tmp_path / "masks.mkv", overlay=f"{tmp_path}/look.mkv", encode=LOSSLESS)).code == 0
    for before, after in zip(frames_of(clip), frames_of(tmp_path / "look.mkv"), strict=True):
        changed = luma(before) != luma(after)
        assert changed[10:22, 20:36].mean() > 0.9
        assert not changed[expected(before) == 0].any()


def test_masks_given_back_do_what_tracking_did(clip, tmp_path):
    plain = Job(source=str(clip), target=str(tmp_path / "a.mkv"), prompts=REGION, encode=LOSSLESS, engine="telea")
    assert run(plain).code == 0
    assert run(masks_job(clip, tmp_path / "masks.mkv")).code == 0
    words = ["--mask", f"{tmp_path}/masks.mkv", "--engine", "telea", "--codec", "ffv1"]
    done = cleanplate("remove", str(clip), f"{tmp_path}/b.mkv", *words)
    assert done.returncode == 0, done.stderr
    for one, other in zip(frames_of(tmp_path / "a.mkv"), frames_of(tmp_path / "b.mkv"), strict=True):
        assert all(map(np.array_equal, one.planes, other.planes))


def test_what_goes_on_is_shown(clip, tmp_path):
    seen = []
    observer = Observer()
    run(masks_job(clip, tmp_path / "masks.mkv"), show=lambda supervisor: seen.append(observer.look(supervisor).rows))
    assert {row.stage for rows in seen for row in rows} == {"track"}


def test_the_words_for_it(clip, tmp_path):
    what = ["--region", "20,10,16,12", "--track-only", f"{tmp_path}/masks/", "--overlay", f"{tmp_path}/look.mkv"]
    done = cleanplate("remove", str(clip), *what)
    assert (done.returncode, done.stdout.count("in 9 = out 9")) == (0, 1), done.stderr
    assert len(list((tmp_path / "masks").iterdir())) == 9
    assert len(frames_of(tmp_path / "look.mkv")) == 9


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("clean.mkv --track-only masks/", 6, "leave clean.mkv out"),
        ("clean.mkv --overlay look.mkv", 6, "give both"),
        ("--track-only masks/ --inline", 6, "leave --inline out"),
        ("--track-only masks/ --passes 2", 6, "no use for --passes"),
        ("--track-only masks.webm", 6, "codec ffv1 cannot be used in masks.webm"),
        ("--track-only masks.mkv --overlay masks.mkv", 5, "needs a file or folder of its own"),
        ("--track-only in.mkv --force", 5, "is the input itself"),
        ("", 5, "the output has no name"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(words, code, sentence, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cleanplate("remove", "in.mkv", *words.split(), "--region", "20,10,16,12")
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
