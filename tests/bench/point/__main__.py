"""How well objects are outlined from a box or a click, without weights: python -m tests.bench.point

Mean intersection over union of the first 30 DAVIS clips' frames, averaged in each clip first, then over clips, and
milliseconds of processor time, for every kind of hint, with the frames that follow and without; beside cv2.grabCut.
`--fit` instead draws the numbers of stages/segment/point/weights.py from the dev half and prints them.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np

from stages.segment.point.grabcut import GrabCut
from stages.segment.point.segmenter import Hint
from stages.segment.spot import SURE, slices
from stages.segment.view import View
from tests.bench.point.clips import KINDS, Flags, Sample, hint, samples
from tests.bench.point.fit import fit

SEED = 7


def main() -> None:
    """Print one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=25, help="frames from one that is looked at to the next")
    parser.add_argument("--most", type=int, default=3, help="frames of a clip that are looked at")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--each", action="store_true", help="a line for every clip, too")
    parser.add_argument("--fit", action="store_true")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    chosen = list(samples(given.step, given.most))
    if not chosen:
        raise SystemExit("the footage, ../shared/footage, is not here")
    if given.fit:
        print(fit([sample for sample in chosen if sample.dev]))
        return
    for kind in given.kinds:
        for windowed in (True, False):
            _line(kind, "window" if windowed else "still", chosen, windowed, each=given.each)
    _line("box", "cv2.grabCut", chosen, False, each=given.each)


def _line(kind: str, way: str, chosen: Sequence[Sample], windowed: bool, *, each: bool) -> None:
    generator, scores, times = np.random.default_rng(SEED), defaultdict(list), []
    for sample in chosen:
        said = hint(kind, sample.truth, generator)
        began = time.thread_time()
        find = _plain if way == "cv2.grabCut" else _ours
        found = find(sample.view, said, sample.window if windowed else [])
        times.append(time.thread_time() - began)
        both, either = (found & sample.truth).sum(), (found | sample.truth).sum()
        scores[sample.clip, sample.dev].append(both / either)
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    if each:
        print(*(f"{kind:8} {way:12} {clip:20} {mean:.3f}" for (clip, _), mean in means.items()), sep="\n")
    halves = [np.mean([mean for name, mean in means.items() if name[1] in which]) for which in ((0, 1), (1,), (0,))]
    told = " ".join(f"{name} {value:.3f}" for name, value in zip(("all", "dev", "held"), halves, strict=True))
    print(f"{kind:8} {way:12} {told}  {1000 * np.median(times):.0f} ms", flush=True)


def _ours(view: View, said: Hint, window: Sequence[View]) -> Flags:
    found, spot = np.zeros((view.height, view.width), np.bool_), GrabCut().segment(view, said, window)
    found[slices(spot.box)] = spot.values >= SURE
    return found


def _plain(view: View, said: Hint, window: Sequence[View]) -> Flags:
    """OpenCV's own, from the same box."""
    assert said.box is not None
    labels, models = np.zeros((view.height, view.width), np.uint8), (np.zeros((1, 65)), np.zeros((1, 65)))
    box = (said.box.x, said.box.y, said.box.width, said.box.height)
    cv2.setRNGSeed(0)
    try:
        cv2.grabCut(view.bgr, labels, box, *models, 5, cv2.GC_INIT_WITH_RECT)
    except cv2.error:  # a box that leaves no background
        return labels > 0
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


if __name__ == "__main__":
    main()
