"""HLS and recordings: what lies in the folders at every moment, and after a kill."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
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
from tests.stages.live import TICKS, coded, endless, numbers
from transport.messages import Packet, StreamInfo

ROOT = Path(__file__).parents[2]
CAMERA = Clip(frames=250, time_base=TICKS)  # 10 s
SHORT = FolderConfig(segment_s=1.0, segments=3, spare=2, file_s=4.0)


@pytest.fixture(scope="module")
def stream() -> tuple[StreamInfo, list[Packet]]:
    return coded(CAMERA, gop_s=1.0)


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


class Watch:
    """A clock that a test sets."""

    now = 1_795_276_800.0  # 2026-11-21T16:00:00Z

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_recording_goes_on_from_file_to_file_without_losing_or_repeating_a_frame(
    tmp_path: Path, suffix: str, stream: tuple[StreamInfo, list[Packet]]
):
    info, packets = stream
    watch = Watch()
    (tmp_path / f"2026-11-21T16-00-04Z{suffix}").write_bytes(b"somebody else's")
    record = Recording(info, tmp_path, replace(SHORT, suffix=suffix), watch)
    for packet in packets:
        watch.now = Watch.now + packet.pts / 90_000
        record.put(packet)
    record.close()
    names = [f"2026-11-21T16-00-0{moment}{suffix}" for moment in ("0Z", "4Z-2", "8Z")]
    assert [numbers(tmp_path / name) for name in names] == [
        list(range(100)),
        list(range(100, 200)),
        list(range(200, 250)),
    ]
    assert (tmp_path / f"2026-11-21T16-00-04Z{suffix}").read_bytes() == b"somebody else's"
    with av.open(str(tmp_path / names[1])) as file:
        assert file.start_time == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_at_every_moment_all_but_the_last_two_seconds_can_be_played(
    tmp_path: Path, suffix: str, stream: tuple[StreamInfo, list[Packet]]
):
    info, packets = stream
    (tmp_path / "rec").mkdir()
    record = Recording(info, tmp_path / "rec", replace(SHORT, file_s=60, suffix=suffix))
    for count, packet in enumerate(packets[:150], 1):
        record.put(packet)
        if count % 7 == 0 and count > 50:
            copy = tmp_path / f"copy{suffix}"
            copy.write_bytes(next((tmp_path / "rec").iterdir()).read_bytes())
            assert len(numbers(copy)) >= count - 50
    record.abandon()


def test_a_recording_whose_process_is_killed_plays_to_within_two_seconds(tmp_path: Path):
    code = f"""
        import os, time
        from dataclasses import replace
        from pathlib import Path
        from stages.encode.live.broadcast import broadcast
        from stages.encode.live.config import FolderConfig, LiveConfig
        from stages.encode.live.targets import open_outputs
        from tests.clips import Clip
        from tests.stages.encoded import synthetic
        outputs = open_outputs(["record:{tmp_path}/rec"], FolderConfig(), None)
        for written in broadcast(synthetic(Clip(frames=100000)), outputs, LiveConfig(preset="ultrafast")):
            time.sleep(0.002)
            os.write(1, b".")
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    count = len(os.read(process.stdout.fileno(), 1))
    while count < 200:
        count += len(os.read(process.stdout.fileno(), 100))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    found = numbers(next((tmp_path / "rec").iterdir()))
    assert found == list(range(len(found)))
    assert len(found) >= count - 50


def test_the_oldest_recordings_make_room(tmp_path: Path, stream: tuple[StreamInfo, list[Packet]]):
    info, packets = stream
    bound = 60 * sum(packet.data.nbytes for packet in packets[:25])  # a minute of the stream
    watch = Watch()
    (tmp_path / "mine.mp4").write_bytes(bytes(2 * bound))
    (tmp_path / "2020-01-01T00-00-00Z.mp4").write_bytes(bytes(bound))
    record = Recording(info, tmp_path, replace(SHORT, file_s=3600, most_bytes=bound), watch)
    for packet in endless(packets, Fraction(10)):
        watch.now = Watch.now + packet.pts / 90_000
        record.put(packet)
        kept = sum(path.stat().st_size for path in tmp_path.glob("2*.mp4"))
        assert kept < 1.5 * bound or watch.now == Watch.now
        if packet.pts > 200 * 90_000:
            break
    record.close()
    names = sorted(path.name for path in tmp_path.glob("2*.mp4"))
    assert 4 <= len(names) <= 10
    assert names[0] > "2026-11-21T16-02"
    assert (tmp_path / "mine.mp4").exists()


def test_recordings_that_are_too_old_are_deleted(tmp_path: Path, stream: tuple[StreamInfo, list[Packet]]):
    info, packets = stream
    old, young = tmp_path / "2026-11-20T15-00-00Z.mp4", tmp_path / "2026-11-21T15-00-00Z.mkv"
    for path, age in ((old, 90_000), (young, 3600)):
        path.write_bytes(b"x")
        os.utime(path, (Watch.now - age, Watch.now - age))
    record = Recording(info, tmp_path, replace(SHORT, most_age_s=86_400), Watch())
    record.put(packets[0])
    record.abandon()
    assert (old.exists(), young.exists()) == (False, True)


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


def test_sound_that_is_silent_or_out_of_step_costs_no_picture(tmp_path: Path):
    """A camera that never sends the sound that it announced, and one whose clock was set back."""
    info, packets = coded(Clip(frames=150, audio=("aac",)), tmp_path, gop_s=1.0)
    video, sound = info.sides[0].index, info.sides[1].index
    (tmp_path / "rec").mkdir()
    record = Recording(info, tmp_path / "rec", FolderConfig())
    count = 0
    for packet in packets:
        count += packet.index == video
        if packet.index == video or count > 100:
            record.put(packet)
        if packet.index == sound and count > 110:
            record.put(replace(packet, pts=packet.pts - 48_000, dts=packet.dts - 48_000))
        if packet.index == video and count == 100:
            copy = tmp_path / "copy.mp4"
            copy.write_bytes(next((tmp_path / "rec").iterdir()).read_bytes())
            assert len(numbers(copy)) >= 50
    record.close()
    made = next((tmp_path / "rec").iterdir())
    assert numbers(made) == list(range(150))
    assert 80 < len(pieces(made, "audio")) < 110  # two seconds of it, once


def test_a_full_disk_is_an_output_in_trouble_and_what_was_written_can_be_played(tmp_path: Path):
    """RLIMIT_FSIZE makes write() fail as a full disk does, with another errno."""
    code = f"""
        import resource, time
        from stages.encode.live.config import FolderConfig
        from stages.encode.live.targets import open_outputs
        from tests.clips import Clip
        from tests.stages.live import coded
        info, packets = coded(Clip(frames=150), crf=10, gop_s=0.4)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        lane, = open_outputs(["record:{tmp_path}/rec"], FolderConfig(), None)
        lane.begin(info)
        for packet in packets:
            lane.put(packet)
            if lane.state.trouble:
                break
            time.sleep(0.01)
        print(lane.state.failures, lane.state.trouble)
        lane.end()
        lane.join(time.monotonic() + 10)
    """
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert told.stdout == "1 it cannot be written: File too large\n"
    found = numbers(next((tmp_path / "rec").iterdir()))
    assert len(found) > 20
    assert found == list(range(len(found)))
