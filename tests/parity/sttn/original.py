"""The original code of STTN, opened from a clone of its repository.

    git clone https://github.com/researchmm/STTN && git -C STTN checkout f39f62c

Nothing of it is changed; torchvision, which it imports and does not use here, is stood in for.
"""

import sys
import types
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stages.nets.sttn import CUTS, STRIDE

NEIGHBOURS, SPACING = 5, 10  # neighbor_stride and ref_length of its test.py


def open_net(clone: Path) -> Any:
    """Return its network, in evaluation mode, with the weights that it happens to begin with."""
    models = types.ModuleType("torchvision.models")
    torchvision = types.ModuleType("torchvision")
    torchvision.models = models  # type: ignore[attr-defined]
    sys.modules |= {"torchvision": torchvision, "torchvision.models": models}
    sys.path.insert(0, str(clone))
    return import_module("model.sttn").InpaintGenerator(init_weights=False).eval()


def fill(net: torch.nn.Module, weights: dict[str, NDArray[np.float32]]) -> torch.nn.Module:
    """Return the network with these weights, all of which and no others it must have."""
    net.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return net


def resize(net: Any, width: int, height: int) -> None:
    """Let the original take another size than 432x240: its patches are stated in places of the features."""
    for block in net.transformer:
        block.attention.patchsize = [(width // STRIDE // cuts, height // STRIDE // cuts) for cuts in CUTS]


def complete(net: Any, features: torch.Tensor, masks: torch.Tensor, wanted: int) -> torch.Tensor:
    """Return what its test.py makes of the first `wanted` frames, as (wanted, 3, H, W) in [-1, 1]."""
    pictures: torch.Tensor = torch.tanh(net.decoder(net.infer(features, masks)[:wanted]))
    return pictures


def rounds(length: int) -> list[tuple[list[int], list[int]]]:
    """Return the frames that its test.py completes at once, and those that it refers to, for a video of a length."""
    found = []
    for middle in range(0, length, NEIGHBOURS):
        near = list(range(max(0, middle - NEIGHBOURS), min(length, middle + NEIGHBOURS + 1)))
        found.append((near, [index for index in range(0, length, SPACING) if index not in near]))
    return found
