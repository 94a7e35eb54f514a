"""Decode: every frame once, in order, with its own samples and its exact time."""

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from stages.decode.clock import Clock
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode, probe
from stages.errors import SourceError
from tests.clips import Clip, make, make_folder, number, planes
from transport.messages import Chapter, Frame, Packet, StreamInfo

CONFIG = DecodeConfig()


def read(source: Path | str, config: DecodeConfig = CONFIG) -> tuple[StreamInfo, list[Frame], list[Packet]]:
    messages = list(decode(str(source), config))
    info = messages[0]
    assert isinstance(info, StreamInfo)
    frames = [message for message in messages if isinstance(message, Frame)]
    packets = [message for message in messages if isinstance(message, Packet)]
    assert len(frames) + len(packets) + 1 == len(messages)
    return info, frames, packets


def assert_exact(frames: list[Frame]) -> None:
    for frame in frames:
        for found, right in zip(frame.planes, planes(frame.seq, frame.format), strict=True):
            assert found.flags.c_contiguous
            assert found.dtype == right.dtype
            np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format"),
    [
        ("yuv420p.mkv", "ffv1", "yuv420p"),
        ("yuv422p10.mkv", "ffv1", "yuv422p10le"),
        ("yuv444p.mkv", "ffv1", "yuv444p"),
        ("yuva420p.mkv", "ffv1", "yuva420p"),
        ("gray16.mkv", "ffv1", "gray16le"),
        ("nv12.nut", "rawvideo", "nv12"),
        ("rgb24.nut", "rawvideo", "rgb24"),
        ("bgr24.avi", "rawvideo", "bgr24"),
        ("gbrp.avi", "utvideo", "gbrp"),
        ("gbrp10.mkv", "ffv1", "gbrp10le"),
    ],
)
@pytest.mark.parametrize("size", [(64, 48), (63, 37)])
def test_every_sample_comes_out_as_it_went_in(tmp_path, name, codec, pixel_format, size):
    width, height = size
    clip = Clip(codec=codec, pixel_format=pixel_format, width=width, height=height, frames=5)
    info, frames, _ = read(make(tmp_path / name, clip))
    assert info.format.pixel_format == pixel_format
    assert (info.format.width, info.format.height) == size
    assert len(frames) == 5
    assert_exact(frames)


@pytest.mark.parametrize("frames", [1, 5, 13])
def test_every_frame_comes_once_and_in_order_through_b_frames(tmp_path, frames):
    info, found, _ = read(make(tmp_path / "clip.mp4", Clip(frames=frames)))
    assert [number(frame) for frame in found] == list(range(frames))
    assert [frame.seq for frame in found] == list(range(frames))
    assert info.frames == frames
    assert found[0].key


def test_key_frames_are_the_sources_own(tmp_path):
    clip = Clip(frames=13, options={"g": "4", "keyint_min": "4", "sc_threshold": "0"})
    _, frames, _ = read(make(tmp_path / "clip.mp4", clip))
    assert [frame.seq for frame in frames if frame.key] == [0, 4, 8, 12]


@pytest.mark.parametrize(
    ("name", "base"), [("vfr.mkv", Fraction(1, 1000)), ("vfr.mp4", Fraction(1, 90000)), ("vfr.mov", Fraction(1, 600))]
)
def test_a_variable_frame_rate_keeps_its_times(tmp_path, name, base):
    pts = (0, 40, 55, 100, 333, 334, 900)
    info, frames, _ = read(make(tmp_path / name, Clip(frames=7, pts=pts, time_base=base)))
    assert [frame.pts * Fraction(*info.time_base) for frame in frames] == [tick * base for tick in pts]


def test_times_need_not_start_at_zero(tmp_path):
    pts = tuple(range(5000, 5013))
    info, frames, _ = read(make(tmp_path / "late.mkv", Clip(codec="ffv1", pts=pts, time_base=Fraction(1, 1000))))
    assert [frame.pts for frame in frames] == list(pts)
    assert info.time_base == (1, 1000)


def test_an_avi_with_b_frames_has_rising_evenly_spaced_times(tmp_path, caplog):
    _, frames, _ = read(make(tmp_path / "clip.avi", Clip()))
    assert [number(frame) for frame in frames] == list(range(13))
    assert {after.pts - before.pts for before, after in pairwise(frames)} == {1}
    assert "did not rise" not in caplog.text


def test_what_the_file_says_of_its_pictures_is_handed_on(tmp_path):
    clip = Clip(rotation=90, sample_aspect=Fraction(4, 3), color=(1, 9, 9, 16), metadata={"title": "a plate"})
    info, frames, _ = read(make(tmp_path / "clip.mp4", clip))
    picture = info.format
    assert (picture.color_range, picture.matrix, picture.primaries, picture.transfer) == (1, 9, 9, 16)
    assert (picture.rotation, picture.sample_aspect) == (90, (4, 3))
    assert (info.codec, info.frame_rate, info.metadata["title"]) == ("h264", (25, 1), "a plate")
    assert all(frame.format == picture for frame in frames)


def test_full_range_is_a_tag_and_not_a_pixel_format(tmp_path):
    info, _, _ = read(make(tmp_path / "clip.mp4", Clip(color=(2, 1, 1, 1), frames=2)))
    assert (info.format.pixel_format, info.format.color_range) == ("yuv420p", 2)


def test_chapters_are_handed_on(tmp_path):
    chapters = tuple(
        Chapter(id=i, start=i * 200, end=(i + 1) * 200, time_base=(1, 1000), metadata={"title": f"part {i}"})
        for i in (1, 2)
    )
    info, _, _ = read(make(tmp_path / "clip.mkv", Clip(chapters=chapters)))
    found = [
        (c.start * Fraction(*c.time_base), c.end * Fraction(*c.time_base), c.metadata["title"]) for c in info.chapters
    ]
    assert found == [(Fraction(1, 5), Fraction(2, 5), "part 1"), (Fraction(2, 5), Fraction(3, 5), "part 2")]


READ_STDIN = (
    "from stages.decode.decode import decode; from stages.decode.config import DecodeConfig\n"
    "from transport.messages import Frame; from tests.clips import number\n"
    "print([number(m) for m in decode('-', DecodeConfig()) if isinstance(m, Frame)])"
)


def test_a_source_comes_through_a_pipe(tmp_path):
    data = make(tmp_path / "clip.mkv", Clip(codec="ffv1", audio=("pcm_s16le",))).read_bytes()
    command = [sys.executable, "-c", READ_STDIN]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    assert done.stderr.decode() == ""
    assert done.stdout.decode().strip() == str(list(range(13)))


def test_a_file_as_standard_input_may_have_its_index_at_the_end(tmp_path):
    with make(tmp_path / "clip.mp4", Clip(width=640, height=480)).open("rb") as file:
        command = [sys.executable, "-c", READ_STDIN]
        done = subprocess.run(command, stdin=file, capture_output=True, timeout=60, check=False)
    assert done.stderr.decode() == ""
    assert done.stdout.decode().strip() == str(list(range(13)))


def test_images_play_in_natural_order_at_the_asked_rate(tmp_path):
    clip = Clip(codec="png", pixel_format="rgb24")
    folder = make_folder(tmp_path / "shot", clip, [f"img{i}.png" for i in range(12)])
    (folder / "notes.txt").write_text("not an image")
    info, frames, packets = read(folder, DecodeConfig(fps=Fraction(24000, 1001)))
    assert [number(frame) for frame in frames] == list(range(12))
    assert_exact(frames)
    assert [frame.pts for frame in frames] == list(range(12))
    assert (info.time_base, info.codec, info.container, info.frames) == ((1001, 24000), "png", "image2", 12)
    assert packets == []


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix"),
    [("mjpeg", "yuvj420p", "jpg"), ("tiff", "rgb24", "tif"), ("libwebp", "yuv420p", "webp")],
)
def test_images_of_other_kinds_are_read(tmp_path, codec, pixel_format, suffix):
    clip = Clip(codec=codec, pixel_format=pixel_format)
    folder = make_folder(tmp_path / "shot", clip, [f"{i}.{suffix}" for i in range(3)])
    _, frames, _ = read(folder)
    assert [number(frame) for frame in frames] == [0, 1, 2]


def test_a_loop_goes_on_with_frames_times_and_packets(tmp_path):
    path = make(tmp_path / "clip.mp4", Clip(audio=("aac",)))
    _, once, packets_once = read(path)
    info, frames, packets = read(path, DecodeConfig(loop=3))
    assert [number(frame) for frame in frames] == [*range(13)] * 3
    assert [frame.seq for frame in frames] == list(range(39))
    assert all(after.pts > before.pts for before, after in pairwise(frames))
    assert all(after.pts > before.pts for before, after in pairwise(packets))
    assert len(packets) == 3 * len(packets_once)
    period = (frames[13].pts - once[0].pts) * Fraction(*info.time_base)
    sound = (packets[len(packets_once)].pts - packets[0].pts) * Fraction(*packets[0].time_base)
    assert abs(period - sound) <= Fraction(*info.time_base)  # picture and sound go round together, to a tick


def test_times_that_do_not_rise_are_moved_by_a_tick_and_counted(caplog):
    clock = Clock(name="clip", time_base=Fraction(1, 1000), step=40)
    given = [(0, 40), (40, 40), (40, 40), (30, 40), (None, 40), (200, 40)]
    assert [clock.place(pts, duration) for pts, duration in given] == [0, 40, 41, 42, 82, 200]
    clock.report()
    assert "2 time stamps did not rise" in caplog.text


def test_a_clock_that_is_set_anew_goes_on_where_it_was():
    clock = Clock(name="clip", time_base=Fraction(1, 1000), step=40)
    assert [clock.place(pts, 40) for pts in (9000, 9040, 0, 40, 100)] == [9000, 9040, 9080, 9120, 9180]


def test_recordings_that_were_joined_play_one_after_the_other(tmp_path, caplog):
    path = make(tmp_path / "clip.ts", Clip(frames=60, audio=("aac",)))
    path.write_bytes(2 * path.read_bytes())
    _, frames, packets = read(path)
    assert [number(frame) for frame in frames] == [*range(60)] * 2
    assert {after.pts - before.pts for before, after in pairwise(frames)} == {3600}
    assert all(0 < after.pts - before.pts < 4000 for before, after in pairwise(packets))  # a block is 1920 ticks
    assert "the clock falls back" in caplog.text


def test_a_broadcast_that_is_joined_on_the_way_begins_at_its_next_key_frame(tmp_path):
    path = make(tmp_path / "clip.ts", Clip(frames=30))
    path.write_bytes(path.read_bytes()[20 * 188 :])
    _, frames, _ = read(path)
    assert [number(frame) for frame in frames] == list(range(12, 30))


def test_a_mirrored_video_is_said_to_lose_that(tmp_path, caplog):
    with av.open(str(tmp_path / "clip.mp4"), "w") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(90, hflip=True)
        frame = av.VideoFrame(64, 48, "yuv420p")
        frame.pts = 0
        output.mux([*stream.encode(frame), *stream.encode(None)])
    read(tmp_path / "clip.mp4")
    assert "mirrored" in caplog.text
    caplog.clear()
    read(make(tmp_path / "plain.mp4", Clip(rotation=90, frames=1)))
    assert caplog.text == ""


def test_probe_tells_and_closes(tmp_path):
    path = make(tmp_path / "clip.mp4", Clip(audio=("aac",)))
    info = probe(str(path), CONFIG)
    assert (info.format.width, info.format.height, len(info.sides)) == (64, 48, 1)
    assert info.stream == str(path)


def test_frames_come_before_the_source_has_been_read_to_its_end(tmp_path):
    messages = decode(str(make(tmp_path / "clip.mp4", Clip(frames=200))), replace(CONFIG, threads=1))
    seen = [next(messages) for _ in range(3)]
    messages.close()
    assert [type(message) for message in seen] == [StreamInfo, Frame, Frame]


def test_a_picture_that_changes_its_size_ends_the_stream_there(tmp_path):
    folder = make_folder(tmp_path / "shot", Clip(codec="png", pixel_format="rgb24"), ["0.png", "1.png"])
    make_folder(tmp_path / "other", Clip(codec="png", pixel_format="rgb24", width=32), ["0.png"])
    (tmp_path / "other" / "0.png").rename(folder / "2.png")
    messages = decode(str(folder), CONFIG)
    seen = [next(messages) for _ in range(3)]
    with pytest.raises(SourceError, match="frame 2 is 32x48 rgb24, the stream began as 64x48 rgb24"):
        next(messages)
    assert [frame.seq for frame in seen[1:]] == [0, 1]
