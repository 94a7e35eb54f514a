"""Recordings: what of them can be played at every moment and after a kill, and which are deleted for new ones."""

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from stages.encode.live.config import FolderConfig
from stages.encode.live.record import Recording
from tests.clips import Clip
from tests.stages.encoded import pieces
from tests.stages.folders import SHORT, ten_seconds  # noqa: F401
from tests.stages.live import coded, endless, numbers
from transport.messages import Packet, StreamInfo

ROOT = Path(__file__).parents[2]


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
