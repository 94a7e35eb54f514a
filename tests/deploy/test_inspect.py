"""Inspect: two videos that are equal differ in nothing, and every kind of difference has its own row."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from deploy.compare import Pixels
from deploy.inspect import Difference, inspect, report
from stages.errors import SourceError
from tests.clips import Clip, make, message
from transport.messages import Chapter, Frame, PictureFormat

LOSSLESS = Clip(codec="ffv1", audio=("pcm_s16le",))


def grave(differences):
    return {difference.what: (difference.a, difference.b) for difference in differences if not difference.inherent}


def compared(tmp_path, a, b, names=("a.mkv", "b.mkv")):
    return inspect(*(str(make(tmp_path / name, clip)) for name, clip in zip(names, (a, b), strict=True)))


def test_a_video_does_not_differ_from_itself(tmp_path):
    path = str(make(tmp_path / "clip.mp4", Clip(audio=("aac",), subtitles=("mov_text",), rotation=90)))
    assert inspect(path, path) == []
    assert report([]) == "no difference"


def test_another_container_changes_nothing_that_matters(tmp_path):
    clip = Clip(codec="mpeg4", audio=("aac",), frames=30)
    found = compared(tmp_path, clip, clip, ("a.mkv", "b.mp4"))
    assert {"container"} <= {difference.what for difference in found}
    assert set(grave(found)) <= {"disposition", "audio 0 disposition"}  # mp4 marks the only stream as the default


@pytest.mark.parametrize(
    ("change", "what", "a", "b"),
    [
        ({"frames": 12}, "frames", "13", "12"),
        ({"width": 62}, "size", "64x48", "62x48"),
        ({"color": (2, 1, 1, 1)}, "color range", "0", "2"),
        ({"color": (0, 9, 2, 2)}, "matrix", "2", "9"),
        ({"color": (0, 2, 2, 16)}, "transfer", "2", "16"),
        ({"rotation": 90}, "rotation", "0", "90"),
        ({"sample_aspect": Fraction(4, 3), "codec": "libx264"}, "sample aspect", "1:1", "4:3"),
        ({"metadata": {"title": "other"}}, "metadata title", "none", "other"),
        ({"audio": ()}, "audio streams", "1", "0"),
    ],
)
def test_what_a_file_says_is_compared(tmp_path, change, what, a, b):
    assert grave(compared(tmp_path, LOSSLESS, replace(LOSSLESS, **change)))[what] == (a, b)


def test_chapters_are_compared(tmp_path):
    chapter = Chapter(id=1, start=0, end=200, time_base=(1, 1000), metadata={"title": "one"})
    found = grave(compared(tmp_path, Clip(codec="ffv1"), Clip(codec="ffv1", chapters=(chapter,))))
    assert found["chapters"] == ("none", "0-200 ms one")


def test_a_frame_at_another_time_is_found(tmp_path):
    even = tuple(40 * seq for seq in range(13))
    odd = (*even[:7], even[7] + 5, *even[8:])
    clips = [Clip(codec="ffv1", pts=pts, time_base=Fraction(1, 1000)) for pts in (even, odd)]
    found = grave(compared(tmp_path, *clips))
    assert found["time of frames"] == ("0.280000 s", "0.285000 s: 1 differ, by 0.005000 s at most, first frame 7")


def test_times_that_a_container_rounds_are_mentioned_but_do_not_count(tmp_path):
    clip = Clip(codec="mpeg4", fps=24)  # 1/24 s is no whole number of Matroska's milliseconds
    found = compared(tmp_path, clip, clip, ("a.mp4", "b.mkv"))
    rows = [difference for difference in found if difference.what == "time of frames"]
    assert [row.inherent for row in rows] == [True]


def test_a_changed_packet_is_found(tmp_path):
    path, other = make(tmp_path / "a.mkv", LOSSLESS), tmp_path / "b.mkv"
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        sound = max((bytes(packet) for packet in container.demux(audio=0)), key=len)
    data[data.find(sound) + len(sound) // 2] ^= 1
    other.write_bytes(data)
    assert set(grave(inspect(str(path), str(other)))) == {"audio 0 bytes"}


def test_pixels_are_measured_where_and_by_how_much_they_differ():
    picture = PictureFormat(width=64, height=48, pixel_format="yuv420p")
    pixels = Pixels(picture, picture)
    for seq in range(4):
        before = message(seq, picture, seq)
        pixels.compare(before, changed(before) if seq == 2 else before)
    rows = {what: (a, b) for what, a, b in pixels.differences()}
    assert rows["pixels"] == ("1 of 4 frames differ", "first frame 2")
    assert rows["pixels within"] == ("x 10 to 21, y 30 to 33", "12x4")
    error = 10 * np.log10(255**2 / (10**2 * 12 / (4 * 64 * 48)))
    assert rows["pixels Y"] == (f"PSNR {error:.2f} dB", "largest difference 10")
    error = 10 * np.log10(255**2 / (3**2 / (4 * 32 * 24)))
    assert rows["pixels V"] == (f"PSNR {error:.2f} dB", "largest difference 3")
    assert "pixels U" not in rows


def changed(frame):
    """Return the frame with 12 samples of Y 10 brighter at (10, 30), and one of V 3 brighter at (20, 32)."""
    y, u, v = (plane.copy() for plane in frame.planes)
    y[30:32, 10:16] += 10
    v[16, 10] += 3
    return Frame(
        seq=frame.seq, pts=frame.pts, duration=frame.duration, key=frame.key, format=frame.format, planes=(y, u, v)
    )


@pytest.mark.parametrize(
    ("names", "formats", "codecs"),
    [
        (("a.nut", "b.mkv"), ("nv12", "yuv420p"), ("rawvideo", "ffv1")),
        (("a.nut", "b.avi"), ("rgb24", "gbrp"), ("rawvideo", "utvideo")),
    ],
)
def test_formats_that_only_lie_differently_have_equal_pixels(tmp_path, names, formats, codecs):
    clips = [Clip(codec=codec, pixel_format=name) for codec, name in zip(codecs, formats, strict=True)]
    found = compared(tmp_path, *clips, names=names)
    assert "pixel format" in {difference.what for difference in found}
    assert set(grave(found)) == {"codec"}


def test_samples_that_are_shifted_up_in_their_words_are_equal():
    planar = PictureFormat(width=64, height=48, pixel_format="yuv420p10le")
    shifted = replace(planar, pixel_format="p010le")
    before = message(3, planar, 3)
    y, u, v = before.planes
    chroma = np.stack([u, v], axis=2).reshape(u.shape[0], -1)
    after = replace(before, format=shifted, planes=(y << 6, chroma << 6))
    pixels = Pixels(planar, shifted)
    pixels.compare(before, after)
    assert list(pixels.differences()) == []


def test_pixels_of_another_depth_are_not_compared(tmp_path):
    clips = [Clip(codec="ffv1", pixel_format=name) for name in ("yuv420p", "yuv420p10le")]
    found = grave(compared(tmp_path, *clips))
    assert found["pixels"] == ("not compared", "size, depth or colour model differ")
    assert found["pixel format"] == ("yuv420p", "yuv420p10le")


def test_a_video_that_breaks_off_is_compared_as_far_as_it_goes(tmp_path):
    path = make(tmp_path / "a.mkv", Clip(frames=60, width=128, height=96, codec="ffv1"))
    short = tmp_path / "b.mkv"
    short.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = grave(inspect(str(path), str(short)))
    assert found["ending"][0] == "whole"
    assert "broke off after frame" in found["ending"][1]
    assert "pixels" not in found


def test_a_source_that_cannot_be_opened_is_an_error(tmp_path):
    path = str(make(tmp_path / "a.mkv", Clip(codec="ffv1", frames=1)))
    with pytest.raises(SourceError, match="no such file"):
        inspect(path, str(tmp_path / "none.mkv"))


def test_the_report_is_a_table_with_what_matters_first():
    rows = [
        Difference(what="container", a="nut", b="avi", inherent=True),
        Difference(what="size", a="64x48", b="32x48"),
    ]
    assert report(rows).splitlines() == [
        "what         first  second",
        "size         64x48  32x48",
        "(container)  nut    avi",
    ]
