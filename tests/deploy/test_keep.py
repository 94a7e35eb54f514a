"""How much of its recordings a user wants to keep: what is typed, what is refused, and what is deleted for it."""

import os
import time
from pathlib import Path

import pytest

from deploy.cli import _parser
from deploy.config import Job
from deploy.keep import parse_kept
from deploy.options import job_of
from deploy.outputs import opened, send
from deploy.run import check_job
from stages.encode.live.config import FolderConfig
from stages.errors import OptionError
from tests.clips import Clip
from tests.stages.encoded import synthetic

DAY_S = 86_400


@pytest.mark.parametrize(
    ("words", "most_age_s", "most_bytes"),
    [
        ("", 0, 0),
        ("7d", 7 * DAY_S, 0),
        ("36h", 1.5 * DAY_S, 0),
        ("90m", 5400, 0),
        ("2w", 14 * DAY_S, 0),
        ("1.5d", 1.5 * DAY_S, 0),
        ("500GiB", 0, 500 << 30),
        ("500 gb", 0, 500 * 10**9),
        ("1.5TiB", 0, 3 << 39),
        ("7d,500GiB", 7 * DAY_S, 500 << 30),
        ("500GiB, 7d", 7 * DAY_S, 500 << 30),
    ],
)
def test_an_age_a_size_or_both_can_be_said(words: str, most_age_s: float, most_bytes: int) -> None:
    assert parse_kept(words) == FolderConfig(most_age_s=most_age_s, most_bytes=most_bytes)


@pytest.mark.parametrize(
    "words",
    ["7", "500", "30M", "500G", "7D", "0d", "0GiB", "-7d", "7d,", ",", "7d,8d", "1GB,2GB", "week", "1e3d", "٧d"],
)
def test_nothing_is_guessed_of_what_would_delete_recordings(words: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_kept(words)
    assert str(caught.value) == f"--keep-recordings {words!r} is no bound; 7d, 36h, 500GiB or 7d,500GiB would be"


def asked(*words: str) -> Job:
    return job_of(_parser().parse_args(["remove", "rtsp://camera/1", *words, "--region", "1,1,9,9"]))


def test_bounds_are_refused_where_nothing_is_recorded(tmp_path: Path) -> None:
    for target in (f"hls:{tmp_path}", str(tmp_path / "out.mkv")):
        with pytest.raises(OptionError, match="says how much of record:FOLDER is kept, and no output is one"):
            check_job(asked(target, "--keep-recordings", "7d"))
    check_job(asked(f"hls:{tmp_path}/hls", "--also", f"record:{tmp_path}/kept", "--keep-recordings", "7d"))


@pytest.mark.parametrize(
    ("bound", "left"), [("7d", {"young"}), ("1MiB", set()), ("7d,1GiB", {"young"}), ("", {"young", "old"})]
)
def test_what_is_beyond_the_bound_is_gone_when_a_recording_begins(tmp_path: Path, bound: str, left: set[str]) -> None:
    found = {"old": tmp_path / "2020-01-01T00-00-00Z.mp4", "young": tmp_path / "2020-01-09T00-00-00Z.mp4"}
    for days, path in ((8, found["old"]), (1, found["young"])):
        path.write_bytes(bytes(2 << 20))
        os.utime(path, (time.time() - days * DAY_S,) * 2)
    job = asked(f"record:{tmp_path}", "--preset", "ultrafast", "--keep-recordings", bound)
    assert len([*send(synthetic(Clip(frames=25)), opened(job), job)]) == 25
    assert {name for name, path in found.items() if path.exists()} == left
    assert len([*tmp_path.iterdir()]) == len(left) + 1
