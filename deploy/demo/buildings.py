"""What stands in the street of deploy.landscape: a house, walls, trees, lamps and the path, painted into a layer.

Places are in heights of the picture; `unit` is a height in pixels. Each function paints `image` and, where it stands
out against the sky, `alpha`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.demo.brush import Colour, Field, Image, fill, noise

Point = tuple[float, float]


def rectangle(image: Image, alpha: Field, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    """Fill a rectangle given in pixels."""
    points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    fill(image, points, colour)
    _cover(alpha, points)


def _cover(alpha: Field, points: NDArray[np.floating]) -> None:
    cv2.fillPoly(alpha, [np.rint(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)


def _bond(random: np.random.Generator, x: Field, y: Field, brick: Point, joint: float) -> tuple[Field, Field]:
    """Lay a running bond: return a number from 0 to 1 for every brick, and 1 in the joints."""
    row = np.floor(y / brick[1])
    along = x / brick[0] + 0.5 * (row % 2)
    column = np.floor(along)
    table = random.random((64, 64)).astype(np.float32)
    tone = table[row.astype(int) % 64, column.astype(int) % 64]
    dx = np.minimum(along - column, column + 1 - along) * brick[0]
    dy = np.minimum(y / brick[1] - row, row + 1 - y / brick[1]) * brick[1]
    return tone, np.clip(1.5 - np.minimum(dx, dy) / joint, 0, 1)


def _area(
    image: Image, left: float, top: float, right: float, bottom: float
) -> tuple[tuple[slice, slice], Field, Field]:
    rows = slice(max(round(top), 0), min(round(bottom), image.shape[0]))
    columns = slice(max(round(left), 0), min(round(right), image.shape[1]))
    y, x = np.mgrid[rows, columns].astype(np.float32)
    return (rows, columns), x - np.float32(left), y - np.float32(top)


def _noise(random: np.random.Generator, over: Field, size: float, octaves: int = 4) -> Field:
    return noise(random, over.shape[0], over.shape[1], size, octaves)


def bricks(random: np.random.Generator, image: Image, alpha: Field, corners: tuple[Point, Point], unit: int) -> None:
    """Build a wall of bricks with a coping of stone."""
    (left, top), (right, bottom) = ((x * unit, y * unit) for x, y in corners)
    area, x, y = _area(image, left, top, right, bottom)
    tone, joint = _bond(random, x, y, (0.052 * unit, 0.0195 * unit), 0.0022 * unit)
    stain = _noise(random, x, 0.12 * unit, octaves=6)
    grain = _noise(random, x, 0.006 * unit, octaves=2)
    light = (0.74 + 0.36 * tone + 0.16 * stain + 0.14 * grain) * (1 - 0.28 * y / (bottom - top)) * (1 - 0.1 * (x < 0))
    red = np.stack([150 + 26 * tone, 90 + 4 * tone, 72 - 8 * tone], axis=2) * light[..., None]
    mortar = np.array((176, 162, 146), np.float32) * (0.78 + 0.2 * stain)[..., None]
    image[area] = red * (1 - joint[..., None]) + mortar * joint[..., None]
    alpha[area] = 1
    ledge = 0.016 * unit
    rectangle(image, alpha, left - ledge / 2, top - ledge, right + ledge / 2, top + ledge / 4, (186, 176, 162))
    rectangle(image, alpha, left - ledge / 2, top - ledge, right + ledge / 2, top - 0.7 * ledge, (222, 208, 186))
    for seam in np.arange(left, right, 0.12 * unit):
        rectangle(image, alpha, seam, top - ledge, seam + 0.003 * unit, top + ledge / 4, (128, 118, 106))
    shade, _, down = _area(image, left, bottom, right, bottom + 0.03 * unit)
    image[shade] *= (0.62 + 0.38 * np.clip(down / (0.03 * unit), 0, 1))[..., None]


def cobbles(random: np.random.Generator, image: Image, span: tuple[float, float], unit: int) -> None:
    """Lay the path; its rows of stones grow towards the viewer."""
    area, x, y = _area(image, 0, span[0] * unit, image.shape[1], span[1] * unit)
    depth = y / ((span[1] - span[0]) * unit)  # 0 far, 1 near
    row = 9 * (np.log1p(1.4 * depth) / np.log(2.4))
    tone, joint = _bond(random, x, row * 0.021 * unit, (0.058 * unit, 0.021 * unit), 0.0026 * unit)
    stain = _noise(random, x, 0.2 * unit, octaves=6)
    grain = _noise(random, x, 0.008 * unit, octaves=3)
    light = 0.82 + 0.26 * tone + 0.09 * stain + 0.12 * grain + 0.08 * depth
    stone = np.stack([170 - 12 * tone, 156 - 10 * tone, 146 + 6 * tone], axis=2) * light[..., None]
    gap = np.array((84, 82, 66), np.float32) * (0.9 + 0.3 * stain)[..., None]
    image[area] = stone * (1 - joint[..., None]) + gap * joint[..., None]
    for edge, tall in ((span[0], 0.010), (span[1], 0.018)):
        curb, x, y = _area(image, 0, (edge - tall / 2) * unit, image.shape[1], (edge + tall / 2) * unit)
        seam = np.clip(1.5 - np.abs(x % (0.14 * unit) - 2) / 2, 0, 1)
        shade = (0.95 - 0.25 * y / (tall * unit)) * (1 - 0.4 * seam) + 0.1 * _noise(random, x, 0.02 * unit)
        image[curb] = np.array((188, 180, 168), np.float32) * shade[..., None]


def tree(random: np.random.Generator, image: Image, alpha: Field, foot: Point, tall: float, unit: int) -> None:
    """Plant a broad tree: a trunk, and leaves that are lighter the higher and the nearer to the sun they are."""
    x, y, size = foot[0] * unit, foot[1] * unit, tall * unit
    for lean in (0.0, -0.16, 0.2):
        top = (x + lean * size, y - 0.62 * size)
        wide = 0.035 * size if lean == 0 else 0.018 * size
        points = np.array([(x - wide, y), (x + wide, y), (top[0] + wide / 2, top[1]), (top[0] - wide / 2, top[1])])
        fill(image, points, (84, 64, 50))
        _cover(alpha, points)
    crown = np.array((x, y - 0.68 * size))
    spots = random.normal(0, (0.17 * size, 0.13 * size), (2200, 2))
    spots = spots[(np.abs(spots) < (0.40 * size, 0.31 * size)).all(axis=1)]
    bright = 0.5 * spots[:, 0] / size - 1.3 * spots[:, 1] / size + random.normal(0, 0.09, len(spots))
    for n in np.argsort(bright):
        radius = random.uniform(0.012, 0.032) * size
        green = np.array((86, 116, 50)) + np.clip(bright[n], -0.45, 0.55) * np.array((136, 118, 44))
        place = np.rint((crown + spots[n]) * 16).astype(int)
        axes, turn = (round(radius * 16), round(radius * 9)), random.uniform(0, 180)
        cv2.ellipse(image, place.tolist(), axes, turn, 0, 360, green.tolist(), -1, cv2.LINE_AA, 4)
        cv2.ellipse(alpha, place.tolist(), axes, turn, 0, 360, 1.0, -1, cv2.LINE_AA, 4)


def house(random: np.random.Generator, image: Image, alpha: Field, foot: Point, unit: int) -> None:
    """Build a house with a tiled roof and lamps on behind its windows; `foot` is the middle of its base."""
    x, y = foot[0] * unit, foot[1] * unit
    wide, tall = 0.24 * unit, 0.30 * unit
    rectangle(image, alpha, x + 0.11 * unit, y - 0.58 * unit, x + 0.155 * unit, y - 0.40 * unit, (142, 84, 68))
    rectangle(image, alpha, x + 0.105 * unit, y - 0.59 * unit, x + 0.16 * unit, y - 0.575 * unit, (110, 66, 56))
    area, across, down = _area(image, x - wide, y - tall, x + wide, y)
    plaster = 0.94 + 0.10 * _noise(random, across, 0.1 * unit, octaves=7)
    plaster *= 1 - 0.35 * np.exp(-down / (0.035 * unit))  # the eaves' shadow
    image[area] = np.array((226, 206, 176), np.float32) * plaster[..., None] + (across / wide)[..., None] * 6
    alpha[area] = 1
    _roof(random, image, alpha, (x, y - tall), unit)
    for beam in (-1.0, -0.335, 0.335, 1.0):
        middle = x + beam * (wide - 0.008 * unit)
        rectangle(image, alpha, middle - 0.008 * unit, y - tall + 0.01 * unit, middle + 0.008 * unit, y, (104, 76, 58))
    rectangle(image, alpha, x - wide, y - 0.165 * unit, x + wide, y - 0.150 * unit, (104, 76, 58))
    rectangle(image, alpha, x - wide, y - 0.022 * unit, x + wide, y, (128, 122, 116))
    for column in (-0.16, 0.0, 0.16):
        _window(image, alpha, (x + column * unit, y - 0.205 * unit), unit)
        if column:
            _window(image, alpha, (x + column * unit, y - 0.075 * unit), unit)
    _door(image, alpha, (x, y), unit)


def _roof(random: np.random.Generator, image: Image, alpha: Field, eaves: Point, unit: int) -> None:
    x, y = eaves
    low, high, rise = 0.28 * unit, 0.19 * unit, 0.17 * unit
    points = np.array(
        [(x - low, y + 0.012 * unit), (x + low, y + 0.012 * unit), (x + high, y - rise), (x - high, y - rise)]
    )
    area, across, down = _area(image, x - low, y - rise, x + low, y + 0.012 * unit)
    tone, joint = _bond(random, across, down, (0.022 * unit, 0.0175 * unit), 0.0024 * unit)
    light = (0.74 + 0.34 * tone) * (1 - 0.5 * joint) * (1.12 - 0.25 * down / rise)
    tiles = np.array((158, 82, 62), np.float32) * light[..., None]
    inside = np.zeros(image.shape[:2], np.float32)
    _cover(inside, points)
    image[area] += (tiles - image[area]) * inside[area][..., None]
    _cover(alpha, points)
    ridge = 0.008 * unit
    rectangle(image, alpha, x - high, y - rise - ridge, x + high, y - rise + ridge / 2, (120, 62, 50))
    rectangle(image, alpha, x - low, y + 0.006 * unit, x + low, y + 0.018 * unit, (96, 70, 56))


def _window(image: Image, alpha: Field, centre: Point, unit: int) -> None:
    x, y = centre
    wide, tall, frame = 0.033 * unit, 0.040 * unit, 0.006 * unit
    rectangle(image, alpha, x - wide - frame, y - tall - frame, x + wide + frame, y + tall + frame, (244, 236, 222))
    area, across, down = _area(image, x - wide, y - tall, x + wide, y + tall)
    glow = np.exp(-(((across - 0.9 * wide) / wide) ** 2 + ((down - 1.1 * tall) / tall) ** 2))
    image[area] = np.array((214, 138, 62), np.float32) + glow[..., None] * np.array((41, 88, 96), np.float32)
    for side in (-1, 1):  # curtains
        rectangle(image, alpha, x + side * wide, y - tall, x + side * 0.62 * wide, y + tall, (226, 176, 120))
        shutter = x + side * (wide + frame + 0.013 * unit)
        rectangle(
            image,
            alpha,
            shutter - 0.011 * unit,
            y - tall - frame,
            shutter + 0.011 * unit,
            y + tall + frame,
            (70, 104, 112),
        )
        for slat in np.arange(y - tall, y + tall, 0.010 * unit):
            rectangle(
                image, alpha, shutter - 0.008 * unit, slat, shutter + 0.008 * unit, slat + 0.003 * unit, (50, 78, 88)
            )
    rectangle(image, alpha, x - frame / 2, y - tall, x + frame / 2, y + tall, (244, 236, 222))
    rectangle(image, alpha, x - wide, y - frame / 2, x + wide, y + frame / 2, (244, 236, 222))
    rectangle(
        image,
        alpha,
        x - wide - 2 * frame,
        y + tall + frame,
        x + wide + 2 * frame,
        y + tall + 2.6 * frame,
        (150, 124, 104),
    )


def _door(image: Image, alpha: Field, foot: Point, unit: int) -> None:
    x, y = foot
    rectangle(image, alpha, x - 0.042 * unit, y - 0.142 * unit, x + 0.042 * unit, y, (236, 226, 208))
    rectangle(image, alpha, x - 0.034 * unit, y - 0.134 * unit, x + 0.034 * unit, y, (44, 84, 84))
    for side in (-1, 1):
        for top, bottom in ((0.122, 0.078), (0.066, 0.014)):
            left, right = sorted((x + side * 0.006 * unit, x + side * 0.027 * unit))
            rectangle(image, alpha, left, y - top * unit, right, y - bottom * unit, (62, 106, 104))
    cv2.circle(
        image, (round(x + 0.026 * unit), round(y - 0.07 * unit)), max(1, round(0.004 * unit)), (232, 196, 96), -1, 16
    )


def lamp(image: Image, alpha: Field, foot: Point, unit: int) -> None:
    """Put up a street lamp, lit."""
    x, y = foot[0] * unit, foot[1] * unit
    top = y - 0.40 * unit
    area, across, down = _area(image, x - 0.2 * unit, top - 0.2 * unit, x + 0.2 * unit, top + 0.2 * unit)
    halo = np.exp(-((np.hypot(across - 0.2 * unit, down - 0.2 * unit) / (0.055 * unit)) ** 2))[..., None]
    image[area] += (np.array((255, 226, 160), np.float32) - image[area]) * halo * np.float32(0.55)
    rectangle(image, alpha, x - 0.005 * unit, top, x + 0.005 * unit, y, (52, 56, 60))
    rectangle(image, alpha, x - 0.010 * unit, y - 0.05 * unit, x + 0.010 * unit, y, (46, 50, 54))
    glass = np.array([(-0.014, 0.0), (0.014, 0.0), (0.022, -0.050), (-0.022, -0.050)]) * unit + np.array([x, top])
    fill(image, glass, (255, 236, 178))
    _cover(alpha, glass)
    roof = np.array([(-0.026, -0.048), (0.026, -0.048), (0.0, -0.072)]) * unit + np.array([x, top])
    fill(image, roof, (46, 50, 54))
    _cover(alpha, roof)
