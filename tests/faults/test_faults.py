"""Processes are killed, stopped, interrupted, disks fill up: what was written stays, and it is said what happened."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from deploy.crew import Patience
from deploy.supervisor import Supervisor
from stages.decode.config import DecodeConfig
from stages.encode.config import EncodeConfig
from stages.encode.targets import partial_path
from stages.segment.prompts import Prompts
from tests.clips import Clip, make, number
from tests.runs import At, frames_of, job, kill, run, workers, written
from transport import codec
from transport.deadlines import Deadlines
from transport.notes import Failed, Note
from transport.peers import Peer

FRAMES = 60
ENDLESS = DecodeConfig(loop=1000)
QUICK = EncodeConfig(codec="h264", preset="ultrafast")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that is played over and over where a run must not end by itself."""
    return make(tmp_path_factory.mktemp("source") / "clip.mkv", Clip(frames=FRAMES, audio=("aac",)))


@pytest.fixture(autouse=True)
def _nobody_is_left() -> object:
    before = set(workers())
    yield
    assert set(workers()) <= before


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("stage", ["decode", "segment", "encode"])
def test_a_killed_stage_is_named_and_what_was_acknowledged_plays(
    source: Path, tmp_path: Path, stage: str, suffix: str
) -> None:
    target, killed = tmp_path / f"clean{suffix}", []
    fault = At(written(100), lambda supervisor: (killed.append(time.monotonic()), kill(stage)(supervisor))[0])
    outcome = run(job(source, target, decode=ENDLESS, encode=QUICK), fault)
    assert time.monotonic() - killed[0] < 10
    assert outcome.code == 7
    assert f"{stage} died (killed by signal 9) after frame" in outcome.sentence
    partial = partial_path(str(target))
    assert f"are in {partial}" in outcome.sentence
    acknowledged = int(outcome.sentence.split("frames 0 to ")[1].split()[0])
    frames = frames_of_broken(partial)
    assert acknowledged >= 50
    assert len(frames) > acknowledged
    assert [number(frame) for frame in frames] == [seq % FRAMES for seq in range(len(frames))]
    assert not target.exists()


def frames_of_broken(path: Path) -> list:  # type: ignore[type-arg]
    """Return the frames of a file that may end in the middle of one."""
    from stages.decode.decode import decode
    from stages.errors import SourceError
    from transport.messages import Frame

    frames = []
    try:
        for item in decode(str(path), DecodeConfig()):
            if isinstance(item, Frame):
                frames.append(item)
    except SourceError:
        pass
    return frames


def test_a_stopped_replica_is_replaced_and_its_chunk_done_by_another(source: Path, tmp_path: Path) -> None:
    plain, stopped = tmp_path / "plain.nut", tmp_path / "stopped.nut"
    assert run(job(source, plain, decode=DecodeConfig(loop=8))).code == 0
    supervisor = Supervisor(
        job(source, stopped, decode=DecodeConfig(loop=8), replicas=2),
        show=At(written(12), kill("inpaint-0", signal.SIGSTOP)),
        deadlines=Deadlines(silence=1.0, beat=0.2),
        patience=Patience(exit=2.0),
    )
    outcome = supervisor.run()
    assert (outcome.code, outcome.sentence) == (0, "")
    assert outcome.ledger.redispatched > 0
    assert stopped.read_bytes() == plain.read_bytes()


def test_a_replica_that_keeps_dying_ends_the_run_with_a_sentence(source: Path, tmp_path: Path) -> None:
    def show(supervisor: Supervisor) -> None:
        if supervisor.children.get("inpaint-0") and supervisor.children["inpaint-0"].ready and written(1)(supervisor):
            kill("inpaint-0")(supervisor)

    outcome = run(job(source, tmp_path / "clean.mkv", decode=ENDLESS), show)
    assert outcome.code == 7
    assert "inpaint-0 died (killed by signal 9)" in outcome.sentence


class HardOfHearing(Supervisor):
    """Hears why a worker failed only a while after its process ended."""

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        if isinstance(note, Failed):
            threading.Thread(target=self._later, args=(peer, note), daemon=True).start()
        else:
            super().heard(peer, note, parts)

    def _later(self, peer: Peer, note: Failed) -> None:
        self.children[peer.name].process.wait(10)
        time.sleep(0.3)
        super().heard(peer, note, ())


def test_why_a_stage_failed_is_heard_though_its_process_has_ended_before(source: Path, tmp_path: Path) -> None:
    outcome = HardOfHearing(job(source, tmp_path / "no" / "clean.mkv"), show=lambda _: None).run()
    assert outcome.code == 5
    assert outcome.sentence.endswith(f"there is no folder {tmp_path}/no")


@pytest.mark.parametrize(("number_", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_a_valid_shorter_file(
    source: Path, tmp_path: Path, number_: signal.Signals, code: int
) -> None:
    target = tmp_path / "clean.mp4"
    interrupt = At(written(80), lambda supervisor: os.kill(os.getpid(), number_))
    outcome = run(job(source, target, decode=ENDLESS, encode=QUICK), interrupt)
    assert outcome.code == code
    assert outcome.ledger.imbalance == 0
    frames = frames_of(target)
    assert len(frames) == outcome.ledger.frames_out >= 80
    assert not partial_path(str(target)).exists()


def test_a_second_interrupt_ends_it_at_once(source: Path, tmp_path: Path) -> None:
    def show(supervisor: Supervisor) -> None:
        if written(20)(supervisor):
            supervisor.signals.append(signal.SIGINT)

    started = time.monotonic()
    outcome = run(job(source, tmp_path / "clean.mkv", decode=ENDLESS), show)
    assert outcome.code == 130
    assert time.monotonic() - started < 30


def test_workers_die_with_a_killed_supervisor_and_the_file_plays(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "clean.mkv"
    words = ["remove", str(source), str(target), "--region", "20,20,16,12", "--engine", "blank", "--loop", "1000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy", *words, "--preset", "ultrafast"], stderr=subprocess.PIPE
    )
    partial = partial_path(str(target))
    _until(lambda: partial.exists() and partial.stat().st_size > 100_000)
    process.kill()
    process.communicate()
    _until(lambda: not workers())
    assert len(frames_of_broken(partial)) > 25
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.partial.mkv"]


def _until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_full_disk_is_said_and_what_fitted_plays(source: Path, tmp_path: Path) -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from deploy.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    target = tmp_path / "clean.mkv"
    words = ["remove", str(source), str(target), "--region", "20,20,16,12", "--engine", "blank", "--loop", "1000"]
    run_ = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60)
    assert run_.returncode == 5
    assert "Traceback" not in run_.stderr
    assert "File too large" in run_.stderr
    assert len(frames_of_broken(partial_path(str(target)))) > 25


def test_a_vanishing_output_folder_is_said(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    vanish = At(written(20), lambda supervisor: shutil.rmtree(folder))
    outcome = run(job(source, folder / "clean.mkv", decode=DecodeConfig(loop=15)), vanish)
    assert outcome.code == 5
    assert "clean" in outcome.sentence


def test_an_unreadable_mask_ends_the_file_before_its_frame(source: Path, tmp_path: Path) -> None:
    masks, target = tmp_path / "masks", tmp_path / "clean.mkv"
    masks.mkdir()
    picture = np.zeros((48, 64), np.uint8)
    picture[20:32, 20:36] = 255
    for seq in range(FRAMES):
        cv2.imwrite(str(masks / f"{seq:03}.png"), picture)
    (masks / "040.png").write_bytes(b"no picture")
    outcome = run(job(source, target, prompts=Prompts(mask=str(masks))))
    assert outcome.code == 4
    assert "040.png" in outcome.sentence
    assert len(frames_of(target)) == 40


def test_a_run_that_is_over_before_a_replica_comes_up_waits_for_none(source: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    (masks / "000.png").write_bytes(b"no picture")
    hold = At(lambda supervisor: "inpaint-0" in supervisor.children, kill("inpaint-0", signal.SIGSTOP))
    outcome = run(job(source, tmp_path / "clean.mkv", prompts=Prompts(mask=str(masks))), hold)
    assert (outcome.code, outcome.ledger.frames_out) == (4, 0)


def test_a_source_that_breaks_off_is_written_to_its_last_frame(source: Path, tmp_path: Path) -> None:
    broken, target = tmp_path / "broken.mkv", tmp_path / "clean.mkv"
    data = source.read_bytes()
    broken.write_bytes(data[: len(data) * 2 // 3])
    outcome = run(job(broken, target))
    assert outcome.code == 3
    assert "after frame" in outcome.sentence
    assert 20 < len(frames_of(target)) == outcome.ledger.frames_out < FRAMES


def test_a_failed_run_without_a_frame_leaves_nothing(source: Path, tmp_path: Path) -> None:
    outcome = run(job(source, tmp_path / "clean.mkv"), At(lambda s: "decode" in s.children, kill("decode")))
    assert outcome.code == 7
    assert list(tmp_path.iterdir()) == []


def test_a_replica_that_is_told_to_stop_from_outside_is_replaced(source: Path, tmp_path: Path) -> None:
    outcome = run(
        job(source, tmp_path / "clean.mkv", decode=DecodeConfig(loop=10)),
        At(written(12), kill("inpaint-0", signal.SIGTERM)),
    )
    assert (outcome.code, outcome.sentence) == (0, "")
    assert outcome.ledger.frames_out == 10 * FRAMES
    assert outcome.ledger.restarts == 1
