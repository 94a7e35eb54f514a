"""A street at the foot of the hills, painted from numbers: layers of RGB with alpha, seen from far to near.

Everything is drawn at twice the picture's size, in units of the picture's height, from one seed.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.demo.brush import Colour, Field, Image, fill, grid, mix, noise, smooth
from deploy.demo.buildings import bricks, cobbles, house, lamp, tree

OVERSAMPLING = 2
BREADTH = 1.5  # world's width, of the picture's
SKYLINE = 0.60  # heights: where the meadow begins
WALL = (0.56, 0.735)  # the brick wall's top and foot
PATH = (0.80, 0.955)  # the cobbled path's far and near edge
SUN = (0.66, 0.37)  # of the width, of the height


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """One sheet of the scenery."""

    image: NDArray[np.uint8]  # (h, w, 4) RGBA at OVERSAMPLING times the picture's size, colour times alpha
    nearness: float  # how far it follows the camera, 1 as the street does


def paint(width: int, height: int) -> tuple[Layer, ...]:
    """Return the layers for pictures of this size, the farthest first; they are BREADTH times as wide."""
    unit = height * OVERSAMPLING
    columns, rows = round(width * BREADTH * OVERSAMPLING), round(unit * 1.1)
    random = np.random.default_rng(2)
    return (
        _layer(_sky(random, rows, columns, unit), np.ones((rows, columns), np.float32), 0.15),
        _layer(*_hills(random, rows, columns, unit), 0.45),
        _layer(*_street(random, rows, columns, unit), 1.0),
    )


def _layer(image: Image, alpha: Field, nearness: float) -> Layer:
    rgba = np.dstack([np.clip(image, 0, 255) * alpha[..., None], alpha * 255])
    soft = cv2.GaussianBlur(rgba, (0, 0), 0.3 * OVERSAMPLING)  # so that it may be sampled at every second pixel
    return Layer(image=np.rint(np.clip(soft, 0, 255)).astype(np.uint8), nearness=nearness)


def _sky(random: np.random.Generator, rows: int, columns: int, unit: int) -> Image:
    x, y = grid(rows, columns, unit)
    image = mix((58, 92, 150), (168, 186, 205), smooth(y, -0.05, 0.38))
    image = mix(image, (255, 214, 160), smooth(y, 0.22, 0.62))
    distance = np.hypot(x - SUN[0] * columns / unit, (y - SUN[1]) * 1.15)
    image = mix(image, (255, 226, 170), np.exp(-((distance / 0.30) ** 2)) * np.float32(0.75))
    image = mix(image, (255, 248, 225), 1 - smooth(distance, 0.055, 0.068))
    wide = noise(random, rows, columns // 3 + 1, 0.16 * unit, octaves=6)
    clouds = np.asarray(cv2.resize(wide, (columns, rows), interpolation=cv2.INTER_CUBIC), np.float32)
    clouds *= 1 - 0.75 * smooth(np.abs(y - 0.2), 0.05, 0.36)
    soft = cv2.GaussianBlur(clouds, (0, 0), 0.012 * unit)
    lit = soft - np.roll(soft, -round(0.02 * unit), axis=0)
    tint = mix((214, 168, 170), (255, 246, 232), np.clip(0.6 + lit * 1.6, 0, 1))
    return mix(image, tint, smooth(clouds, 0.06, 0.5) * np.float32(0.9))


def _hills(random: np.random.Generator, rows: int, columns: int, unit: int) -> tuple[Image, Field]:
    image, alpha = np.zeros((rows, columns, 3), np.float32), np.zeros((rows, columns), np.float32)
    ridges: tuple[tuple[float, float, Colour, Colour], ...] = (
        (0.40, 0.11, (158, 152, 178), (206, 178, 176)),
        (0.47, 0.08, (104, 118, 136), (178, 160, 138)),
        (0.54, 0.05, (62, 88, 70), (126, 130, 76)),
    )
    for depth, (base, rise, dark, light) in enumerate(ridges):
        line = noise(random, 1, columns, (0.55 - 0.12 * depth) * unit, octaves=6)[0] * rise + base
        _, y = grid(rows, columns, unit)
        below = y - line[None]
        rough = noise(random, rows, columns, (0.10 - 0.02 * depth) * unit, octaves=5)
        light_here = np.clip(0.42 - 3.5 * _facing(line, below, rough, unit) + 0.35 * rough - 1.2 * below, 0, 1)
        inside = smooth(below, -0.002, 0.002)
        image, alpha = mix(image, mix(dark, light, light_here), inside), np.maximum(alpha, inside)
        if depth == 2:
            _forest(random, image, alpha, line, unit)
    return image, alpha


def _facing(line: Field, below: Field, rough: Field, unit: int) -> Field:
    """Return the ridge's slope, carried down the mountain along crooked spurs."""
    slope = np.gradient(cv2.GaussianBlur(line[None], (0, 0), 0.01 * unit)[0])
    columns = np.arange(len(line)) + (below * 0.55 + rough * 0.05) * unit
    carried: Field = slope[np.clip(columns, 0, len(line) - 1).astype(int)]
    return carried


def _forest(random: np.random.Generator, image: Image, alpha: Field, line: Field, unit: int) -> None:
    """Plant firs along the nearest ridge."""
    for x in np.sort(random.integers(0, len(line), round(len(line) / unit * 90))):
        tall = random.uniform(0.03, 0.07) * unit
        foot = line[x] * unit + random.uniform(0, 0.05) * unit
        green = np.array((38, 62, 50)) + random.uniform(-8, 22) * np.array((0.9, 1, 0.5))
        for part in range(3):
            top, wide = foot - tall * (1 - 0.27 * part), tall * (0.13 + 0.07 * part)
            points = np.array([(x, top), (x - wide, top + tall * 0.42), (x + wide, top + tall * 0.42)])
            fill(image, points, tuple(green + 6 * part))
            cv2.fillPoly(alpha, [np.rint(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)


def _street(random: np.random.Generator, rows: int, columns: int, unit: int) -> tuple[Image, Field]:
    x, y = grid(rows, columns, unit)
    rough = noise(random, rows, columns, 0.09 * unit, octaves=6)
    image = mix((74, 112, 52), (150, 164, 74), np.clip(0.45 + 0.6 * rough - 0.5 * (y - SKYLINE), 0, 1))
    skyline = SKYLINE + 0.012 * noise(random, 1, columns, 0.5 * unit, octaves=3)[0]
    alpha = smooth(y - skyline[None], -0.002, 0.002)
    right = columns / unit
    _meadow(random, image, (SKYLINE + 0.02, WALL[1]), unit)
    tree(random, image, alpha, (0.12 * right, WALL[0] + 0.10), 0.44, unit)
    house(random, image, alpha, (0.30 * right, WALL[1] - 0.01), unit)
    tree(random, image, alpha, (0.56 * right, WALL[0] + 0.10), 0.36, unit)
    bricks(random, image, alpha, ((0.49 * right, WALL[0] + 0.03), (right, WALL[1])), unit)
    bricks(random, image, alpha, ((0.0, WALL[0] + 0.03), (0.19 * right, WALL[1])), unit)
    cobbles(random, image, PATH, unit)
    _meadow(random, image, (WALL[1] + 0.005, PATH[0] + 0.01), unit)
    _meadow(random, image, (PATH[1], 1.1), unit)
    lamp(image, alpha, (0.52 * right, PATH[0] - 0.005), unit)
    lamp(image, alpha, (0.88 * right, PATH[0] - 0.005), unit)
    return _sunlit(image, x - SUN[0] * right, y), alpha


def _sunlit(image: Image, across: Field, y: Field) -> Image:
    """Warm the ground towards the sun."""
    glow = np.exp(-((across / 0.8) ** 2)) * smooth(y, 0.5, 0.8)
    warm: Image = image * (1 + glow[..., None] * np.float32(0.16) * np.array((1.2, 0.9, 0.3), np.float32))
    return warm


def _meadow(random: np.random.Generator, image: Image, span: tuple[float, float], unit: int) -> None:
    """Let grass grow between two heights, the far blades first, and some flowers."""
    columns = image.shape[1]
    count = round(columns / unit * (span[1] - span[0]) * 16000)
    for y in np.sort(random.uniform(span[0], span[1], count)):
        x, near = random.uniform(0, columns), 0.35 + 1.3 * max(y - SKYLINE, 0)
        tall, lean = random.uniform(0.010, 0.024) * near * unit, random.uniform(-0.5, 0.5)
        shade = random.uniform(-26, 34)
        tip = (x + lean * tall, y * unit - tall)
        wide = 0.0022 * near * unit
        blade = np.array([(x - wide, y * unit), (x + wide, y * unit), tip])
        fill(image, blade, (92 + shade, 132 + shade, 54 + 0.4 * shade))
        if random.random() < 0.012:
            petals = ((236, 226, 214), (232, 190, 70), (196, 92, 120))[random.integers(3)]
            cv2.circle(
                image, (round(tip[0] * 16), round(tip[1] * 16)), round(48 * near * unit / 720), petals, -1, 16, 4
            )
