"""The first of two passes finds what a window cannot, in bounded memory, and the second fills with it."""

import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.errors import SinkError, SourceError
from stages.inpaint.chunks import ChunkPlan, chunked
from stages.inpaint.engine import EngineOptions
from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from stages.inpaint.propagate.records import Reader, Writer, squeezed
from stages.inpaint.propagate.survey import NAME, survey
from stages.inpaint.propagate.sweep import EARLIER, LATER, sweep
from tests.stages.fills import filled, luma_errors, off, same
from tests.stages.scenes import (
    FORMATS,
    GREEN,
    MAGENTA,
    Scene,
    box,
    none,
    pan,
    play,
    standing,
    still,
    texture,
)
from transport.messages import Box, CleanFrame, Mask, MaskedFrame, PictureFormat

PLAIN = EngineOptions(fill="faithful")
LEAVES = 40  # the frame in which what stands begins to walk

every_way = pytest.mark.parametrize("fill", ["sharp", "faithful"])


def leaving(seq: int) -> np.ndarray:  # type: ignore[type-arg]
    """Where an object is that stands, and then walks off."""
    return box(20 + 3 * max(seq - LEAVES + 1, 0), 14, 12, 16)


def coming(seq: int) -> np.ndarray:  # type: ignore[type-arg]
    """Where an object is that walks in, and then stands."""
    return box(20 + 3 * max(20 - seq, 0), 14, 12, 16)


def passed(frames: list[MaskedFrame], folder: Path, options: EngineOptions = PLAIN) -> EngineOptions:
    """Do the first pass over some frames; return what the second is told."""
    reach = find_engine("propagate", options).reach
    assert list(survey(frames, folder)) == [each.frame.seq for each in frames]
    for direction, nearest in ((LATER, reach.look_ahead + 1), (EARLIER, 1)):
        for _ in sweep(folder, frames[0].frame.format, direction, nearest):
            pass
    return replace(options, foresight=str(folder))


def twice(frames: list[MaskedFrame], folder: Path, options: EngineOptions = PLAIN) -> list[CleanFrame]:
    """Return the frames, filled by two passes."""
    return filled(frames, find_engine("propagate", passed(frames, folder, options)))


@every_way
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_what_stands_for_long_and_leaves_is_known_from_the_first_frame_on(
    tmp_path: Path, pixel_format: str, fill: str
) -> None:
    options = EngineOptions(fill=fill)
    scene = Scene(background=still(), hole=leaving, count=LEAVES + 15)
    frames = play(scene, MAGENTA, pixel_format)
    assert off(twice(frames, tmp_path, options), scene) <= 1
    assert off(filled(frames, find_engine("propagate", options)), scene) > 10


def test_a_large_picture_is_filled_at_full_size(tmp_path: Path) -> None:
    tile = np.tile(texture(160, 120), (2, 5, 1))
    hole = [box(100 + 24 * max(seq - 20, 0), 60, 96, 80, size=(800, 240)) for seq in range(30)]
    scene = Scene(background=lambda seq: tile, hole=lambda seq: hole[seq], count=30)
    assert off(twice(play(scene), tmp_path), scene) <= 1


def test_a_moving_camera_is_helped_by_what_it_sees_much_later(tmp_path: Path) -> None:
    """It takes 12 frames to pass the hole: a window of six leaves the far half of it unknown at first."""
    scene = Scene(background=pan(1.0), hole=standing, count=40)
    frames = play(scene)
    one, two = (
        luma_errors(each, scene)[:10].mean()
        for each in (filled(frames, find_engine("propagate", PLAIN)), twice(frames, tmp_path))
    )
    assert two < 0.5 * one


def test_a_camera_slower_than_half_a_pixel_a_frame_is_followed(tmp_path: Path) -> None:
    """Step by step from pixel to pixel, a point would stay where it is for ever."""
    scene = Scene(background=pan(0.4), hole=lambda seq: box(26, 14, 12, 16), count=60)
    frames = play(scene)
    one, two = (
        luma_errors(each, scene)[:20].mean()
        for each in (filled(frames, find_engine("propagate", PLAIN)), twice(frames, tmp_path))
    )
    assert two < 0.6 * one


def test_what_was_seen_long_before_a_chunk_is_known_in_it(tmp_path: Path) -> None:
    scene = Scene(background=still(), hole=coming, count=60)
    frames = play(scene)
    kind = find_engine("propagate", passed(frames, tmp_path))
    plan = ChunkPlan(length=10, lead_in=kind.reach.lead_in, look_ahead=kind.reach.look_ahead)
    assert off([clean for chunk in chunked(frames, plan) for clean in inpaint(chunk, kind)], scene) <= 1
    plain = find_engine("propagate", PLAIN)
    assert off([clean for chunk in chunked(frames, plan) for clean in inpaint(chunk, plain)], scene) > 10


def test_a_hole_that_is_gone_for_a_frame_is_filled_from_that_frame(tmp_path: Path) -> None:
    scene = Scene(background=still(), hole=lambda seq: none() if seq == 30 else standing(seq), count=60)
    assert off(twice(play(scene), tmp_path), scene) <= 1


BACKGROUNDS = {"still": still(), "slow": pan(0.4), "fast": pan(2.0)}


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_nothing_of_the_object_is_seen_in_any_pass(tmp_path: Path, name: str) -> None:
    scene = Scene(background=BACKGROUNDS[name], hole=leaving, count=50)
    results = []
    for index, colour in enumerate((MAGENTA, GREEN)):
        folder = tmp_path / str(index)
        folder.mkdir()
        results.append(twice(play(scene, colour), folder))
    assert all(same(one, other) for one, other in zip(*results, strict=True))


def test_nothing_comes_from_beyond_a_cut(tmp_path: Path) -> None:
    """The second shot shows all of another place, where the first one's hole was."""
    one, other = still(seed=3), still(seed=4)
    results = []
    for index, after in enumerate((one, other)):
        scene = Scene(
            background=lambda seq, after=after: one(seq) if seq < 20 else after(seq),  # type: ignore[misc]
            hole=lambda seq: standing(seq) if seq < 20 else box(2, 2, 8, 8),
            shot=lambda seq: seq // 20,
            count=40,
        )
        folder = tmp_path / str(index)
        folder.mkdir()
        results.append(twice(play(scene), folder)[:20])
    assert all(same(one, other) for one, other in zip(*results, strict=True))


def test_what_is_known_of_a_frame_does_not_depend_on_where_a_chunk_begins(tmp_path: Path) -> None:
    """A hole whose every pixel is shown far away only: no two chunks see different frames of it nearby."""
    scene = Scene(background=still(), hole=leaving, count=LEAVES + 15)
    frames = play(scene)
    kind = find_engine("propagate", passed(frames, tmp_path))
    whole = filled(frames, kind)
    for start in (7, 19):
        part = filled(frames[start:34], kind)
        assert all(same(one, other) for one, other in zip(part[:10], whole[start:], strict=False))


def test_masks_that_hide_nothing_are_no_holes(tmp_path: Path) -> None:
    scene = Scene(background=still(), hole=lambda seq: none() if 20 <= seq < 25 else standing(seq), count=45)
    frames = play(scene)
    nothing = Mask(box=Box(x=20, y=20, width=8, height=8), alpha=np.zeros((8, 8), np.uint8))
    frames[20:25] = [replace(masked, mask=nothing) for masked in frames[20:25]]
    cleaned = twice(frames, tmp_path)
    assert off(cleaned[:20] + cleaned[25:], scene) <= 1


def test_no_frame_at_all_without_a_hole_is_looked_for(tmp_path: Path) -> None:
    frames = play(Scene(background=pan(1.0), hole=lambda seq: none(), count=8))
    passed(frames, tmp_path)
    reader = Reader(tmp_path / NAME, NAME, frames[0].frame.format)
    assert [reader.get(seq) for seq in range(8)] == [None] * 8


def test_the_first_pass_holds_no_more_over_a_longer_video(tmp_path: Path) -> None:
    scene = Scene(background=pan(0.5), hole=lambda seq: box(4 + seq % 40, 14, 12, 16), count=40)
    clip = play(scene)
    peaks = []
    for count in (200, 1000):
        folder = tmp_path / str(count)
        folder.mkdir()
        endless = (moved_to(clip[seq % 40], seq) for seq in range(count))
        steps = survey(endless, folder)
        for _ in range(50):
            next(steps)
        peaks.append(peak_of(steps))
        for direction in (LATER, EARLIER):
            peaks.append(peak_of(sweep(folder, clip[0].frame.format, direction, 7)))
    for short, long in zip(peaks[:3], peaks[3:], strict=True):
        assert long < 1.2 * short + 100_000


def moved_to(masked: MaskedFrame, seq: int) -> MaskedFrame:
    """Return a frame at another place in the stream."""
    return replace(masked, frame=replace(masked.frame, seq=seq, pts=seq))


def peak_of(steps: object) -> int:
    """Return the bytes of Python's and numpy's objects that were held at most beside what was held before."""
    tracemalloc.start()
    try:
        for _ in steps:  # type: ignore[attr-defined]
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def surveyed(tmp_path: Path) -> tuple[list[MaskedFrame], EngineOptions]:
    """A clip, and the files of its first pass."""
    frames = play(Scene(background=still(), hole=leaving, count=50))
    return frames, passed(frames, tmp_path)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a survey cut short": (lambda at: cut_short(at / "survey"), r"survey cannot be read: the record of frame \d+ has"),
    "pointers cut short": (lambda at: cut_short(at / "later"), r"later cannot be read: the record of frame \d+ has"),
    "a foreign file": (lambda at: (at / "survey").write_bytes(b"x" * 999), r"it is not the survey of this video"),
    "nothing": (lambda at: (at / "survey").write_bytes(b""), r"it is not the survey of this video"),
    "a missing file": (lambda at: (at / "later").unlink(), r"later cannot be read: no such file"),
    "a missing index": (lambda at: (at / "later.index").unlink(), r"later.* cannot be read: no such file"),
    "noise for an index": (lambda at: (at / "later.index").write_bytes(b"\x7f" * 999), r"later cannot be read"),
    "one file for another": (lambda at: shutil.copy(at / "later", at / "survey"), r"it is not the survey"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_one_sentence(
    tmp_path: Path, surveyed: tuple[list[MaskedFrame], EngineOptions], name: str
) -> None:
    frames, options = surveyed
    damage, says = DAMAGE[name]
    damage(tmp_path)
    with pytest.raises(SourceError, match=says) as caught:
        filled(frames, find_engine("propagate", options))
    assert "\n" not in str(caught.value)


def test_the_files_of_another_video_are_refused(
    tmp_path: Path, surveyed: tuple[list[MaskedFrame], EngineOptions]
) -> None:
    _, options = surveyed
    other = play(Scene(background=still(), hole=lambda seq: box(10, 10, 20, 20), count=30))
    with pytest.raises(SourceError, match=r"its hole has \d+ points, \d+ expected"):
        filled(other, find_engine("propagate", options))
    larger = play(Scene(background=still(80, 48), hole=lambda seq: box(2, 2, 9, 9, size=(80, 48)), count=3))
    with pytest.raises(SourceError, match="it is not the survey of this video"):
        filled(larger, find_engine("propagate", options))


def test_a_file_that_is_there_already_is_not_overwritten(tmp_path: Path) -> None:
    picture = PictureFormat(width=8, height=8, pixel_format="gray")
    Writer(tmp_path / "a", "a", picture).close()
    with pytest.raises(SinkError, match="file exists"):
        Writer(tmp_path / "a", "a", picture)


def test_records_come_back_in_any_order_and_others_are_none(tmp_path: Path) -> None:
    picture = PictureFormat(width=8, height=8, pixel_format="gray")
    writer = Writer(tmp_path / "a", "a", picture)
    for seq in (3, 0, 900):
        writer.add(seq, [squeezed(np.full(4, seq, np.uint16))])
    writer.close()
    reader = Reader(tmp_path / "a", "a", picture)
    assert reader.end == 901
    for seq in (900, 0, 3):
        cursor = reader.get(seq)
        assert cursor is not None
        assert cursor.array(np.uint16, 4).tolist() == [seq] * 4
        with pytest.raises(SourceError, match="ends 4 bytes too early"):
            cursor.array(np.uint16, 1)
    assert reader.get(1) is reader.get(901) is None
