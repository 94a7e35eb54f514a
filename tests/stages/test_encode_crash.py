"""What is on the disk when everything stops in the middle: by a kill, a full disk, or an error."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import pytest

from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.encode.targets import partial_path
from stages.errors import SinkError
from tests.clips import Clip, make, number, number_in
from tests.stages.encoded import Item, cleaned, frames_of, synthetic, times
from transport.messages import Chapter, Packet

ROOT = Path(__file__).parents[2]
LONG = Clip(frames=90, codec="libx264")  # 3.6 seconds: a few fragments


def readable(path: Path, copy: Path) -> int:
    """How many frames a copy of the file holds, as it is on the disk now."""
    copy.write_bytes(path.read_bytes())
    return len(numbers(copy))


def numbers(path: Path) -> list[int]:
    """The numbers in the pictures of a file that was cut short, up to where it breaks off."""
    found = []
    kind = "mpegts" if path.suffix == ".ts" else None  # which FFmpeg does not always recognise in a kilobyte
    with contextlib.suppress(av.error.FFmpegError), av.open(str(path), format=kind) as file:
        for frame in file.decode(video=0):
            found.append(number_in(frame.to_ndarray(format="gray")))
    return found


@pytest.mark.parametrize(
    ("suffix", "codec", "audio"),
    [
        ("mp4", "h264", ()),
        ("mp4", "h264", ("aac",)),
        ("mov", "h264", ("pcm_s16le",)),
        ("mp4", "mpeg4", ("aac",)),
        ("mkv", "h264", ()),
        ("mkv", "h264", ("aac",)),
        ("mkv", "ffv1", ("aac", "libopus")),
        ("webm", "vp9", ("libopus",)),
        ("ts", "h264", ("aac",)),
        ("nut", "h264", ("pcm_s16le",)),
        ("avi", "mpeg4", ("pcm_s16le",)),
    ],
)
def test_at_any_moment_the_file_holds_what_is_said_to_be_durable(
    tmp_path: Path, suffix: str, codec: str, audio: tuple[str, ...]
):
    source = make(tmp_path / "in.mkv", Clip(frames=90, audio=audio))
    target = tmp_path / f"out.{suffix}"
    reached = 0
    for progress in encode(cleaned(source), str(target), EncodeConfig(codec=codec)):
        if progress.durable > reached and progress.durable < progress.frames:
            reached = progress.durable
            assert readable(partial_path(str(target)), tmp_path / f"copy.{suffix}") >= reached
    assert reached >= 25  # something was durable before the end, or the test shows nothing
    assert progress.durable == progress.frames == 90


@pytest.mark.parametrize(("suffix", "audio"), [("mp4", "aac"), ("mkv", "aac"), ("ts", "aac"), ("nut", "aac")])
def test_a_silent_side_stream_does_not_make_it_promise_too_much(tmp_path: Path, suffix: str, audio: str):
    """The muxer waits for a packet of every stream, and what it keeps back is not on the disk."""
    source = make(tmp_path / "in.mp4", Clip(frames=90, audio=(audio,)))
    items = [item for item in cleaned(source) if not isinstance(item, Packet)]
    target = tmp_path / f"out.{suffix}"
    for progress in encode(items, str(target), EncodeConfig(codec="mpeg4" if suffix != "nut" else "ffv1")):
        if progress.durable < progress.frames:
            assert readable(partial_path(str(target)), tmp_path / f"copy.{suffix}") >= progress.durable


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_no_more_than_a_second_is_at_risk(tmp_path: Path, suffix: str):
    """With an encoder that holds nothing back, two seconds between its keyframes and 25 frames a second."""
    said = list(encode(synthetic(LONG), str(tmp_path / f"out.{suffix}"), EncodeConfig(codec="mpeg4")))
    assert max(progress.frames - progress.durable for progress in said) <= 27


def test_sparse_subtitles_do_not_keep_the_file_back(tmp_path: Path):
    source = make(tmp_path / "in.mp4", Clip(frames=120, audio=("aac",), subtitles=("mov_text",)))
    items = [item for item in cleaned(source) if not (isinstance(item, Packet) and item.index == 2)]
    durable = [progress.durable for progress in encode(items, str(tmp_path / "out.mp4"), EncodeConfig())]
    assert max(durable[:100]) >= 25


def test_a_cameras_silent_microphone_does_not_keep_the_file_back(tmp_path: Path):
    source = make(tmp_path / "in.mp4", Clip(frames=120, audio=("aac",)))
    info, *items = (item for item in cleaned(source) if not isinstance(item, Packet))
    live = [replace(info, container="rtsp"), *items]
    durable = [progress.durable for progress in encode(live, str(tmp_path / "out.mp4"), EncodeConfig())]
    assert max(durable[:100]) >= 25


def test_chapters_do_not_keep_the_file_back(tmp_path: Path):
    chapter = Chapter(id=1, start=0, end=100, time_base=(1, 25), metadata={"title": "all"})
    target = tmp_path / "out.mp4"
    for progress in islice(encode(synthetic(LONG, chapters=(chapter,)), str(target), EncodeConfig()), 85):
        reached = progress.durable
    assert reached >= 25
    assert readable(partial_path(str(target)), tmp_path / "copy.mp4") >= reached


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_killed_process_leaves_what_it_had_promised(tmp_path: Path, suffix: str):
    target = tmp_path / f"out.{suffix}"
    program = f"""
        from tests.clips import Clip
        from tests.stages.encoded import synthetic
        from stages.encode.config import EncodeConfig
        from stages.encode.encode import encode
        for written in encode(synthetic(Clip(frames=10_000)), {str(target)!r}, EncodeConfig()):
            print(written.durable, flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    durable = next(int(line) for line in child.stdout if int(line) >= 50)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert not target.exists()
    found = numbers(partial_path(str(target)))
    assert len(found) >= durable
    assert found == list(range(len(found)))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_closing_early_leaves_a_whole_file_under_its_partial_name(tmp_path: Path, suffix: str):
    target = tmp_path / f"out.{suffix}"
    stage = encode(synthetic(LONG), str(target), EncodeConfig())
    assert [progress.frames for progress in islice(stage, 40)] == list(range(1, 41))
    stage.close()
    assert not target.exists()
    assert [number(frame) for frame in frames_of(partial_path(str(target)))] == list(range(40))


def test_an_error_upstream_keeps_what_was_written(tmp_path: Path):
    def broken() -> Iterator[Item]:
        yield from islice(synthetic(LONG), 31)
        raise RuntimeError("upstream")

    target = tmp_path / "out.mp4"
    with pytest.raises(RuntimeError, match="upstream"):
        list(encode(broken(), str(target), EncodeConfig()))
    assert not target.exists()
    assert len(times(partial_path(str(target)))) == 30


FULL_DISK = """
    import resource, signal, sys
    from tests.clips import Clip
    from tests.stages.encoded import synthetic
    from stages.encode.config import EncodeConfig
    from stages.encode.encode import encode
    from stages.errors import SinkError
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
    durable = 0
    try:
        for written in encode(synthetic(Clip(frames=250)), {target!r}, EncodeConfig(codec={codec!r})):
            durable = written.durable
    except SinkError as error:
        print(durable)
        print(error)
"""


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "h264"), ("mkv", "ffv1"), ("mov", "mjpeg"), ("ts", "h264"), ("avi", "mpeg4")]
)
def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path, suffix: str, codec: str):
    """RLIMIT_FSIZE makes write() fail as a full disk does, with another errno."""
    whole, target = tmp_path / f"whole.{suffix}", tmp_path / f"out.{suffix}"
    list(encode(synthetic(Clip(frames=250)), str(whole), EncodeConfig(codec=codec)))
    program = FULL_DISK.format(limit=whole.stat().st_size // 2, target=str(target), codec=codec)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stderr == ""
    durable, sentence = done.stdout.splitlines()
    assert int(durable) > 0
    kept = partial_path(str(target))
    after = f"after frame {int(durable) - 1}"
    assert sentence == f"{target} could not be written {after}: File too large; all until then is kept in {kept}"
    assert numbers(kept) == list(range(len(numbers(kept))))
    assert len(numbers(kept)) >= int(durable)
    assert not target.exists()


def test_a_full_disk_at_the_very_end_loses_nothing(tmp_path: Path):
    """The index of an mp4 comes last, and the header that points to it is only changed when it is there."""
    whole = tmp_path / "whole.mp4"
    list(encode(synthetic(Clip(frames=250)), str(whole), EncodeConfig()))
    target = tmp_path / "out.mp4"
    program = FULL_DISK.format(limit=whole.stat().st_size - 100, target=str(target), codec="h264")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert "could not be" in done.stdout
    assert readable(partial_path(str(target)), tmp_path / "copy.mp4") == 250


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's own")
def test_a_full_stdout_is_a_sentence(tmp_path: Path):
    program = FULL_DISK.replace("print(error)", "print(error, file=sys.stderr)").replace("print(durable)", "pass")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program.format(limit=-1, target="-", codec="h264"))],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
    assert done.stderr.startswith(
        "standard output could not be written before any frame was safe: No space left on device"
    )


def test_a_folder_that_vanishes_is_a_sentence(tmp_path: Path):
    folder = tmp_path / "gone"
    folder.mkdir()
    target = folder / "out.mp4"

    def vanishing() -> Iterator[Item]:
        yield from islice(synthetic(LONG), 31)
        partial_path(str(target)).unlink()
        folder.rmdir()

    with pytest.raises(SinkError, match=r"out\.mp4 could not be given its name: No such file"):
        list(encode(vanishing(), str(target), EncodeConfig()))
