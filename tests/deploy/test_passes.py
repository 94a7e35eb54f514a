"""Two passes: better pictures, the same bytes however the work is spread, and nothing left on the disk."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.config import Job
from deploy.outcome import Outcome
from deploy.passes import first_pass, prepared
from deploy.supervisor import Supervisor
from stages.decode.config import DecodeConfig
from stages.inpaint.engine import EngineOptions
from stages.inpaint.engines import find_engine
from stages.segment.prompts import Prompts
from tests.clips import Clip, make
from tests.runs import At, cleanplate, frames_of, job, kill, run, run_inline, workers, written
from transport.messages import Box, PictureFormat

FRAMES = 60
ENDLESS = DecodeConfig(loop=1000)
MIDDLE = Prompts(regions=(Box(x=20, y=20, width=16, height=12),))
MOVED = 30  # the frame from which on the mask is elsewhere


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose background moves, and beside it masks for an object that stands, and then stands elsewhere."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "masks").mkdir()
    for seq in range(FRAMES):
        mask = np.zeros((48, 64), np.uint8)
        mask[20:40, 12 if seq < MOVED else 40 :][:, :12] = 255
        cv2.imwrite(str(folder / "masks" / f"{seq:03}.png"), mask)
    return make(folder / "clip.mkv", Clip(frames=FRAMES, codec="ffv1", audio=("aac",)))


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    before = set(workers())
    yield
    assert set(workers()) <= before


def twice(source: Path, target: Path, **changes: object) -> Job:
    """Return a job of two passes."""
    prompts = Prompts(mask=str(source.parent / "masks"))
    plain = job(source, target, engine="propagate", inpaint=EngineOptions(fill="faithful"), passes=2, prompts=prompts)
    return replace(plain, **changes)  # type: ignore[arg-type]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def reference(source: Path) -> bytes:
    """What the one-process run of two passes writes."""
    target = source.with_name("inline.nut")
    assert run_inline(twice(source, target)).code == 0
    return target.read_bytes()


@pytest.mark.parametrize("replicas", [1, 3])
def test_any_number_of_replicas_writes_the_bytes_of_the_inline_run(
    source: Path, reference: bytes, tmp_path: Path, replicas: int
) -> None:
    outcome = run(twice(source, tmp_path / "clean.nut", replicas=replicas))
    assert (outcome.code, outcome.ledger.frames_in, outcome.ledger.frames_out) == (0, FRAMES, FRAMES)
    assert (tmp_path / "clean.nut").read_bytes() == reference
    assert left(tmp_path) == ["clean.nut"]


def test_a_killed_replica_changes_no_byte(source: Path, reference: bytes, tmp_path: Path) -> None:
    murder = At(written(8), kill("inpaint-1"))
    outcome = run(twice(source, tmp_path / "clean.nut", replicas=2), murder)
    assert murder.happened.is_set()
    assert (outcome.code, outcome.ledger.restarts) == (0, 1)
    assert (tmp_path / "clean.nut").read_bytes() == reference


def test_the_second_pass_makes_a_difference(source: Path, reference: bytes, tmp_path: Path) -> None:
    assert run_inline(twice(source, tmp_path / "once.nut", passes=1)).code == 0
    assert (tmp_path / "once.nut").read_bytes() != reference


def test_what_the_first_pass_takes_on_the_disk_is_said(source: Path, tmp_path: Path) -> None:
    words = ["remove", str(source), str(tmp_path / "clean.mkv"), "--mask", str(source.parent / "masks")]
    told = cleanplate(*words, "--passes", "2", "--json", timeout=100)
    assert told.returncode == 0
    assert "pass 1 of 2 is done; what it found takes " in told.stderr
    assert '"stage": "survey"' in told.stdout
    assert left(tmp_path) == ["clean.mkv"]


REFUSED = {
    "three passes": ("in.mkv --passes 3", r"--passes 3 cannot be used, 1 or 2 expected"),
    "no pass": ("in.mkv --passes 0", r"--passes 0 cannot be used"),
    "an engine without a past": ("in.mkv --passes 2 --engine telea", r"with engine telea, only with propagate"),
    "pictures of another size": ("in.mkv --passes 2 --working 240", r"--working cannot be used with it"),
    "standard input": ("- --passes 2", r"reads the source 2 times, which standard input cannot be"),
    "a camera": ("rtsp://me:secret@host/x --passes 2", r"a live stream comes once and has no end"),
    "a named pipe": ("pipe --passes 2", r"which pipe cannot be"),
    "masks from a named pipe": ("in.mkv --passes 2 --mask pipe", r"reads the mask 2 times, which pipe cannot be"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_twice_is_refused_in_a_sentence(source: Path, tmp_path: Path, name: str) -> None:
    words, says = REFUSED[name]
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "in.mkv").symlink_to(source)
    first, *rest = words.split()
    command = [sys.executable, "-m", "deploy", "remove", first, "out.mkv", "--region", "20,20,16,12", *rest]
    here = str(Path(__file__).parents[2])
    told = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": here}, capture_output=True, text=True, timeout=30
    )
    assert told.returncode == 6
    assert told.stderr.count("\n") == 1
    assert says in told.stderr
    assert left(tmp_path) == ["in.mkv", "pipe"]


def test_a_single_stage_has_no_passes() -> None:
    told = cleanplate("stage", "inpaint", "--work", "ipc://a", "--to", "ipc://b", "--passes", "2")
    assert told.returncode == 6
    assert "--passes 2 cannot be used for a single stage" in told.stderr


def test_a_budget_that_is_too_small_is_refused_before_the_first_pass(source: Path, tmp_path: Path) -> None:
    started: list[str] = []
    outcome = run(twice(source, tmp_path / "clean.mkv", memory=1 << 20), lambda s: started.extend(s.children))
    assert outcome.code == 6
    assert "is too small" in outcome.sentence
    assert "inpaint-0" not in started
    assert left(tmp_path) == []


def test_what_the_first_pass_lets_an_engine_hold_is_in_its_budget() -> None:
    picture = PictureFormat(width=1920, height=1080, pixel_format="yuv420p")
    plain, wide = (find_engine("propagate", EngineOptions(foresight=folder)) for folder in ("", "x"))
    assert wide.state_bytes(picture) > plain.state_bytes(picture) + 20 * 1920 * 1080 * 1.5


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_first_pass_leaves_nothing(
    source: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    interrupt = At(surveyed(100), lambda supervisor: os.kill(os.getpid(), number))
    outcome = run(twice(source, tmp_path / "clean.mkv", prompts=MIDDLE, decode=ENDLESS), interrupt)
    assert (outcome.code, outcome.ledger.frames_out) == (code, 0)
    assert left(tmp_path) == []


def test_an_interrupted_second_pass_leaves_nothing_but_its_file(source: Path, tmp_path: Path) -> None:
    interrupt = At(written(20), lambda supervisor: os.kill(os.getpid(), signal.SIGTERM))
    looped = DecodeConfig(loop=4)
    outcome = run(twice(source, tmp_path / "clean.mkv", prompts=MIDDLE, decode=looped), interrupt)
    assert outcome.code == 143
    assert 20 <= outcome.ledger.frames_out == len(frames_of(tmp_path / "clean.mkv"))
    assert left(tmp_path) == ["clean.mkv"]


def surveyed(count: int) -> Callable[[Supervisor], bool]:
    """Return the condition that so many frames were surveyed."""
    return lambda supervisor: (
        "survey" in supervisor.children and supervisor.children["survey"].progress.frames_out >= count
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_inline_run_leaves_no_file_of_the_first_pass(
    source: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    words = ["remove", str(source), str(tmp_path / "clean.mkv"), "--region", "20,20,16,12", "--loop", "1000"]
    command = [sys.executable, "-m", "deploy", *words, "--passes", "2", "--inline"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            _until(lambda: any(path.stat().st_size > 100_000 for path in tmp_path.glob(".cleanplate-*/survey")))
            process.send_signal(number)
            process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == code
    assert left(tmp_path) == []


def _until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_first_pass_is_named_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    murder = At(surveyed(20), kill("survey"))
    outcome = run(twice(source, tmp_path / "clean.mkv", prompts=MIDDLE, decode=ENDLESS), murder)
    assert outcome.code == 7
    assert "survey died (killed by signal 9) after frame" in outcome.sentence
    assert outcome.sentence.endswith("nothing was written")
    assert left(tmp_path) == []


@pytest.mark.parametrize("extra", [[], ["--inline"]])
def test_a_disk_that_the_first_pass_fills_is_said_and_left_as_it_was(
    source: Path, tmp_path: Path, extra: list[str]
) -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from deploy.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["remove", str(source), str(tmp_path / "clean.mkv"), "--region", "20,20,16,12", "--passes", "2", *extra]
    told = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
    assert told.returncode == 5
    assert "survey cannot be written: file too large; nothing was written" in told.stderr
    assert "Traceback" not in told.stderr
    assert left(tmp_path) == []


def test_a_source_that_breaks_off_is_filled_as_far_as_it_goes(source: Path, tmp_path: Path) -> None:
    broken, target = tmp_path / "broken.mkv", tmp_path / "clean.mkv"
    data = source.read_bytes()
    broken.write_bytes(data[: len(data) * 2 // 3])
    outcome = run(twice(broken, target, prompts=MIDDLE))
    assert outcome.code == 3
    assert 20 < len(frames_of(target)) == outcome.ledger.frames_out < FRAMES
    assert left(tmp_path) == ["broken.mkv", "clean.mkv"]


@pytest.mark.parametrize("how", [run, run_inline])
def test_a_source_that_is_not_there_is_said_in_the_first_pass(tmp_path: Path, how: Callable[[Job], Outcome]) -> None:
    outcome = how(twice(tmp_path / "gone.mkv", tmp_path / "clean.mkv", prompts=MIDDLE))
    assert outcome.code == 3
    assert "gone.mkv" in outcome.sentence
    assert outcome.sentence.endswith("nothing was written")
    assert left(tmp_path) == []


def test_the_folder_of_the_first_pass_is_gone_whatever_is_raised(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), prepared(twice(source, tmp_path / "clean.mkv")) as made:
        assert Path(made.inpaint.foresight).is_dir()
        assert [*first_pass(made)][-1] == FRAMES
        raise ZeroDivisionError
    assert left(tmp_path) == []
