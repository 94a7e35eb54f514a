"""What is carried along beside the picture: sound, subtitles, chapters, fonts, tags, all as it was."""

import logging
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.encode.sides import av_packet
from tests.clips import Clip, make
from tests.stages.encoded import cleaned, info_in, pieces, synthetic, written
from transport.messages import Attachment, Chapter, Packet, PictureFormat

CHAPTERS = (
    Chapter(id=1, start=0, end=500, time_base=(1, 1000), metadata={"title": "the first"}),
    Chapter(id=2, start=500, end=1600, time_base=(1, 1000), metadata={"title": "the second"}),
)


@pytest.mark.parametrize(
    ("codec", "first", "second"),
    [
        ("aac", "mp4", "mp4"),
        ("aac", "mp4", "mkv"),
        ("aac", "mkv", "mp4"),
        ("aac", "mov", "nut"),
        ("libopus", "mkv", "webm"),
        ("libopus", "mkv", "mp4"),
        ("pcm_s16le", "mov", "mkv"),
        ("pcm_s16le", "mov", "avi"),
        ("flac", "mkv", "mp4"),
    ],
)
def test_sound_is_not_touched(tmp_path: Path, codec: str, first: str, second: str):
    source = make(tmp_path / f"in.{first}", Clip(frames=40, audio=(codec,)))
    target = tmp_path / f"out.{second}"
    written(source, target)
    before, after = pieces(source, "audio"), pieces(target, "audio")
    if second == "nut":  # which knows no time before 0, where AAC begins
        before = [piece for piece in before if piece.time >= 0]
    assert b"".join(piece.data for piece in after) == b"".join(piece.data for piece in before)
    if codec != "pcm_s16le":  # which has no packets of its own
        assert [piece.data for piece in after] == [piece.data for piece in before]


def test_two_sounds_keep_their_order_and_language(tmp_path: Path):
    source = make(tmp_path / "in.mkv", Clip(frames=40, audio=("aac", "libopus")))
    items = list(cleaned(source))
    for side, language in zip(items[0].sides, ("eng", "fin"), strict=True):
        side.metadata["language"] = language
    target = tmp_path / "out.mkv"
    list(encode(items, str(target), EncodeConfig()))
    sides = info_in(target).sides
    assert [(side.kind, side.metadata["language"]) for side in sides] == [("audio", "eng"), ("audio", "fin")]
    for index in (0, 1):
        before, after = pieces(source, "audio", index), pieces(target, "audio", index)
        assert [piece.data for piece in after] == [piece.data for piece in before]


def test_sound_decodes_to_the_same_samples(tmp_path: Path):
    source = make(tmp_path / "in.mp4", Clip(frames=40, audio=("aac",)))
    written(source, tmp_path / "out.mp4")
    both = []
    for path in (source, tmp_path / "out.mp4"):
        with av.open(str(path)) as file:
            both.append([(frame.pts, frame.to_ndarray()) for frame in file.decode(audio=0)])
    assert len(both[0]) == len(both[1])
    for (old_pts, old), (new_pts, new) in zip(*both, strict=True):
        assert old_pts == new_pts
        assert np.array_equal(old, new)


@pytest.mark.parametrize(("codec", "first", "second"), [("subrip", "mkv", "mkv"), ("mov_text", "mp4", "mp4")])
def test_subtitles_are_not_touched(tmp_path: Path, codec: str, first: str, second: str):
    source = make(tmp_path / f"in.{first}", Clip(frames=40, audio=("aac",), subtitles=(codec,)))
    target = tmp_path / f"out.{second}"
    written(source, target)
    before, after = pieces(source, "subtitle"), pieces(target, "subtitle")
    assert [(piece.data, piece.time, piece.duration) for piece in after if len(piece.data) > 2] == [
        (piece.data, piece.time, piece.duration) for piece in before if len(piece.data) > 2
    ]


def test_what_the_container_cannot_hold_is_left_out_by_name(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    source = make(tmp_path / "in.mp4", Clip(frames=10, audio=("aac",), subtitles=("mov_text",)))
    with caplog.at_level(logging.WARNING):
        written(source, tmp_path / "out.webm")
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 2
    assert any("audio stream 1 is left out of the output: webm cannot hold aac" in text for text in warnings)
    assert any("subtitle stream 2 is left out of the output: webm cannot hold mov_text" in text for text in warnings)
    assert info_in(tmp_path / "out.webm").sides == ()


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
def test_chapters_are_kept(tmp_path: Path, suffix: str):
    target = tmp_path / f"out.{suffix}"
    list(encode(synthetic(Clip(frames=40), chapters=CHAPTERS), str(target), EncodeConfig()))
    found = [
        (
            chapter.metadata["title"],
            *(Fraction(tick) * Fraction(*chapter.time_base) for tick in (chapter.start, chapter.end)),
        )
        for chapter in info_in(target).chapters
    ]
    assert found == [("the first", 0, Fraction(1, 2)), ("the second", Fraction(1, 2), Fraction(8, 5))]


def test_attached_files_are_kept_in_matroska(tmp_path: Path):
    font = np.arange(1000, dtype=np.uint16).view(np.uint8)
    attached = (Attachment(name="a.ttf", mimetype="application/x-truetype-font", data=font),)
    list(encode(synthetic(Clip(), attachments=attached), str(tmp_path / "out.mkv"), EncodeConfig()))
    (found,) = info_in(tmp_path / "out.mkv").attachments
    assert (found.name, found.mimetype) == ("a.ttf", "application/x-truetype-font")
    assert np.array_equal(found.data, font)


def test_an_attached_file_is_left_out_elsewhere_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    attached = (Attachment(name="a.ttf", mimetype="font/ttf", data=np.zeros(9, np.uint8)),)
    list(encode(synthetic(Clip(), attachments=attached), str(tmp_path / "out.mp4"), EncodeConfig()))
    assert "attachment a.ttf is left out: only .mkv can hold it" in caplog.messages


def test_a_title_is_kept_and_what_was_true_of_the_old_file_only_is_not(tmp_path: Path):
    tags = {"title": "the sea", "encoder": "old", "major_brand": "old", "DURATION": "old", "compatible_brands": "old"}
    target = tmp_path / "out.mkv"
    list(
        encode(
            synthetic(Clip(), metadata=tags, video_metadata={"title": "left eye", "DURATION": "old"}),
            str(target),
            EncodeConfig(),
        )
    )
    info = info_in(target)
    assert info.metadata["title"] == "the sea"
    assert info.video_metadata["title"] == "left eye"
    assert "old" not in info.metadata.values()
    assert "old" not in info.video_metadata.values()


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_the_picture_stays_turned(tmp_path: Path, suffix: str, rotation: int):
    source = make(tmp_path / "in.mp4", Clip(rotation=rotation))
    target = tmp_path / f"out.{suffix}"
    written(source, target)
    assert info_in(source).format.rotation % 360 == rotation % 360
    assert info_in(target).format.rotation % 360 == rotation % 360


@pytest.mark.parametrize(
    ("codec", "suffix"), [("h264", "mp4"), ("hevc", "mp4"), ("vp9", "mp4"), ("hevc", "mkv"), ("prores", "mov")]
)
def test_colour_and_shape_are_stated_as_they_were(tmp_path: Path, codec: str, suffix: str):
    bits = "yuv422p10le" if codec == "prores" else "yuv420p" if codec in ("vp9", "h264") else "yuv420p10le"
    tags = {"color_range": 1, "matrix": 9, "primaries": 9, "transfer": 16}
    picture = PictureFormat(width=64, height=48, pixel_format=bits, sample_aspect=(4, 3), **tags)
    target = tmp_path / f"out.{suffix}"
    list(encode(synthetic(Clip(pixel_format=bits), format=picture), str(target), EncodeConfig(codec=codec)))
    assert info_in(target).format == picture


def test_full_range_is_kept(tmp_path: Path):
    picture = PictureFormat(
        width=64, height=48, pixel_format="yuv420p", color_range=2, matrix=1, primaries=1, transfer=1
    )
    list(encode(synthetic(Clip(), format=picture), str(tmp_path / "out.mp4"), EncodeConfig()))
    assert info_in(tmp_path / "out.mp4").format.color_range == 2


def test_a_shape_that_cannot_be_stated_is_complained_of(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    picture = PictureFormat(width=64, height=48, pixel_format="yuv420p", sample_aspect=(4, 3))
    list(encode(synthetic(Clip(codec="ffv1"), format=picture), str(tmp_path / "out.mkv"), EncodeConfig()))
    assert "the pixels' shape, 4:3, cannot be stated: ffv1 in .mp4 would" in caplog.messages


def test_a_cover_picture_is_left_out_by_name(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    source = make(tmp_path / "in.mkv", Clip(audio=("aac",)))
    items = list(cleaned(source))
    cover = replace(items[0].sides[0], disposition=int(Disposition.attached_pic))
    list(encode([replace(items[0], sides=(cover,)), *items[1:]], str(tmp_path / "out.mp4"), EncodeConfig()))
    assert "audio stream 1 is left out of the output: a cover picture cannot be carried" in caplog.messages
    assert info_in(tmp_path / "out.mp4").sides == ()


def test_a_packet_keeps_its_flag_and_what_hangs_on_it():
    skip = bytes([7, 0, 0, 0, 9, 0, 0, 0, 0, 0])
    packet = Packet(
        index=1,
        pts=-5,
        dts=None,
        duration=3,
        time_base=(1, 1000),
        key=True,
        discard=False,
        data=np.arange(5, dtype=np.uint8),
        side_data={"skip_samples": skip},
    )
    with av.open(BytesIO(), "w", format="matroska") as output:
        made = av_packet(packet, output.add_stream("libopus"))
    assert (made.pts, made.dts, made.duration, made.time_base) == (-5, None, 3, Fraction(1, 1000))
    assert made.is_keyframe
    assert bytes(made) == bytes(range(5))
    assert bytes(made.get_sidedata("skip_samples")) == skip
    assert not av_packet(replace(packet, key=False), made.stream).is_keyframe
