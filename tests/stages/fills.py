"""A scene filled by an engine, and what is to be said of the result whatever the engine."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.inpaint.engine import Engine, EngineKind, Picture
from stages.inpaint.inpaint import inpaint
from stages.pixels import Pixels, blend, layout
from tests.stages.scenes import Scene, planes_of, whole_cells
from transport.messages import CleanFrame, MaskedFrame

NEAR = 25  # grey levels in every component at once: as near as no background comes to the object's colours


class Checked:
    """An engine whose results are looked at as they come, before they are rounded to the source's words."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def fill(self, window: Sequence[Picture]) -> Pixels:
        pixels = self._engine.fill(window)
        assert np.isfinite(pixels).all()
        assert pixels.min() >= 0
        assert pixels.max() <= 255
        return pixels


def filled(frames: list[MaskedFrame], kind: EngineKind) -> list[CleanFrame]:
    """Return the frames with their patches, each of the shape that its mask asks for."""
    cleaned = list(inpaint(frames, replace(kind, start=lambda: Checked(kind.start()))))
    assert [clean.frame.seq for clean in cleaned] == [masked.frame.seq for masked in frames]
    for clean, masked in zip(cleaned, frames, strict=True):
        assert clean.patch.mask is masked.mask
        if clean.patch.pixels is not None:
            channels = len(layout(clean.frame.format.pixel_format).components)
            assert clean.patch.pixels.shape == (masked.mask.box.height, channels * masked.mask.box.width)
    return cleaned


def near(clean: CleanFrame, colour: tuple[int, int, int]) -> bool:
    """Return whether any filled pixel has nearly that colour."""
    if clean.patch.pixels is None:
        return False
    lay = layout(clean.frame.format.pixel_format)
    pixels = clean.patch.pixels.reshape(*clean.patch.mask.alpha.shape, -1) / (1 << (lay.bits - 8))
    away = np.abs(pixels - colour[: pixels.shape[2]]).max(axis=2)
    return bool((away[clean.patch.mask.alpha > 0] < NEAR).any())


def same(one: CleanFrame, other: CleanFrame) -> bool:
    """Return whether two patches are the same, byte for byte."""
    if one.patch.pixels is None or other.patch.pixels is None:
        return one.patch.pixels is other.patch.pixels
    return np.array_equal(one.patch.pixels, other.patch.pixels)


def off(cleaned: list[CleanFrame], scene: Scene) -> float:
    """Return by how many grey levels the worst filled sample differs from the background.

    A chroma sample that the hole touches is filled as a whole, however much of it the mask covers.
    """
    worst = 0.0
    for clean in cleaned:
        if clean.patch.pixels is None:
            continue
        picture, box = clean.frame.format, clean.patch.mask.box
        truth = planes_of(scene.background(clean.frame.seq), picture)
        made = blend(clean.frame, box, clean.patch.pixels, whole_cells(clean.patch.mask, picture))
        lay = layout(picture.pixel_format)
        for one, other in zip(made, truth, strict=True):
            worst = max(worst, cv2.norm(one, other, cv2.NORM_INF) / (1 << (lay.bits - 8 + lay.up)))
    return worst


def luma_errors(cleaned: list[CleanFrame], scene: Scene) -> NDArray[np.float64]:
    """Return, for every frame that has a hole, by how many grey levels its filled luma is off in the mean."""
    errors = []
    for clean in cleaned:
        if clean.patch.pixels is not None:
            box, inside = clean.patch.mask.box, clean.patch.mask.alpha > 0
            truth = scene.background(clean.frame.seq)[box.y : box.y + box.height, box.x : box.x + box.width, 0]
            luma = clean.patch.pixels.reshape(box.height, box.width, -1)[..., 0]
            errors.append(cv2.absdiff(luma, truth)[inside].mean())
    return np.array(errors, np.float64)
