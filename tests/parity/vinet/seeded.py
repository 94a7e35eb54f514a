"""Weights and a clip for VINet that anybody can make again from nothing but names and numbers."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tests.parity.siammask.seeded import Numbers, picture, uniform

FRAMES = 40
SPEED = 3, 2  # pixels a frame, across and down: what the camera does
STEP = 4  # pixels a frame: what the hole does

# By how much layers differ from the rule, so that colours are about as large as colours are, flows are of some pixels
# and masks are neither all 0 nor all 1.
GATED, FLOW, TRUST, PLAIN = 1.7, 0.6, 3.0, 1.0


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return a value for every name of a state dict; convolutions as K. He (ICCV 2015), with gains."""
    return {name: torch.from_numpy(_weight(name, shape)) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> Numbers:
    numbers = uniform(name, shape)
    if len(shape) == 1:
        return np.asarray(numbers / 10, np.float32)
    return np.asarray(numbers * np.float32(math.sqrt(6 / math.prod(shape[1:])) * _gain(name)), np.float32)


def _gain(name: str) -> float:
    if ".flow_estimator.conv1." in name or ".convs_fine.convs.6." in name:
        return FLOW
    if ".convs.2." in name and name.startswith("masknet"):
        return TRUST
    gated = name.startswith(("encoder", "bottleneck", "decoder", "st_agg"))
    return GATED if gated and "dc6" not in name else PLAIN


def clip(height: int, width: int, frames: int = FRAMES) -> tuple[list[Tensor], list[Tensor]]:
    """Return (1, 3, H, W) pictures of [-1, 1] that a camera pans over, and the holes that cross them, (1, 1, H, W)."""
    wide = picture(7, width + SPEED[0] * frames, height + SPEED[1] * frames)
    pictures, holes = [], []
    for index in range(frames):
        x, y = SPEED[0] * index, SPEED[1] * index
        part = np.ascontiguousarray(wide[y : y + height, x : x + width].transpose(2, 0, 1))
        pictures.append(torch.from_numpy(part)[None].float() / 127.5 - 1)
        hole = torch.zeros(1, 1, height, width)
        left = STEP * index % (width - width // 4)
        hole[..., height // 3 : 2 * height // 3, left : left + width // 4] = 1
        holes.append(hole)
    return pictures, holes
