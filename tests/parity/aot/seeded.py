"""Weights, pictures and labels that follow from names and numbers alone, so that both sides of a comparison have them.

Nothing here knows of either network: the rule for a weight needs its name and its shape.
"""

import zlib
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH = 49, 273  # pixels: wider than the window of the local attention, and not as high
FRAMES, SECOND = 10, 5  # frames of the run; the number of the one that is pointed at again
OBJECTS = 3
GAP = 2  # frames from one that is remembered for long to the next
LOOKED_AT = (1, 9)  # frames of which scores are stored
SAMPLES = 96  # of everything else that is stored

# By a part of the name: residuals that do not grow, fine features that do not drown the coarse, answers that count.
GAINS = {
    "bn3.weight": 0.3,
    "adapter_4x": 0.2,
    "adapter_8x": 0.3,
    "encoder_projector": 0.3,
    "id_bank": 4,
    "linear_V": 2,
    "attn.projection": 4,
}

Array = NDArray[np.float32]


def weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, Array]:
    """Return a weight for every name: of a size that signals keep through many layers."""
    return {name: _weight(name, tuple(shape)) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> Array:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    gain = next((gain for part, gain in GAINS.items() if part in name), 1)
    if len(shape) > 1:
        values = random.standard_normal(shape)
        values -= values.mean(axis=tuple(range(1, len(shape))), keepdims=True)  # no output is always the largest
        return (gain * values * (2 / np.prod(shape[1:])) ** 0.5).astype(np.float32)  # He et al. 2015
    if name.endswith((".weight", "running_var")):
        return (gain * random.uniform(0.5, 1.5, shape)).astype(np.float32)
    return (0.1 * random.standard_normal(shape)).astype(np.float32)


def picture(number: int) -> Array:
    """Return a (1, 3, HEIGHT, WIDTH) picture of deviation 1, with features of many sizes that move with its number."""
    random = np.random.default_rng(7)
    layers = [random.standard_normal((HEIGHT, WIDTH + 4 * FRAMES, 3)) for _ in range(3)]
    blurred = [cv2.GaussianBlur(layer, (0, 0), sigma) * sigma for layer, sigma in zip(layers, (1, 4, 12), strict=True)]
    moved = sum(layer[:, k * number : k * number + WIDTH] for k, layer in enumerate(blurred, start=1))
    return np.ascontiguousarray((moved / moved.std()).transpose(2, 0, 1)[None], np.float32)


def labels(number: int) -> NDArray[np.uint8]:
    """Return the (HEIGHT, WIDTH) labels of a frame that is pointed at: objects 1 and 2, in SECOND one more."""
    found = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(found, (60 + 2 * number, 22), 15, 1, cv2.FILLED)
    cv2.rectangle(found, (130, 8), (165, 40), 2, cv2.FILLED)
    if number >= SECOND:
        cv2.ellipse(found, (220, 24), (30, 12), 20, 0, 360, OBJECTS, cv2.FILLED)
    return found


def sampled(values: Array) -> Array:
    """Return SAMPLES of them, evenly spread."""
    flat = values.reshape(-1)
    return flat[np.linspace(0, flat.size - 1, SAMPLES).astype(int)]
