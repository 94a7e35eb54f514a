"""Weights for the smaller VINet, set by hand, with which it copies: what is in the hole comes from one reference frame.

Colours go through the encoder as they are, no flow is found, the references' features are dropped but for one, which is
believed where there is a hole, and the decoder hands on what it gets, at half the size. A network without training that
is right where nothing moves, if it is shown the right pictures in the right places in the right colours.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

COLOURS, ONES, HOLE = 3, 3, 4  # channels: 0 to 2 are colours + 1, so that nothing is below 0
SURE = 20.0  # before a sigmoid: 1


def weights(shapes: Mapping[str, tuple[int, ...]], reference: int) -> dict[str, Tensor]:
    """Return a value for every name; `reference` is which of REFERENCES is copied from."""
    values = {name: torch.zeros(shape) for name, shape in shapes.items()}
    for name, value in values.items():
        middle = value[..., 1, 1] if value.dim() > 1 else value
        if name.startswith("encoder"):
            _gated(middle, _eye(middle) if ".ec0." not in name else _begin(middle), ONES)
        elif name.startswith("st_agg"):
            _gated(middle[:, :, reference], _eye(middle), ONES)
        elif name.startswith("masknet"):
            _trust(name, middle)
        elif name.startswith("decoder"):
            _hand_on(name, middle[..., 0])
    return values


def _eye(weight: Tensor) -> Tensor:
    return torch.eye(len(weight) // 2, weight.shape[1])


def _gated(weight: Tensor, features: Tensor, open_with: int) -> None:
    """Set features, and a gate that the ones keep open."""
    weight[: len(weight) // 2] = features
    weight[len(weight) // 2 :, open_with] = SURE


def _begin(weight: Tensor) -> Tensor:
    """Add 1 to colours where there is no hole, where they are 0 already."""
    features = _eye(weight)
    features[:COLOURS, ONES], features[:COLOURS, HOLE] = 1, -1
    return features


def _trust(name: str, weight: Tensor) -> None:
    """Believe what is gathered where there is a hole in one and none in the other; never the last answer."""
    if name.endswith("convs.2.bias"):
        weight[:] = -SURE
    elif name.endswith("convs.2.weight"):
        weight[0, 0] = 0 if "256" in name else 2 * SURE
    elif name.endswith(".weight"):
        weight[0, HOLE if ".0.0." in name else 0] = 1


def _hand_on(name: str, weight: Tensor) -> None:
    if ".dc3_1." in name:
        behind = weight.shape[1] // 2
        _gated(weight[:, behind:], _eye(weight[:, behind:]), ONES)
    elif ".dc6." in name:
        weight[:, :COLOURS] = torch.eye(COLOURS)
        weight[:, ONES] = -1
    elif ".dc3_2." in name or ".dc4." in name or ".dc5." in name:
        _gated(weight, _eye(weight), ONES)
