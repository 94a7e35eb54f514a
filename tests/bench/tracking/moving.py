"""Pictures to count by, what moves in 50 frames of three videos: `python -m tests.bench.tracking.moving --sheets DIR`.

The frames were chosen before anybody looked: 17 of pedestrians.avi, 17 of highway.avi and 16 of car-detection.mp4,
equally spaced from two seconds after the beginning, by the file's frame rate, to the last frame. To be counted in each:
people and vehicles that clearly move, those of them of which at least half is covered (shadows are not asked for), and
blobs on nothing: neither on such an object, nor on its shadow.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.quality.sheets import write_png
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.segment.detect.moving import Moving
from stages.segment.spot import Spot, crop
from stages.segment.view import View
from tests.bench.fill.clips import FOOTAGE
from tests.bench.tracking.looks import FOUND
from tests.bench.tracking.play import spread
from transport.messages import Frame, StreamInfo

FRAMES = {"pedestrians.avi": 17, "highway.avi": 17, "car-detection.mp4": 16}
WARM_UP_S = 2.0
TALLEST = 720  # pixels of a picture to count by

Step = Callable[[View], Spot | None]


class Subtracted:
    """One of OpenCV's background models, cleaned by a median: a baseline. Shadows count as what moves."""

    def __init__(self, model: cv2.BackgroundSubtractor) -> None:
        self._model = model

    def step(self, view: View) -> Spot | None:
        """Return what differs from the background."""
        found = np.asarray(self._model.apply(view.bgr), np.uint8)
        return crop(np.where(cv2.medianBlur(found, 5) > 0, np.uint8(255), np.uint8(0)))


MODELS: dict[str, Callable[[], Step]] = {
    "moving": lambda: Moving().step,
    "mog2": lambda: Subtracted(cv2.createBackgroundSubtractorMOG2()).step,
    "knn": lambda: Subtracted(cv2.createBackgroundSubtractorKNN()).step,
}


def main() -> None:
    """Write a picture for every frame that is counted, and say what a frame costs."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tracking.moving", description=__doc__)
    parser.add_argument("--model", choices=tuple(MODELS), default="moving")
    parser.add_argument("--clips", default=",".join(FRAMES), metavar="NAME[,NAME]")
    parser.add_argument("--sheets", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    arguments.sheets.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    for name in arguments.clips.split(","):
        step, seconds, shares = MODELS[arguments.model](), [], []
        wanted = set(chosen(name))
        for view in views(name):
            started = time.thread_time()
            spot = step(view)
            seconds.append(time.thread_time() - started)
            found = spread(spot, (view.height, view.width))
            shares.append(float(found.mean()))
            if view.seq in wanted:
                write_png(picture(view, found), arguments.sheets / f"{Path(name).stem}-{view.seq:04}.png")
        print(
            f"{name}: {len(seconds)} frames, {1000 * statistics.median(seconds):.1f} ms a frame (median), "
            f"{100 * statistics.mean(shares):.2f} % of the picture moves; counted are {sorted(wanted)}"
        )


def chosen(name: str) -> list[int]:
    """Return the frames that are counted."""
    count = sum(1 for _ in views(name))
    info = next(iter(decode(str(FOOTAGE / "video" / name), DecodeConfig(threads=1))))
    assert isinstance(info, StreamInfo)
    rate = info.frame_rate[0] / info.frame_rate[1]
    return [round(float(seq)) for seq in np.linspace(WARM_UP_S * rate, count - 1, FRAMES[name])]


def views(name: str) -> Iterator[View]:
    """Yield all frames of a video."""
    pictures = decode(str(FOOTAGE / "video" / name), DecodeConfig(threads=1))
    return (View(item) for item in pictures if isinstance(item, Frame))


def picture(view: View, found: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the frame as it is above or beside the frame with what was found outlined, enlarged to be seen."""
    scale = max(1, TALLEST // 2 // view.height + 1)
    size = view.width * scale, view.height * scale
    plain = np.asarray(cv2.resize(view.bgr, size, interpolation=cv2.INTER_CUBIC)[..., ::-1], np.uint8)
    mask = cv2.resize(found.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    outlined = np.ascontiguousarray(plain)
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    drawn = cv2.drawContours(outlined.copy(), outlines, -1, FOUND, 2)
    cv2.putText(drawn, f"frame {view.seq}", (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2, cv2.LINE_AA)
    return np.hstack([plain, drawn])


if __name__ == "__main__":
    main()
