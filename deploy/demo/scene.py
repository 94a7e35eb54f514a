"""The demo's scene: a size in, pictures with and without a walker out, and which pixels he and his shadow change.

Everything is computed, nothing is read, and the same numbers give the same bytes.
"""

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.demo.landscape import BREADTH, OVERSAMPLING, Layer, paint
from deploy.demo.soundtrack import soundtrack
from deploy.demo.walker import Sprite, draw, footfalls

Field = NDArray[np.float32]  # (height, width)
Grey = NDArray[np.uint8]  # (height, width)
Picture = NDArray[np.uint8]  # (height, width, 3) RGB

PAN = 0.34  # of the picture's width, from the first frame to the last
ZOOM = 1.06  # at the last frame
WALK = (0.17, 0.80)  # where he is at the first and at the last frame, of the picture's width
GROUND = 0.885  # heights: where he sets his feet, on the path
SHADOW = 0.52  # the light that is left in it
SHADOW_TINT = np.array((0.92, 0.97, 1.08), np.float32)  # the sky still shines there
SHADOW_SLANT, SHADOW_LENGTH = -0.75, 0.30  # across and down, for each pixel of height
FAINT = 1 / 64  # of the light: less shadow than this is none


class Scene:
    """A walk down the street in front of a panning camera."""

    def __init__(self, width: int = 640, height: int = 360, frames: int = 120, fps: int = 24) -> None:
        """Take the size in pixels, both even, the number of frames and how many are shown a second."""
        if width % 2 or height % 2 or min(width, height) < 32:
            raise ValueError(f"a scene of {width}x{height}, even sides of 32 pixels and more expected")
        if frames < 1 or fps < 1:
            raise ValueError(f"a scene of {frames} frames at {fps} a second, 1 and more expected")
        self.width, self.height, self.frames, self.fps = width, height, frames, fps

    @cached_property
    def _layers(self) -> tuple[Layer, ...]:
        return paint(self.width, self.height)

    def plate(self, i: int) -> Picture:
        """Return frame i as it would be without the walker."""
        return _bytes(self._plate(i))

    def frame(self, i: int) -> Picture:
        """Return frame i with the walker and his shadow."""
        (colour, share), shadow = self._walker(i), self._shadow(i)
        plate = self._plate(i)
        lit = plate * (1 - shadow[..., None] * (1 - SHADOW * SHADOW_TINT))
        covered = (share > 0) | (shadow > 0)
        return np.where(covered[..., None], _bytes(lit * (1 - share[..., None]) + colour), _bytes(plate))

    def mask(self, i: int) -> Grey:
        """Return (height, width), 255 where the walker or his shadow covers any part of a pixel, else 0."""
        _, share = self._walker(i)
        return ((share > 0) | (self._shadow(i) > 0)).astype(np.uint8) * np.uint8(255)

    def sound(self) -> NDArray[np.int16]:
        """Return (samples, 2) at deploy.soundtrack.RATE: a chord, and steps where his feet come down."""
        street = [self._street_x(i) for i in range(self.frames)]
        steps = np.interp(footfalls(street[0], street[-1]), street, np.arange(self.frames) / self.fps)
        sides = [2 * self._across(round(time * self.fps)) - 1 for time in steps]
        return soundtrack(self.frames / self.fps, list(zip(steps.tolist(), sides, strict=True)))

    def _progress(self, i: int) -> float:
        return i / max(self.frames - 1, 1)

    def _across(self, i: int) -> float:
        """Return where he is, of the picture's width."""
        return WALK[0] + (WALK[1] - WALK[0]) * self._progress(i)

    def _camera(self, i: int, nearness: float) -> NDArray[np.float64]:
        """Return the (2, 3) map from pixels of the frame to pixels of a layer, smoothly on its way."""
        t = self._progress(i)
        ease = t * t * (3 - 2 * t)
        zoom = 1 + (ZOOM - 1) * ease * nearness
        scale = OVERSAMPLING / zoom
        left = (BREADTH - 1) * self.width * OVERSAMPLING * 0.5 * (1 - nearness)
        x = left + OVERSAMPLING * self.width * (0.04 + PAN * ease) * nearness
        centre = np.array([self.width / 2, self.height * 0.6])
        return np.array(
            [[scale, 0, x + centre[0] * (OVERSAMPLING - scale)], [0, scale, centre[1] * (OVERSAMPLING - scale)]]
        )

    def _plate(self, i: int) -> NDArray[np.float32]:
        picture: NDArray[np.float32] = np.zeros((self.height, self.width, 3), np.float32)
        for layer in self._layers:
            warped = cv2.warpAffine(
                layer.image,
                self._camera(i, layer.nearness),
                (self.width, self.height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            seen = np.asarray(warped, np.float32)
            picture = picture * (1 - seen[..., 3:] / np.float32(255)) + seen[..., :3]
        return picture

    def _street_x(self, i: int) -> float:
        """Return how far along the street he is, in heights."""
        camera = self._camera(i, 1.0)
        return float(camera[0, 0] * self._across(i) * self.width + camera[0, 2]) / (OVERSAMPLING * self.height)

    def _feet(self, i: int) -> tuple[float, float]:
        """Return the point on the ground below him, in pixels of the frame."""
        camera = self._camera(i, 1.0)
        return self._across(i) * self.width, (GROUND * self.height * OVERSAMPLING - camera[1, 2]) / camera[1, 1]

    def _sprite(self, i: int) -> Sprite:
        x, ground = self._feet(i)
        size = self.height * OVERSAMPLING / self._camera(i, 1.0)[0, 0]
        return draw(x, ground, self._street_x(i), i / self.fps, size)

    def _walker(self, i: int) -> tuple[NDArray[np.float32], Field]:
        """Return his colour times his share, and his share, of every pixel of the frame."""
        sprite = self._sprite(i)
        shift = np.array([[1, 0, sprite.left], [0, 1, sprite.top]], np.float64)
        both = np.dstack([sprite.colour, sprite.share])
        whole = cv2.warpAffine(both, shift, (self.width, self.height), flags=cv2.INTER_NEAREST)
        return np.asarray(whole[..., :3], np.float32), np.asarray(whole[..., 3], np.float32)

    def _shadow(self, i: int) -> Field:
        """Return how much of the sun he takes from every pixel: his outline, laid on the ground towards the camera."""
        sprite, (x, ground) = self._sprite(i), self._feet(i)
        steep = 1 / SHADOW_LENGTH
        laid = np.array(
            [
                [1, -SHADOW_SLANT * steep, SHADOW_SLANT * steep * ground - sprite.left],
                [0, -steep, ground * (1 + steep) - sprite.top],
            ]
        )
        tall = cv2.GaussianBlur(sprite.share, (0, 0), 0.1, sigmaY=0.4 * steep)  # as it is shrunk to a third
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        hard = cv2.warpAffine(tall, laid, (self.width, self.height), flags=flags)
        hard[: int(ground)] = 0
        y, across = np.mgrid[: self.height, : self.width].astype(np.float32) / np.float32(self.height)
        contact = np.exp(-(((across - x / self.height) / 0.075) ** 2) - ((y - ground / self.height) / 0.012) ** 2)
        soft = cv2.GaussianBlur(hard, (0, 0), 0.005 * self.height)
        shadow: Field = np.maximum(np.maximum(soft, 0.5 * contact) - np.float32(FAINT), 0)
        return shadow


def _bytes(picture: NDArray[np.float32]) -> Picture:
    rounded: Picture = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return rounded
