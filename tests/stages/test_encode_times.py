"""When everything is shown: exactly when it was."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.errors import SinkError
from tests.clips import Clip, make
from tests.stages.encoded import cleaned, info_in, pieces, synthetic, times, written

MS = Fraction(1, 1000)
UNEVEN = (0, 3003, 6006, 6500, 9009, 13513, 30030, 33033, 33333, 36036, 40040, 40041, 45045)  # ticks of 1/90000 s
LATE = tuple(1234567 + tick for tick in UNEVEN)


def clip_of(pts: tuple[int, ...], **other: object) -> Clip:
    return Clip(frames=len(pts), pts=pts, time_base=Fraction(1, 90000), fps=30, **other)


def seconds(pts: tuple[int, ...]) -> list[Fraction]:
    return [Fraction(tick, 90000) for tick in pts]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "nut", "ts"])
@pytest.mark.parametrize("pts", [UNEVEN, LATE], ids=["from 0", "late"])
def test_every_frame_is_shown_at_its_exact_tick(tmp_path: Path, suffix: str, pts: tuple[int, ...]):
    target = tmp_path / f"out.{suffix}"
    list(encode(synthetic(clip_of(pts)), str(target), EncodeConfig()))
    assert times(target) == seconds(pts)


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
@pytest.mark.parametrize("pts", [UNEVEN, LATE], ids=["from 0", "late"])
def test_matroska_rounds_to_its_millisecond_and_no_further(tmp_path: Path, suffix: str, pts: tuple[int, ...]):
    target = tmp_path / f"out.{suffix}"
    list(encode(synthetic(clip_of(pts)), str(target), EncodeConfig()))
    found = times(target)
    assert len(found) == len(pts)
    assert all(abs(time - wanted) <= MS / 2 for time, wanted in zip(found, seconds(pts), strict=True))


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "mpeg4", "ffv1", "av1"])
def test_no_encoder_moves_a_frame(tmp_path: Path, codec: str):
    target = tmp_path / "out.mp4"
    list(encode(synthetic(clip_of(LATE, width=64, height=64)), str(target), EncodeConfig(codec=codec)))
    assert times(target) == seconds(LATE)


@pytest.mark.parametrize("base", [Fraction(1001, 30000), Fraction(1, 24), Fraction(1, 1_000_000), Fraction(1, 12800)])
def test_any_time_base_is_kept(tmp_path: Path, base: Fraction):
    step = max(1, int(Fraction(1, 25) / base))
    pts = tuple(step * (seq + 7) for seq in range(13))
    target = tmp_path / "out.mp4"
    list(encode(synthetic(Clip(pts=pts, time_base=base)), str(target), EncodeConfig()))
    assert times(target) == [tick * base for tick in pts]


def test_frames_before_zero_are_kept_where_they_can_be(tmp_path: Path):
    pts = tuple(range(-1024, 512 * 11, 512))
    clip = Clip(frames=len(pts), pts=pts, time_base=Fraction(1, 12800))
    list(encode(synthetic(clip), str(tmp_path / "out.mp4"), EncodeConfig()))
    with av.open(str(tmp_path / "out.mp4")) as file:
        found = [packet.pts for packet in file.demux(video=0) if packet.size]
    assert sorted(found) == list(pts)


def test_a_container_that_knows_no_time_before_zero_says_so(tmp_path: Path):
    clip = Clip(frames=3, pts=(-1, 0, 1))
    with pytest.raises(SinkError, match=r"frame 0 .*before 0.*\.mkv or \.mp4 would do"):
        list(encode(synthetic(clip), str(tmp_path / "out.nut"), EncodeConfig()))


def test_avi_keeps_a_steady_rate(tmp_path: Path):
    target = tmp_path / "out.avi"
    list(encode(synthetic(Clip(fps=24)), str(target), EncodeConfig()))
    assert times(target) == [Fraction(seq, 24) for seq in range(13)]


def test_avi_refuses_two_frames_in_one_place(tmp_path: Path):
    with pytest.raises(SinkError, match=r"frame 3 .*one every 1/30 s; \.mkv or \.mp4 would do"):
        list(encode(synthetic(clip_of(UNEVEN)), str(tmp_path / "out.avi"), EncodeConfig()))


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_the_last_frame_lasts_as_long_as_it_did(tmp_path: Path, suffix: str):
    target = tmp_path / f"out.{suffix}"
    *before, last = synthetic(clip_of(UNEVEN))
    last = replace(last, frame=replace(last.frame, duration=7001))
    list(encode([*before, last], str(target), EncodeConfig()))
    with av.open(str(target)) as file:
        stream = file.streams.video[0]
        assert stream.duration * stream.time_base == Fraction(UNEVEN[-1] + 7001, 90000)
        assert Fraction(file.duration, 1_000_000) == pytest.approx(Fraction(UNEVEN[-1] + 7001, 90000), abs=1e-5)


@pytest.mark.parametrize("frames", [1, 5, 13])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "ts", "avi", "nut"])
def test_short_clips_keep_their_length(tmp_path: Path, frames: int, suffix: str):
    target = tmp_path / f"out.{suffix}"
    list(encode(synthetic(Clip(frames=frames)), str(target), EncodeConfig()))
    assert times(target) == [Fraction(seq, 25) for seq in range(frames)]


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("mp4", "aac"), ("mp4", "libopus"), ("mov", "aac"), ("mkv", "aac"), ("mkv", "libopus"), ("ts", "aac")],
)
def test_sound_and_picture_stay_together(tmp_path: Path, suffix: str, codec: str):
    """The encoder of either sound begins before 0, to be discarded by the player."""
    source = make(tmp_path / "in.mkv", Clip(frames=40, audio=(codec,)))
    target = tmp_path / f"out.{suffix}"
    written(source, target)
    assert times(target) == times(source)
    before, after = pieces(source, "audio"), pieces(target, "audio")
    assert before[0].time < 0
    tolerance = MS if suffix == "mkv" else Fraction(1, 40000)  # of mov's own 1/48000, and of ts's 1/90000
    assert all(abs(new.time - old.time) <= tolerance for old, new in zip(before, after, strict=True))


def test_sound_that_begins_late_still_does(tmp_path: Path):
    pts = tuple(range(40 * 512, 80 * 512, 512))
    source = make(tmp_path / "in.mp4", Clip(frames=40, pts=pts, time_base=Fraction(1, 12800), audio=("aac",)))
    target = tmp_path / "out.mp4"
    written(source, target)
    assert times(target) == times(source)
    assert [piece.time for piece in pieces(target, "audio")] == [piece.time for piece in pieces(source, "audio")]


def test_keyframes_stay_where_they_were(tmp_path: Path):
    source = make(tmp_path / "in.mp4", Clip(frames=30, options={"g": "7", "sc_threshold": "0"}))
    target = tmp_path / "out.mp4"
    written(source, target)
    for path in (source, target):
        with av.open(str(path)) as file:
            keys = [frame.pts * frame.time_base * 25 for frame in file.decode(video=0) if frame.key_frame]
        assert keys == [0, 7, 14, 21, 28]


def test_a_source_of_keyframes_alone_does_not_make_one(tmp_path: Path):
    target = tmp_path / "out.mp4"
    source = make(tmp_path / "in.mkv", Clip(frames=60, codec="ffv1"))
    list(encode(cleaned(source), str(target), EncodeConfig(codec="h264")))
    with av.open(str(target)) as file:
        keys = [frame.pts * frame.time_base * 25 for frame in file.decode(video=0) if frame.key_frame]
    assert keys == [0, 50]  # every two seconds
    assert info_in(target).codec == "h264"


def test_avi_that_begins_late_keeps_all_but_the_first_frame_in_place(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    target = tmp_path / "out.avi"
    list(encode(synthetic(Clip(frames=5, pts=(3, 4, 5, 6, 7))), str(target), EncodeConfig()))
    assert times(target) == [Fraction(seq, 25) for seq in (0, 4, 5, 6, 7)]
    assert "avi begins at 0: the first frame is shown from there on" in caplog.messages
