"""Bad input of every kind ends in one sentence and the exit code of its kind, and leaves the disk as it was."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.budget import share
from deploy.cli import main
from deploy.config import Spec
from deploy.stage_cli import log_on_stderr
from deploy.worker import run as run_stage
from stages.inpaint.engines import find_engine
from tests.clips import Clip, make
from tests.deploy.bad_cases import CASES
from tests.deploy.bad_prompts import PROMPT_CASES
from tests.deploy.bad_things import (
    NOBODY,
    OPTION,
    PROMPT,
    REGION,
    SECRET,
    SOURCE,
    TOKEN,
    TRANSPORT,
    masks,
)
from tests.runs import cleanplate, frames_of, job, workers
from transport.deadlines import Deadlines


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good clip, 64x48, of 13 frames."""
    return make(tmp_path_factory.mktemp("clip") / "in.mkv", Clip(codec="ffv1"))


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A stage takes the signals of its process; give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("name", CASES | PROMPT_CASES)
def test_bad_input_ends_in_one_sentence(
    tmp_path: Path,
    clip: Path,
    taken: int,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    case = (CASES | PROMPT_CASES)[name]
    shutil.copy(clip, tmp_path / "in.mkv")
    case.given(tmp_path)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLEANPLATE_TOKEN", "" if "secret" in name else TOKEN)
    code = exit_code_of(case.words.replace("TAKEN", str(taken)).replace("BELOW", str(taken - 2)))
    out, err = capfd.readouterr()
    said = [line for line in err.splitlines() if line.startswith("cleanplate: ")]
    assert len(said) == 1, err
    assert re.search(case.says, said[0])
    assert code == case.code
    assert "Traceback" not in out + err
    assert "unexpected" not in out + err
    assert SECRET not in out + err
    assert contents(tmp_path) == before
    assert [pid for pid in workers() if is_in(tmp_path, pid)] == []


def test_masks_that_end_too_early_end_the_output_with_the_last_frame_that_had_one(
    tmp_path: Path, clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    masks(4)(tmp_path)
    for way, more in (("inline", "--inline"), ("processes", "")):
        target = tmp_path / f"{way}.mkv"
        assert exit_code_of(f"remove {clip} {target} --mask {tmp_path}/masks --engine blank {more}") == PROMPT
        said = capfd.readouterr().err.splitlines()[-1]
        assert said.startswith("cleanplate: frame 4 has no mask: ")
        assert said.endswith(f"; frames 0 to 3 are in {target}")
        assert len(frames_of(target)) == 4


def test_the_amount_of_memory_that_is_said_to_do_does(
    tmp_path: Path, clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = f"remove {clip} {tmp_path}/out.mkv {REGION} --engine blank --memory"
    assert exit_code_of(f"{words} 1MiB") == OPTION
    enough = re.search(r"(\w+) would do", capfd.readouterr().err)
    assert enough
    assert exit_code_of(f"{words} {enough[1]}") == 0


@pytest.mark.parametrize("way", ["--inline", ""])
def test_a_warning_is_said_once(tmp_path: Path, clip: Path, way: str) -> None:
    masks(Clip().frames + 1)(tmp_path)
    what = f"--region 60,40,9,9 --mask {tmp_path}/masks --engine blank"
    ended = cleanplate(*shlex.split(f"remove {clip} {tmp_path}/out.mkv {what} {way}"))
    assert ended.returncode == 0
    warnings = [line for line in ended.stderr.splitlines() if line.startswith("WARNING ")]
    assert len(warnings) == 2
    assert "region 60,40,9,9 reaches outside the picture" in warnings[0]
    assert "masks go on after the last frame, 12" in warnings[1]


def test_standard_input_is_read_by_the_worker_that_decodes(tmp_path: Path, clip: Path) -> None:
    words = [sys.executable, "-m", "deploy", "remove", "-", f"{tmp_path}/out.mkv", *shlex.split(REGION)]
    with clip.open("rb") as file:
        subprocess.run(words, stdin=file, check=True, timeout=60)
    assert len(frames_of(tmp_path / "out.mkv")) == Clip().frames


def test_standard_input_without_a_byte_is_no_video(tmp_path: Path) -> None:
    for more in ("", "--inline"):
        words = [sys.executable, "-m", "deploy", *shlex.split(f"remove - {tmp_path}/out.mkv {REGION} {more}")]
        ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert ended.returncode == SOURCE
        assert re.search(r"(?m)^cleanplate: standard input cannot be read as video", ended.stderr)
        assert "Traceback" not in ended.stderr
        assert contents(tmp_path) == {}


def test_a_stage_whose_neighbour_never_answers_gives_up(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    spec = Spec(
        stage="inpaint",
        name="inpaint",
        job=job(tmp_path, tmp_path),
        shares=share(1 << 30, picture=Clip().format, kind=find_engine("blank"), replicas=1, chunk=12, info_bytes=0),
        token=TOKEN,
        control="",
        listen="",
        work=NOBODY,
        to=NOBODY,
        metrics="",
        parent=0,
        deadlines=Deadlines(connect=0.3),
    )
    with log_on_stderr():
        assert run_stage(spec) == TRANSPORT
    assert re.search(
        r"(?m)^cleanplate: inpaint: nobody with this token answered at tcp://127\.0\.0\.1:1 ", capfd.readouterr().err
    )


def exit_code_of(words: str) -> int:
    """Run the command line in this process; what it starts are processes of their own."""
    try:
        return main(shlex.split(words))
    except SystemExit as leaving:  # argparse's way
        return int(str(leaving.code))


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return everything in a folder, and in its folders, with what is in the files."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def is_in(folder: Path, pid: int) -> bool:
    """Tell whether a process was started in a folder, and so by the test that the folder belongs to."""
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    except OSError:
        return False
