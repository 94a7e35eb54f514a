"""A clip and engines in, every frame as each of them fills it out, measured on the way."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.quality.flicker import Motion, Motions
from deploy.quality.learned import Films, Vector
from deploy.quality.score import ClipScore, Perceptual, Scorer
from stages.inpaint.inpaint import inpaint
from stages.pixels import blend
from tests.bench.fill.clips import Clip, Image
from tests.bench.fill.contest import Entry
from transport.messages import CleanFrame

WARM_UP = 8  # frames that are filled before the clock starts, so that no compiler is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One engine on one clip."""

    clip: str
    engine: str
    frames: int
    true: bool  # the distance from the source says something
    score: ClipScore  # of the frames that have a hole
    milliseconds: float  # of processor time a frame
    features: tuple[Vector, Vector] | None  # for VFID: of the source, and of what the engine made


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """What is measured beside the usual."""

    ssim_every: int = 1  # of so many frames one
    lpips: Perceptual | None = None
    films: Films | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """One frame, and what the engines made of it."""

    seq: int
    source: Image
    hole: NDArray[np.bool_]
    filled: list[Image]  # in the order of the engines


class Contest:
    """Engines that fill the same clip in step, so that its motion is computed once and little is held."""

    def __init__(self, clip: Clip, entries: Sequence[Entry], measures: Measures) -> None:
        self._clip = clip
        self._film = measures.films.open() if measures.films else None
        self._players = [_Player(clip, entry, measures) for entry in entries]

    def play(self) -> Iterator[Shown]:
        """Yield every frame once; the results are complete when all have been taken."""
        motions, clip = Motions(), self._clip
        for seq, (source, hole) in enumerate(zip(clip.source, clip.holes, strict=True)):
            motion = motions.step(source) if clip.true else None
            if self._film:
                self._film.add(source)
            filled = [player.step(source, hole, motion) for player in self._players]
            yield Shown(seq=seq, source=source, hole=hole, filled=filled)

    def results(self) -> list[Result]:
        """Return how each engine did."""
        true = self._film.feature() if self._film else None
        return [player.result(true) for player in self._players]


class _Player:
    """One engine at work."""

    def __init__(self, clip: Clip, entry: Entry, measures: Measures) -> None:
        for _ in inpaint(clip.given[:WARM_UP], entry.kind()):
            pass
        self._clip, self._entry = clip, entry
        self._frames = inpaint(clip.given, entry.kind())
        self._scorer = Scorer(ssim_every=measures.ssim_every, lpips=measures.lpips)
        self._film = measures.films.open() if measures.films else None
        self._own = Motions()  # where there is no truth
        self._was_masked = False
        self._seconds = 0.0

    def step(self, source: Image, hole: NDArray[np.bool_], motion: Motion | None) -> Image:
        """Return the next frame as the engine fills it; `motion` is that of the truth, if there is one."""
        started = time.process_time()
        clean = next(self._frames)
        self._seconds += time.process_time() - started
        image = composite(clean)
        if not self._clip.true:
            motion = self._own.step(image)
        if hole.any():  # frames without one are perfect by nature, which would be counted as 100 dB
            self._scorer.add(source, image, hole, motion if self._was_masked else None)
        self._was_masked = bool(hole.any())
        if self._film:
            self._film.add(image)
        return image

    def result(self, true: Vector | None) -> Result:
        frames = len(self._clip.given)
        return Result(
            clip=self._clip.name,
            engine=self._entry.label,
            frames=frames,
            true=self._clip.true,
            score=self._scorer.clip(),
            milliseconds=1000 * self._seconds / frames,
            features=(true, self._film.feature()) if self._film and true is not None else None,
        )


def composite(clean: CleanFrame) -> Image:
    """Return the RGB picture that encode would write."""
    frame, patch = clean.frame, clean.patch
    planes = frame.planes if patch.pixels is None else blend(frame, patch.mask.box, patch.pixels, patch.mask.alpha)
    return np.asarray(planes[0].reshape(frame.format.height, frame.format.width, 3), np.uint8)


def drain(shown: Iterable[Shown]) -> None:
    """Take all frames, for their scores alone."""
    for _ in shown:
        pass
