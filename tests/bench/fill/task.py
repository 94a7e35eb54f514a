"""Names of clips and what is to be done with each in, results out; in one process or several."""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import cv2

from deploy.quality.learned import Films, lpips
from tests.bench.fill.clips import Setting, load
from tests.bench.fill.contest import Entry
from tests.bench.fill.looks import Sheet, film
from tests.bench.fill.play import Contest, Measures, Result, drain


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is done with every clip."""

    setting: Setting
    entries: list[Entry]
    ssim_every: int
    sheets: Path | None
    video: Path | None
    lpips: tuple[Path, ...]  # checkpoints
    vfid: Path | None


def play_all(names: list[str], task: Task, workers: int) -> Iterator[list[Result]]:
    """Yield the results clip by clip, in the order of the names."""
    if workers == 1:
        yield from map(partial(fill, task=task), names)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(fill, task=task), names)


def fill(name: str, task: Task) -> list[Result]:
    """Let all engines fill one clip."""
    _use_one_thread()
    clip, labels = load(name, task.setting), [entry.label for entry in task.entries]
    contest = Contest(clip, task.entries, _measures(task.ssim_every, task.lpips, task.vfid))
    frames = contest.play()
    if task.sheets:
        frames = Sheet(clip, labels, task.sheets / f"{name}.png").watch(frames)
    if task.video:
        film(clip, frames, labels, task.video / f"{name}.mp4")
    else:
        drain(frames)
    return contest.results()


@cache
def _measures(ssim_every: int, lpips_weights: tuple[Path, ...], vfid_weights: Path | None) -> Measures:
    """Load the networks once."""
    return Measures(
        ssim_every=ssim_every,
        lpips=lpips(lpips_weights) if lpips_weights else None,
        films=Films(vfid_weights) if vfid_weights else None,
    )


def _use_one_thread() -> None:
    """Engines are measured on one."""
    cv2.setNumThreads(1)
    if "numba" in sys.modules:
        sys.modules["numba"].set_num_threads(1)
