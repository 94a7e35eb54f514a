"""Samples in, the numbers of stages/segment/point/weights.py out: how much each cue and each look counts.

Cues: logistic regression over pixels, with a constant of its own for every picture, solved by Newton's method; the
cues of a further round are those that the round before it makes. Looks: ridge regression of the intersection over
union that each outline has.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

import stages.segment.point.outlines as drawing
from stages.segment.point.area import Area, around
from stages.segment.point.cues import Evidence
from stages.segment.point.grabcut import seen
from stages.segment.point.guess import guesses
from stages.segment.point.meant import all_looks
from stages.segment.point.motion import moves
from stages.segment.point.outlines import Outline
from tests.bench.point.clips import Flags, Sample, hint

ROUNDS = 3
PIXELS = 1500  # of each picture
SOLVES = 30
RIDGE = 1e-2
SEED = 0

Numbers = NDArray[np.float64]
Known = tuple[Evidence, NDArray[np.float32]]  # of an area, and how much of each of its pixels is the object


def fit(samples: Sequence[Sample]) -> str:
    """Return the lines of the module."""
    generator = np.random.default_rng(SEED)
    known = [_known(sample, windowed, generator) for sample in samples for windowed in (False, True)]
    first, *again = _cue_weights(known, generator)
    drawing.FIRST, drawing.AGAIN = tuple(first), tuple(tuple(one) for one in again)
    looks = _look_weights(known)
    sizes = _size_weights(samples, generator)
    cues = f"FIRST = {tuple(first)}\nAGAIN = {tuple(tuple(one) for one in again)}"
    return f"{cues}\nLOOKS = {tuple(looks)}\nMEANT = {tuple(sizes)}"


def _known(sample: Sample, windowed: bool, generator: np.random.Generator) -> Known:
    box = hint(str(generator.choice(["box", "larger", "jitter"])), sample.truth, generator).box
    assert box is not None
    area = around(sample.view, box)
    window = sample.window if windowed else []
    evidence = Evidence(area, list(moves(sample.view, window, box, area)))
    place, size = area.place, area.picture.shape[1::-1]
    truth = sample.truth[place.y : place.y + place.height, place.x : place.x + place.width].astype(np.float32)
    return evidence, np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_AREA), np.float32)


def _cue_weights(known: Sequence[Known], generator: np.random.Generator) -> list[list[float]]:
    weights, cues = [], [evidence.first() for evidence, _ in known]
    for _ in range(ROUNDS):
        pairs = [_some(evidence, one, truth, generator) for (evidence, truth), one in zip(known, cues, strict=True)]
        found, constants = _logistic([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        weights.append([round(float(one), 2) for one in found])
        leanings = [drawing.weigh(one, found) for one in cues]
        if len(weights) == 1:  # as the best of several leanings will be
            leanings = [leaning + np.float32(own) for leaning, own in zip(leanings, constants, strict=True)]
        leanings = [leaning + np.float32(generator.normal() / 2) for leaning in leanings]
        pairs_of = zip(known, leanings, strict=True)
        cues = [evidence.again(evidence.settle(leaning), leaning) for (evidence, _), leaning in pairs_of]
    return weights


def _some(evidence: Evidence, cues: Numbers, truth: Numbers, generator: np.random.Generator) -> tuple[Numbers, Numbers]:
    pixels = generator.permutation(np.flatnonzero(evidence.inside.ravel()))[:PIXELS]
    return cues.reshape(-1, cues.shape[-1])[pixels].astype(np.float64), truth.ravel()[pixels].astype(np.float64)


def _logistic(cues: Sequence[Numbers], truths: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Return weights, the first that of the constant 1, and by how much each picture's own constant is off it."""
    together = np.concatenate(cues)
    mean, spread = together.mean(axis=0), together.std(axis=0) + 1e-6
    scaled = [((one - mean) / spread)[:, 1:] for one in cues]
    weights, constants = np.zeros(scaled[0].shape[1]), np.zeros(len(scaled))
    for _ in range(SOLVES):
        hessian, gradient = RIDGE * len(scaled) * np.eye(len(weights)), -RIDGE * len(scaled) * weights
        for index, (one, truth) in enumerate(zip(scaled, truths, strict=True)):
            expected, weight = _expected(one @ weights + constants[index])
            constants[index] += np.clip((truth - expected).mean() / (weight.mean() + 1e-3), -1, 1)
            expected, weight = _expected(one @ weights + constants[index])
            centred = one - (one * weight[:, None]).sum(axis=0) / weight.sum()
            hessian += (centred * weight[:, None]).T @ centred / len(truth)
            gradient += one.T @ (truth - expected) / len(truth)
        weights += np.clip(np.linalg.solve(hessian, gradient), -0.5, 0.5)
    constant = constants.mean() - (weights * mean[1:] / spread[1:]).sum()
    return np.concatenate([[constant], weights / spread[1:]]), constants - constants.mean()


def _expected(leaning: Numbers) -> tuple[Numbers, Numbers]:
    share = 1 / (1 + np.exp(-np.clip(leaning, -30, 30)))
    return share, share * (1 - share) + 1e-6


def _look_weights(known: Sequence[Known]) -> list[float]:
    rows, likeness = [], []
    for evidence, truth in known:
        leaning = drawing.weigh(evidence.first(), drawing.FIRST)
        shares = [drawing.drawn(evidence, leaning + all_over) for all_over in drawing.LEANINGS]
        rows += [drawing.looks(evidence, share, shares, leaning) for share in shares]
        found, wanted = [share > 0.5 for share in shares], truth > 0.5
        likeness += [(one & wanted).sum() / max(1, (one | wanted).sum()) for one in found]
    return _linear(np.array(rows), np.array(likeness))


def _size_weights(samples: Sequence[Sample], generator: np.random.Generator) -> list[float]:
    """Fit what is meant by a click: how much better than their average the outlines of all guesses are."""
    rows, likeness = [], []
    for sample in samples:
        said = hint("click", sample.truth, generator)
        for window in ([], sample.window):
            boxes = guesses(sample.view, said, window)
            found = [(box, *one) for box in boxes for one in seen(sample.view, box, said, window)]
            looks = np.array([all_looks(sample.view, *one) for one in found])
            scores = np.array([_likeness(sample.truth, area, outline) for _, area, outline in found])
            rows.append(looks - looks.mean(axis=0))
            likeness.append(scores - scores.mean())
    return _linear(np.concatenate(rows), np.concatenate(likeness))


def _likeness(truth: Flags, area: Area, outline: Outline) -> float:
    """Return the intersection over union at the area's own size."""
    place, size = area.place, area.picture.shape[1::-1]
    part = truth[place.y : place.y + place.height, place.x : place.x + place.width].astype(np.float32)
    wanted, found = cv2.resize(part, size, interpolation=cv2.INTER_AREA) > 0.5, outline.share > 0.5
    pixel = place.width * place.height / found.size
    both = np.count_nonzero(wanted & found) * pixel
    return float(both / max(1.0, np.count_nonzero(truth) + np.count_nonzero(found) * pixel - both))


def _linear(rows: Numbers, wanted: Numbers) -> list[float]:
    """Return the weights of a ridge regression."""
    spread = rows.std(axis=0) + 1e-6
    spread[0] = 1
    scaled = rows / spread
    hessian = scaled.T @ scaled + RIDGE * len(scaled) * np.eye(len(spread))
    return [round(float(one), 3) for one in np.linalg.solve(hessian, scaled.T @ wanted) / spread]
