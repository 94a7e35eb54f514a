"""Weights, pictures and a clip that anybody can make again from nothing but a name or a number.

Only the raw words of a counter-based generator are used (Philox, J. Salmon et al., SC 2011), whose order numpy
promises to keep; its distributions may change between versions.
"""

import math
import zlib
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.view import View
from transport.messages import Frame, PictureFormat

Numbers = NDArray[np.float32]
Image = NDArray[np.uint8]  # (H, W, 3) blue, green, red

# By how much the layers that end in an answer, or begin with pixels of 0 to 255, differ from the rule, so that the
# answers of a network that knows nothing are neither all alike nor out of all bounds.
GAINS = {
    "features.features.conv1.weight": 1 / 100,
    "features.downsample.downsample.0.weight": 1 / 12,
    "conv_kernel.0.weight": 1 / 8,
    "cls.head.3.weight": 0.3,
    "loc.head.3.weight": 0.05,
    "deconv.weight": 0.4,
    "post2.weight": 0.4,
}

FRAMES, WIDTH, HEIGHT = 8, 240, 180
SIZE = (44, 36)  # pixels of the thing in the clip


def uniform(name: str, shape: tuple[int, ...]) -> Numbers:
    """Return numbers in [-1, 1) that belong to a name."""
    words = np.random.Philox(key=zlib.crc32(name.encode())).random_raw(math.prod(shape))
    return ((words >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)).reshape(shape)


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Numbers]:
    """Return a value for every name of a state dict; convolutions as K. He (ICCV 2015), norms near 1."""
    return {name: np.asarray(_weight(name, shape), np.float32) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> Numbers:
    numbers = uniform(name, shape)
    if name.endswith("num_batches_tracked"):
        return np.zeros_like(numbers)
    if len(shape) > 1:
        fans = shape[0] if "deconv" in name else math.prod(shape[1:])
        gain = next((gain for end, gain in GAINS.items() if name.endswith(end)), 1.0)
        return numbers * np.float32(math.sqrt(6 / fans) * gain)
    if name.endswith((".weight", "running_var")):
        around = 0.4 if ".bn3." in name and name.endswith("weight") else 1.0  # else 13 blocks add up
        return np.float32(around) * (1 + numbers / 4)
    return numbers / 10


def picture(seed: int, width: int, height: int) -> Image:
    """Return a picture with large and small structure, in all of 0 to 255."""
    layers = []
    for step in (4, 12, 40):
        coarse = uniform(f"picture {seed} {step}", (height // step + 2, width // step + 2, 3))
        layers.append(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(math.sqrt(step)))
    both = np.asarray(sum(layers))
    return np.clip(127.5 + both * np.float32(28), 0, 255).astype(np.uint8)


def clip() -> tuple[list[Image], list[tuple[int, int, int, int]]]:
    """Return FRAMES pictures in which a textured thing moves, grows and turns, and its x, y, width, height in each."""
    ground, thing = picture(1, WIDTH, HEIGHT), 255 - picture(2, *SIZE)
    frames, boxes = [], []
    for index in range(FRAMES):
        width, height = round(SIZE[0] * (1 + 0.03 * index)), round(SIZE[1] * (1 + 0.03 * index))
        x, y = 60 + 5 * index, 70 + 3 * index
        frame = ground.copy()
        frame[y : y + height, x : x + width] = cv2.resize(thing, (width, height), interpolation=cv2.INTER_LINEAR)
        frames.append(frame)
        boxes.append((x, y, width, height))
    return frames, boxes


def view(image: Image, seq: int = 0) -> View:
    """Return an image as a view that shows exactly its colours."""
    height, width = image.shape[:2]
    picture = PictureFormat(width=width, height=height, pixel_format="rgb24")
    plane = np.ascontiguousarray(image[..., ::-1]).reshape(height, -1)
    return View(Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=(plane,)))
