"""Weights for AOTT, set by hand, with which it follows colours: a tracker without training.

The encoder hands the colours of a place through, keys are colours, values are identities, and the decoder hands the
identities through: what has the colour that an object had is the object. Outlines are as coarse as places are.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tests.parity.aot.seeded import Array

RESIDUAL = (3, 5, 6, 8, 9, 10, 12, 13, 15, 16)  # blocks of the encoder that add to what they get: these add nothing
TOLD = 1000.0  # how much louder identities are than colours
SCORE = 10.0  # of the object that is there


def weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, Array]:
    """Return all of them by name."""
    return {name: np.ascontiguousarray(_weight(name, tuple(shape)), np.float32) for name, shape in shapes.items()}


def _weight(name: str, shape: tuple[int, ...]) -> NDArray[np.floating]:
    if name == "encoder.features.0.0.weight":
        return _both_signs(shape)
    if name == "patch_wise_id_bank.weight":
        return np.pad(TOLD * np.eye(*shape[:2])[..., None, None], ((0, 0), (0, 0), (8, 8), (8, 8)))
    if name == "decoder.conv_in.conv.weight":
        return np.hstack([np.zeros((256, 256)), np.eye(256)])[..., None, None]  # past the colours, to the identities
    if name == "decoder.conv_out.weight":
        return SCORE * np.eye(*shape[:2])[..., None, None]
    if re.fullmatch(r"decoder\.conv_\d+x\.conv\.weight", name):
        return _middle(np.eye(*shape[:2]))
    if name.startswith("encoder.features.") and len(shape) == 4:
        return _handed_on(name, shape)
    if name == "encoder_projector.weight":
        return np.eye(*shape[:2])[..., None, None]
    if re.search(r"0\.linear_[QV]\.weight|short_term_attn\.projection\.weight", name):
        return np.eye(*shape)
    if name.endswith("long_term_attn.projection.weight"):
        return 1.5 * np.eye(*shape)  # what is alike anywhere counts more than what is nearby: it may have been hidden
    ones = len(shape) == 1 and name.endswith((".weight", "running_var"))
    return np.ones(shape) if ones else np.zeros(shape)


def _both_signs(shape: tuple[int, ...]) -> NDArray[np.floating]:
    """Red, green and blue above the mean in channels 0 to 2, below it in 3 to 5: nothing negative goes on."""
    signs = np.vstack([np.eye(3), -np.eye(3), np.zeros((shape[0] - 6, 3))])
    return signs[..., None, None] * np.full(shape, 1 / np.prod(shape[2:]))


def _handed_on(name: str, shape: tuple[int, ...]) -> NDArray[np.floating]:
    if shape[2:] == (3, 3):
        return _middle(np.ones(shape[:2]))
    adds = name.endswith(".conv.2.weight") and int(name.split(".")[2]) in RESIDUAL
    return (0 if adds else 1) * np.eye(*shape[:2])[..., None, None]


def _middle(matrix: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return 3x3 convolutions that look at the middle alone."""
    return np.pad(matrix[..., None, None], ((0, 0), (0, 0), (1, 1), (1, 1)))
