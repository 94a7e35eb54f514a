"""From planes to RGB: colours whose values the standards state come out as they should."""

import numpy as np
import pytest

from deploy.quality.pictures import FULL, LIMITED, rgb
from tests.clips import planes
from transport.messages import Frame, PictureFormat


def frame(pixel_format, samples, **about):
    """Return a frame of 4x4 pixels of one colour; samples by plane."""
    picture = PictureFormat(width=4, height=4, pixel_format=pixel_format, **about)
    shapes = [plane.shape for plane in planes(0, picture)]
    dtype = planes(0, picture)[0].dtype
    filled = tuple(np.full(shape, value, dtype) for shape, value in zip(shapes, samples, strict=True))
    return Frame(seq=0, pts=0, duration=1, key=True, format=picture, planes=filled)


@pytest.mark.parametrize(
    ("pixel_format", "samples", "about", "colour"),
    [
        ("yuv444p", (81, 90, 240), {"matrix": 6, "color_range": LIMITED}, (255, 0, 0)),  # BT.601's colour bars
        ("yuv444p", (63, 102, 240), {"matrix": 1, "color_range": LIMITED}, (255, 0, 0)),  # BT.709's
        ("yuv420p", (81, 90, 240), {}, (255, 0, 0)),
        ("yuv420p10le", (324, 360, 960), {"matrix": 6}, (255, 0, 0)),
        ("yuv444p", (76, 85, 255), {"matrix": 5, "color_range": FULL}, (254, 0, 0)),  # JFIF's red
        ("yuv444p", (235, 128, 128), {"matrix": 1}, (255, 255, 255)),
        ("gray", (100,), {}, (100, 100, 100)),
        ("gray", (235,), {"color_range": LIMITED}, (255, 255, 255)),
        ("gbrp", (10, 20, 30), {}, (30, 10, 20)),
    ],
)
def test_a_colour_is_what_the_standard_says(pixel_format, samples, about, colour):
    picture = rgb(frame(pixel_format, samples, **about))
    assert picture.shape == (4, 4, 3)
    assert np.abs(picture.astype(int) - colour).max() <= 1  # stated in whole steps of YUV


def test_rgb_stays_as_it_is():
    picture = PictureFormat(width=16, height=8, pixel_format="rgb24")
    whole = Frame(seq=0, pts=0, duration=1, key=True, format=picture, planes=planes(3, picture))
    assert np.array_equal(rgb(whole).reshape(8, -1), whole.planes[0])
