"""What an object casts, staged: red objects that walk over ground with their shadows, where both are known."""

from functools import cache

import cv2
import numpy as np

from stages.segment.outline.effects import Effects
from stages.segment.spot import crop, sure
from stages.segment.view import View
from tests.stages.scenes import planes_of
from transport.messages import Frame, PictureFormat

WIDTH, HEIGHT = 320, 200
PICTURE = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format="rgb24")


@cache
def grain(seed, contrast, level=130, sigma=2.0):
    """Return a texture three pictures wide; contrast and level are grey levels, sigma its softness in pixels."""
    noise = np.random.default_rng(seed).standard_normal((HEIGHT, 3 * WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip(level + contrast * smooth / smooth.std(), 5, 250)


def view(image, seq):
    """Return an image, red, green, blue, of any numbers, as a view of the frame `seq`."""
    planes = planes_of(np.clip(image, 0, 255).astype(np.uint8), PICTURE)
    return View(Frame(seq=seq, pts=seq, duration=1, key=False, format=PICTURE, planes=planes))


def rectangle(x, y, width, height):
    """Return the mask, 255 inside, of what of a rectangle lies in the picture."""
    inside = np.zeros((HEIGHT, WIDTH), np.uint8)
    inside[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = 255
    return inside


def whole(spot, shape=(HEIGHT, WIDTH)):
    """Return where in the whole picture a spot is; nowhere if it is None."""
    canvas = np.zeros(shape, bool)
    if spot is not None:
        canvas[spot.box.y : spot.box.y + spot.box.height, spot.box.x : spot.box.x + spot.box.width] = spot.values > 0
    return canvas


def play(count, place, cast, *, pan=0, light=lambda seq: 1.0, patch=None, depth=0.5, border=1.5):
    """Yield a red object that walks over ground, its shadow, and what is found, frame by frame.

    `place` and `cast` give the masks of object and shadow; `patch` is a mask of ground that is dark by itself; `depth`
    is the share of the light that the shadow takes, `border` how softly it ends, pixels.
    """
    effects = Effects(PICTURE)
    for seq in range(count):
        inside, shadow, shown = staged(seq, place, cast, pan=pan, light=light, patch=patch, depth=depth, border=border)
        yield inside > 0, shadow > 0, whole(effects.step(shown, sure(crop(inside))))


def staged(seq, place, cast, *, pan=0, light=lambda seq: 1.0, patch=None, depth=0.5, border=1.5):
    """Return the masks of object and shadow in a frame, and the frame; see `play`."""
    image = grain(4, 12)[:, pan * seq : pan * seq + WIDTH].copy()
    if patch is not None:
        image[patch > 0] *= 0.6
    inside, shadow = place(seq), cast(seq)
    image *= 1 - depth * cv2.GaussianBlur(shadow, (0, 0), border)[..., None] / 255
    own = np.roll(grain(7, 15, 90)[:, :WIDTH], 5 * seq, axis=1) * (2.0, 0.7, 0.6)
    image = np.where(inside[..., None] > 0, own, image) * light(seq)
    return inside, shadow, view(image, seq)


def walking(seq):
    """Return the mask of an object that walks to the right."""
    return rectangle(20 + 5 * seq, 60, 30, 60)


def beside(seq):
    """Return the mask of the shadow of `walking`."""
    return rectangle(50 + 5 * seq, 112, 35, 10)


def nothing(seq):
    """Return an empty mask."""
    return rectangle(0, 0, 0, 0)


def share(part, of):
    """Return how much `of` is in `part`, 0 to 1."""
    return np.count_nonzero(part & of) / max(np.count_nonzero(of), 1)


def widened(inside, pixels):
    """Return a mask grown by so many pixels to every side, as bools."""
    return cv2.dilate(inside.astype(np.uint8), np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)) > 0


def others(seq):
    """Return the mask of somebody who comes towards `walking`."""
    return rectangle(250 - 4 * seq, 40, 26, 70)


def theirs(seq):
    """Return the mask of the shadow of `others`."""
    return rectangle(215 - 4 * seq, 102, 45, 9)


def both(one, other):
    """Return what gives the union of the masks that two give for a frame."""
    return lambda seq: np.maximum(one(seq), other(seq))
