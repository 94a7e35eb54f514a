"""Weights for STTN that anybody can make again from their names, with which it attends to a few patches, not to all."""

import math
from collections.abc import Mapping

import numpy as np

from tests.parity.siammask.seeded import Image, Numbers, picture, uniform

COUNT, WIDTH, HEIGHT = 3, 96, 48  # pictures of the stored run
WANTED = 2  # of them completed
GAINS = {  # by what a name has in it
    "query_embedding": 0.5,
    "key_embedding": 0.5,
    "output_linear": 0.3,
    "feed_forward.conv.2": 0.2,
    "decoder.6": 0.1,
}


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Numbers]:
    """Return a value for every name of a state dict; convolutions as K. He (ICCV 2015)."""
    return {name: np.asarray(_weight(name, shape), np.float32) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> Numbers:
    numbers = uniform(name, shape)
    if len(shape) == 1:
        return numbers / 10
    gain = next((gain for part, gain in GAINS.items() if part in name), 1.0)
    return numbers * np.float32(gain * math.sqrt(6 / math.prod(shape[1:])))


def clip() -> tuple[list[Image], list[Image]]:
    """Return COUNT pictures, (HEIGHT, WIDTH, 3), and (HEIGHT, WIDTH) holes in them, 1 where they are."""
    ground = picture(1, WIDTH + 6 * COUNT, HEIGHT)
    pictures, holes = [], []
    for index in range(COUNT):
        pictures.append(np.ascontiguousarray(ground[:, 6 * index : 6 * index + WIDTH]))
        hole = np.zeros((HEIGHT, WIDTH), np.uint8)
        hole[6 + 9 * index : 24 + 9 * index, 20:60] = 1
        holes.append(hole)
    return pictures, holes
