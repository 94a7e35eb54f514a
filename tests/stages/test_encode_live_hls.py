"""HLS: what lies in the folder at every moment, with its sound, after a kill, and where the folder goes."""

import re
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.encode.live.boxes import Boxes
from stages.encode.live.config import FolderConfig
from stages.encode.live.hls import Folder
from stages.encode.live.lane import Lane
from stages.encode.live.record import Recording
from stages.errors import SinkError
from tests.clips import Clip
from tests.stages.encoded import pieces
from tests.stages.folders import CAMERA, SHORT, ten_seconds  # noqa: F401
from tests.stages.live import coded, numbers
from transport.messages import Packet, StreamInfo


def listed(playlist: Path) -> list[str]:
    """The files that a playlist names: the header, then the segments."""
    text = playlist.read_text()
    return [re.findall(r'URI="(.+)"', text)[0], *re.findall(r"^segment-.*$", text, re.MULTILINE)]


def test_at_every_moment_the_playlist_names_whole_files_and_no_more_than_it_may(
    tmp_path: Path, stream: tuple[StreamInfo, list[Packet]]
):
    info, packets = stream
    playlist = tmp_path / "live.m3u8"
    folder = Folder(info, playlist, SHORT)
    seen: dict[str, list[int]] = {}
    for packet in packets:
        folder.put(packet)
        files = listed(playlist) if playlist.exists() else []
        assert len(files) <= 1 + SHORT.segments
        assert len(list(tmp_path.glob("segment-*"))) <= SHORT.segments + SHORT.spare + 1
        for name in files[1:]:
            if name not in seen:
                alone = tmp_path / "alone.mp4"
                alone.write_bytes((tmp_path / files[0]).read_bytes() + (tmp_path / name).read_bytes())
                seen[name] = numbers(alone)
                alone.unlink()
    folder.close()
    assert [number for name in seen for number in seen[name]] == list(range(225))  # the last second ends with the run
    assert listed(playlist)[1:] == ["segment-7.m4s", "segment-8.m4s", "segment-9.m4s"]
    assert numbers(playlist) == list(range(175, 250))
    text = playlist.read_text()
    assert "#EXT-X-MEDIA-SEQUENCE:7" in text
    assert text.count("#EXTINF:1.000000,") == 3
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_groups_are_gathered_until_they_are_about_a_segment(tmp_path: Path, stream: tuple[StreamInfo, list[Packet]]):
    info, packets = stream
    folder = Folder(info, tmp_path / "live.m3u8", replace(SHORT, segment_s=2.0))
    for packet in packets:
        folder.put(packet)
    folder.close()
    assert "#EXTINF:2.000000," in (tmp_path / "live.m3u8").read_text()
    assert numbers(tmp_path / "live.m3u8") == list(range(100, 250))


def test_the_next_run_counts_on_and_clears_away_what_the_last_one_left(
    tmp_path: Path, stream: tuple[StreamInfo, list[Packet]]
):
    info, packets = stream
    for run in range(2):
        folder = Folder(info, tmp_path / "live.m3u8", SHORT)
        for packet in packets[:101]:
            folder.put(packet)
            if run and (tmp_path / "segment-5.m4s").exists() and not (tmp_path / "segment-6.m4s").exists():
                assert (tmp_path / "segment-3.m4s").exists()  # somebody may still have the old playlist
        folder.abandon()  # as a kill does
    text = (tmp_path / "live.m3u8").read_text()
    assert listed(tmp_path / "live.m3u8") == ["init-4.mp4", "segment-5.m4s", "segment-6.m4s", "segment-7.m4s"]
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:5\n" in text  # the one before segment 4 is named no more
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "init-4.mp4",
        "live.m3u8",
        *(f"segment-{number}.m4s" for number in range(4, 8)),
    ]


def test_hevc_is_called_what_every_player_knows(tmp_path: Path):
    info, packets = coded(replace(CAMERA, frames=50), codec="hevc", gop_s=1.0)
    folder = Folder(info, tmp_path / "live.m3u8", SHORT)
    for packet in packets:
        folder.put(packet)
    folder.close()
    assert b"hvc1" in (tmp_path / "init-0.mp4").read_bytes()
    assert numbers(tmp_path / "live.m3u8") == list(range(50))


def test_sound_is_in_the_segments_and_in_the_recording(tmp_path: Path):
    info, packets = coded(Clip(frames=75, audio=("aac",)), tmp_path, gop_s=1.0)
    (tmp_path / "rec").mkdir()
    for writer in (Folder(info, tmp_path / "live.m3u8", SHORT), Recording(info, tmp_path / "rec", FolderConfig())):
        for packet in packets:
            writer.put(packet)
        writer.close()
    source = [piece.data for piece in pieces(tmp_path / "source.mkv", "audio")]
    for made in (tmp_path / "live.m3u8", *(tmp_path / "rec").iterdir()):
        heard = pieces(made, "audio")
        assert [piece.data for piece in heard] == source[-len(heard) :]
        assert len(heard) >= len(source) - 2  # what lies before the first picture is left out
        first = next(index for index, piece in enumerate(pieces(tmp_path / "source.mkv", "audio")) if piece.time >= 0)
        assert abs(heard[0].time - pieces(tmp_path / "source.mkv", "audio")[first].time) < Fraction(1, 1000)


def test_sound_that_a_folder_cannot_hold_is_left_out_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    info, packets = coded(Clip(frames=30, audio=("pcm_s16le",)), tmp_path, gop_s=1.0)
    folder = Folder(info, tmp_path / "live.m3u8", SHORT)
    (tmp_path / "rec").mkdir()
    record = Recording(info, tmp_path / "rec", replace(SHORT, suffix=".mkv"))
    for packet in packets:
        folder.put(packet)
        record.put(packet)
    folder.close()
    record.close()
    assert "sound stream 1 is left out: mp4 holds aac, mp3, ac3, eac3, opus, flac, not pcm_s16le" in caplog.text
    assert numbers(tmp_path / "live.m3u8") == list(range(30))
    assert len(pieces(next((tmp_path / "rec").iterdir()), "audio")) > 20


def test_a_place_that_is_gone_is_said_in_a_sentence(tmp_path: Path, stream: tuple[StreamInfo, list[Packet]]):
    info, packets = stream
    (tmp_path / "gone").mkdir()
    folder = Folder(info, tmp_path / "gone" / "live.m3u8", SHORT)
    (tmp_path / "gone").rmdir()
    with pytest.raises(SinkError, match=r"live.m3u8 cannot be written: No such file or directory"):
        for packet in packets:
            folder.put(packet)
    folder.abandon()


def test_a_folder_that_vanishes_is_an_output_in_trouble_not_the_end(
    tmp_path: Path, stream: tuple[StreamInfo, list[Packet]]
):
    info, packets = stream
    lane = Lane("hls", lambda info: Folder(info, tmp_path / "none" / "live.m3u8", SHORT))
    lane.begin(info)
    deadline = time.monotonic() + 20
    while not (tmp_path / "none" / "live.m3u8").exists() and time.monotonic() < deadline:
        for packet in packets:
            lane.put(packet)
            time.sleep(0.001)
        (tmp_path / "none").mkdir(exist_ok=True)
    lane.end()
    lane.join(time.monotonic() + 10)
    assert lane.state.failures >= 1
    assert lane.state.trouble == ""
    assert numbers(tmp_path / "none" / "live.m3u8")


BOXES = [(b"ftyp", 3), (b"moov", 9), (b"moof", 5), (b"mdat", 30), (b"moof", 1), (b"mdat", 0), (b"mfra", 4)]
MADE = [(8 + size).to_bytes(4, "big") + kind + bytes([index]) * size for index, (kind, size) in enumerate(BOXES)]


@given(st.lists(st.integers(0, sum(map(len, MADE)))))
def test_boxes_are_the_same_however_their_bytes_come(cuts: list[int]):
    data, boxes, found = b"".join(MADE), Boxes(), []
    places = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(places):
        boxes.write(data[start:end])
        found += boxes.pieces()
    assert found == [("header", MADE[0] + MADE[1]), ("fragment", MADE[2] + MADE[3]), ("fragment", MADE[4] + MADE[5])]
