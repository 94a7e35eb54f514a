"""A walker with a red balloon: where he stands in, his picture and his outline out.

Drawn at several times the picture's size and shrunk, so that every edge has its true share of each pixel. Lengths are
in heights of the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]  # (2,) x, y
Colour = tuple[float, float, float]

FINENESS = 4  # drawn pixels a pixel, each way
THIGH, SHIN, TORSO = 0.095, 0.095, 0.15
UPPER_ARM, FOREARM = 0.068, 0.064
STRIDE = 0.30  # two steps
SWING = 0.52  # radians: of the thigh to either side
SKIN, HAIR, HAT = (224, 172, 138), (82, 54, 40), (62, 50, 58)
COAT, COAT_DARK, SLEEVE, STRIPE = (236, 182, 52), (196, 142, 34), (222, 164, 40), (250, 222, 134)
TROUSERS, TROUSERS_DARK, BOOT = (58, 70, 108), (42, 52, 84), (94, 52, 40)
SCARF, BALLOON = (178, 48, 58), (214, 42, 46)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """A picture with an outline, and where its upper left corner lies."""

    left: int  # pixels of the frame
    top: int
    colour: NDArray[np.float32]  # (h, w, 3) RGB, 0 to 255, times its share
    share: NDArray[np.float32]  # (h, w) of each pixel, 0 to 1


def footfalls(start: float, end: float) -> NDArray[np.float64]:
    """Return the places, in heights, at which a walker from `start` to `end` puts a foot down."""
    first = np.ceil(start / (STRIDE / 2) - 0.5)
    places: NDArray[np.float64] = (np.arange(first, end / (STRIDE / 2)) + 0.5) * STRIDE / 2
    return places[places <= end]


def draw(x: float, ground: float, walked: float, time_s: float, height: float) -> Sprite:
    """Return the walker above the point x, ground of the frame, having walked so far (heights; `height` is one)."""
    left, top = int(np.floor(x - 0.3 * height)), int(np.floor(ground - 0.78 * height))
    rows, columns = round(0.82 * height), round(0.62 * height)
    sheet = _Sheet(rows, columns, round(height * FINENESS), np.array([x - left, ground - top]) / height)
    _figure(sheet, 2 * np.pi * walked / STRIDE, time_s)
    small = cv2.resize(sheet.image, (columns, rows), interpolation=cv2.INTER_AREA)
    share = np.asarray(small[..., 3] / np.float32(255), np.float32)
    return Sprite(left=left, top=top, colour=np.asarray(small[..., :3], np.float32), share=share)


class _Sheet:
    """An empty picture with alpha, drawn on in heights from the point on the ground below the hips."""

    def __init__(self, rows: int, columns: int, unit: int, origin: Point) -> None:
        self.image = np.zeros((rows * FINENESS, columns * FINENESS, 4), np.uint8)
        self._unit = unit
        self._origin = origin

    def pixels(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.rint((points + self._origin) * self._unit).astype(np.int32)

    def polygon(self, points: NDArray[np.float64], colour: Colour) -> None:
        cv2.fillPoly(self.image, [self.pixels(points)], (*colour, 255))

    def disc(self, centre: Point, radii: tuple[float, float], colour: Colour, turn: float = 0.0) -> None:
        axes = (max(1, round(radii[0] * self._unit)), max(1, round(radii[1] * self._unit)))
        cv2.ellipse(self.image, self.pixels(centre).tolist(), axes, turn, 0, 360, (*colour, 255), -1)

    def limb(self, start: Point, end: Point, widths: tuple[float, float], colour: Colour) -> None:
        """Draw a bone with flesh: round at both ends, tapering."""
        along = end - start
        across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
        a, b = across * widths[0] / 2, across * widths[1] / 2
        self.polygon(np.array([start + a, end + b, end - b, start - a]), colour)
        for point, width in ((start, widths[0]), (end, widths[1])):
            self.disc(point, (width / 2, width / 2), colour)


def _bone(length: float, angle: float) -> Point:
    """Return a bone that hangs down, swung forward by an angle."""
    bone: Point = np.array([np.sin(angle), np.cos(angle)]) * length
    return bone


def _from(point: Point, dx: float, dy: float) -> Point:
    moved: Point = point + np.array([dx, dy])
    return moved


def _leg(phase: float) -> tuple[Point, Point]:
    """Return knee and ankle, from the hip; the knee gives way while the leg swings forward."""
    thigh = SWING * np.sin(phase) + 0.08
    bend = 0.10 + 0.85 * max(0.0, float(np.cos(phase + 0.35))) ** 2
    knee = _bone(THIGH, thigh)
    return knee, knee + _bone(SHIN, thigh - bend)


def _figure(sheet: _Sheet, phase: float, time_s: float) -> None:
    near, far = _leg(phase), _leg(phase + np.pi)
    hip = np.array([0.0, -max(near[1][1], far[1][1]) - 0.018])  # whichever foot is lower stands on the ground
    neck = hip + _bone(-TORSO, -0.07)
    _balloon(sheet, neck, phase, time_s)
    _arm(sheet, neck, 0.5 * np.sin(phase), COAT_DARK)
    _draw_leg(sheet, hip, far, TROUSERS_DARK)
    _draw_leg(sheet, hip, near, TROUSERS)
    _body(sheet, hip, neck, phase)
    _head(sheet, neck, phase)
    _arm(sheet, neck, -0.5 * np.sin(phase), SLEEVE)


def _draw_leg(sheet: _Sheet, hip: Point, leg: tuple[Point, Point], colour: Colour) -> None:
    knee, ankle = hip + leg[0], hip + leg[1]
    sheet.limb(hip, knee, (0.056, 0.042), colour)
    sheet.limb(knee, ankle, (0.042, 0.032), colour)
    shin = (ankle - knee) / SHIN
    toe = np.array([shin[1], -shin[0]]) * 0.040
    sheet.limb(ankle - shin * 0.022, ankle + shin * 0.004, (0.038, 0.034), BOOT)
    sheet.limb(ankle + shin * 0.006, ankle + shin * 0.008 + toe, (0.026, 0.018), BOOT)


def _body(sheet: _Sheet, hip: Point, neck: Point, phase: float) -> None:
    sway = 0.012 * np.sin(2 * phase)
    hem = _from(hip, 0, 0.055)
    coat = np.array(
        [
            _from(neck, -0.036, 0.006),
            _from(neck, 0.036, 0.006),
            _from(hem, 0.056 + sway, 0),
            _from(hem, -0.052 - sway, 0.004),
        ]
    )
    sheet.polygon(coat, COAT)
    for down in np.arange(0.18, 1.0, 0.155):
        start, end = coat[0] * (1 - down) + coat[3] * down, coat[1] * (1 - down) + coat[2] * down
        sheet.polygon(np.array([start, end, _from(end, 0, 0.010), _from(start, 0, 0.010)]), STRIPE)
    shade = np.array([coat[0], _from(coat[0], 0.016, 0), _from(coat[3], 0.024, 0), coat[3]])
    sheet.polygon(shade, COAT_DARK)
    pack = _from(neck, -0.052, 0.058)
    sheet.disc(pack, (0.030, 0.050), (86, 110, 82), 8)
    sheet.disc(_from(pack, -0.006, 0.014), (0.017, 0.022), (66, 88, 66), 8)


def _head(sheet: _Sheet, neck: Point, phase: float) -> None:
    head = _from(neck, 0.012, -0.046)
    sheet.limb(_from(neck, 0, 0.008), _from(neck, 0.006, -0.02), (0.03, 0.028), SKIN)
    flutter = 0.014 * np.sin(2 * phase + 1)
    tail = np.array(
        [
            _from(neck, -0.02, -0.012),
            _from(neck, -0.02, 0.012),
            _from(neck, -0.09, 0.020 + flutter),
            _from(neck, -0.088, -0.004 + flutter),
        ]
    )
    sheet.polygon(tail, SCARF)
    sheet.limb(_from(neck, -0.02, 0.0), _from(neck, 0.024, 0.0), (0.028, 0.026), SCARF)
    sheet.disc(_from(head, -0.008, 0.0), (0.034, 0.038), HAIR)
    sheet.disc(_from(head, 0.006, 0.004), (0.029, 0.034), SKIN)
    sheet.disc(_from(head, 0.036, 0.006), (0.008, 0.006), SKIN)
    sheet.disc(_from(head, 0.022, -0.004), (0.0038, 0.005), (44, 36, 40))
    sheet.disc(_from(head, -0.002, -0.022), (0.040, 0.020), HAT)
    sheet.disc(_from(head, -0.002, -0.036), (0.030, 0.026), HAT)
    sheet.limb(_from(head, -0.036, -0.018), _from(head, 0.052, -0.016), (0.010, 0.008), HAT)


def _arm(sheet: _Sheet, neck: Point, swing: float, colour: Colour) -> None:
    shoulder = _from(neck, 0.0, 0.026)
    elbow = shoulder + _bone(UPPER_ARM, swing)
    hand = elbow + _bone(FOREARM, swing + 0.35)
    sheet.limb(shoulder, elbow, (0.036, 0.030), colour)
    sheet.limb(elbow, hand, (0.030, 0.026), colour)
    sheet.disc(hand + _bone(0.012, swing + 0.35), (0.013, 0.014), SKIN)


def _balloon(sheet: _Sheet, neck: Point, phase: float, time_s: float) -> None:
    """Let it float behind him on its string, held by the far hand."""
    swing = 0.5 * np.sin(phase)
    hand = _from(neck, 0.0, 0.026) + _bone(UPPER_ARM, swing) + _bone(FOREARM, swing + 0.35)
    knot = _from(neck, -0.06 + 0.018 * np.sin(1.9 * time_s), -0.135 + 0.008 * np.sin(2.6 * time_s))
    t = np.linspace(0, 1, 24)[:, None]
    bow = (1 - t) ** 2 * hand + 2 * t * (1 - t) * (_from(knot, 0.02, 0.10)) + t**2 * knot
    thick = np.array([0.0016, 0.0])
    sheet.polygon(np.concatenate([bow - thick, (bow + thick)[::-1]]), (236, 232, 226))
    middle = _from(knot, -0.008, -0.066)
    sheet.polygon(np.array([knot, _from(knot, -0.010, 0.012), _from(knot, 0.010, 0.012)]), (166, 30, 36))
    sheet.disc(middle, (0.052, 0.066), (182, 30, 38), 6)
    sheet.disc(_from(middle, 0.006, -0.006), (0.044, 0.056), BALLOON, 6)
    sheet.disc(_from(middle, 0.012, -0.014), (0.032, 0.040), (228, 66, 64), 6)
    sheet.disc(_from(middle, 0.020, -0.030), (0.010, 0.015), (252, 196, 188), 30)
