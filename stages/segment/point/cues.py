"""What can be said of every pixel of an area: colour, texture, motion and place, each as a number for or against."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.point.area import Area, Flags, Map
from stages.segment.point.barrier import barrier
from stages.segment.point.cut import outline_lengths, smooth
from stages.segment.point.models import Codes, Histogram, binned
from stages.segment.point.motion import Moves, speed

Cues = NDArray[np.float32]  # (h, w, C)

FINE, COARSE, PARTS = 16, 8, 4  # bins of a colour, the same where the place counts too, and parts of the area
TEXTURE, MOTION = 12, 17  # bins
FASTEST = 3.5  # of log(1 + motion)
BARRIER = 30.0  # of L*a*b*: a clear edge
NEVER = -9.0  # a leaning that nothing outweighs
NEAR = 0.06  # of the area's longer side: what a pixel's neighbourhood is


class Evidence:
    """All that an area says; what of it depends on where the object is thought to be is worked out when asked."""

    def __init__(self, area: Area, motions: Sequence[Moves], hold: Map | None = None) -> None:
        """Take an area, how it moves, and what is known of it: above 0 is the object, below is not."""
        self.area, self.inside = area, area.inside
        self.hold = np.zeros(area.across.shape, np.float32) if hold is None else hold
        lab = cv2.cvtColor(area.picture.astype(np.float32) / np.float32(255), cv2.COLOR_BGR2Lab)
        self.lengths = outline_lengths(np.asarray(lab))
        self.colour, self.local, self.texture = _models(np.asarray(lab))
        self.motion = [_motion_model(one) for one in motions]
        self.speed = (
            _above(np.mean([speed(one) for one in motions], axis=0), ~self.inside) if motions else 0 * self.hold
        )
        self.barrier = self._barrier(np.asarray(cv2.GaussianBlur(lab, (0, 0), 0.7)))

    def first(self) -> Cues:
        """Return what is known before anything is thought of the object: all of the box against what is around it."""
        usual = float(self.barrier[self.inside].mean()) + 0.05
        relative = self.barrier / usual
        speed = self.speed / (float(np.abs(self.speed[self.inside]).mean()) + 0.1)
        now = [self.barrier, relative, np.log1p(relative), self.speed, speed]
        return np.stack([*self._place(), *self._ratios(self.inside.astype(np.float32)), *now], axis=2)

    def again(self, share: Map, leaning: Map) -> Cues:
        """Return what is known once the object is thought to be at `share`, because pixels lean so."""
        near = cv2.GaussianBlur(share, (0, 0), max(1.0, NEAR * max(share.shape)))
        now = [leaning, share, np.asarray(near), self.barrier, self.speed]
        return np.stack([*self._place(), *self._ratios(share), *now], axis=2)

    def settle(self, leaning: Map) -> Map:
        """Return where the object is, 0 to 1, by smooth outlines; nothing that is held is moved."""
        leaning = np.where(self.hold != 0, self.hold, leaning)
        return smooth(np.where(self.inside, leaning, np.float32(NEVER)).astype(np.float32), self.lengths)

    def _ratios(self, share: Map) -> list[Map]:
        on, beside = share, np.where(self.inside, 1 - share, np.float32(1))
        moving = [model.log_ratio(on, beside) for model in self.motion]
        motion = np.mean(moving, axis=0) if moving else np.zeros_like(share)
        return [*(model.log_ratio(on, beside) for model in (self.colour, self.local, self.texture)), motion]

    def _place(self) -> list[Map]:
        x, y = self.area.across**2, self.area.down**2
        return [np.ones_like(x), x, y, x * y, self.area.down, x * x, y * y, x * self.area.down]

    def _barrier(self, lab: Map) -> Map:
        distance = barrier(lab, ~self.inside | (self.hold < 0))
        return np.where(self.inside, np.minimum(distance / np.float32(BARRIER), 3), 0).astype(np.float32)


def _models(lab: Map) -> tuple[Histogram, Histogram, Histogram]:
    height, width = lab.shape[:2]
    light, red, blue = lab[..., 0] / np.float32(100), _finer_near_grey(lab[..., 1]), _finer_near_grey(lab[..., 2])
    fine, coarse = ([binned(one, 0, 1, count) for one in (light, red, blue)] for count in (FINE, COARSE))
    rows, columns = np.indices((height, width))
    part = [rows * PARTS // height, columns * PARTS // width]
    return (
        Histogram(fine, [FINE] * 3, smoothings=2),
        Histogram([*coarse, *part], [COARSE] * 3 + [PARTS] * 2, smoothings=1),
        Histogram(
            [binned(one, 0, 4, TEXTURE) for one in _textures(light * np.float32(255))], [TEXTURE] * 2, smoothings=1
        ),
    )


def _finer_near_grey(values: Map) -> Map:
    return np.asarray((np.sign(values) * np.sqrt(np.abs(values) / 100) + 1) / 2, np.float32)


def _textures(light: Map) -> list[Map]:
    def detail(sigma: float) -> Map:
        away = np.abs(light - cv2.GaussianBlur(light, (0, 0), sigma))
        return np.asarray(np.log1p(cv2.GaussianBlur(away, (0, 0), sigma)), np.float32)

    return [detail(1.0), detail(2.5)]


def _motion_model(one: Moves) -> Histogram:
    size = np.sign(one) * np.log1p(np.abs(one))
    codes: list[Codes] = [binned(size[..., axis], -FASTEST, FASTEST, MOTION) for axis in (0, 1)]
    return Histogram(codes, [MOTION] * 2, smoothings=1)


def _above(values: Map, surroundings: Flags) -> Map:
    return np.asarray(values - values[surroundings].mean(), np.float32) if surroundings.any() else values
