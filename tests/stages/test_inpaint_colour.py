"""Colours of a source, for networks that know red, green and blue."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.inpaint.colour import from_rgb, to_rgb
from transport.messages import PictureFormat

LIMITED, FULL = 1, 2
PICTURE = PictureFormat(width=64, height=48, pixel_format="yuv420p")
RED = np.array([[[255, 0, 0]]], np.float32)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"matrix": 6}, (81.5, 90.2, 240)),  # 65.481 + 16, 128 - 37.797, 128 + 112: BT.601
        ({"matrix": 1}, (62.6, 102.3, 240)),  # 0.2126 * 219 + 16, 128 - 0.2126 / 1.8556 * 224: BT.709
        ({"matrix": 6, "color_range": FULL}, (76.2, 85.0, 255)),  # JPEG
        ({"matrix": 9}, (73.5, 96.7, 240)),  # BT.2020
        ({"matrix": 0, "color_range": FULL}, (0, 0, 255)),
        ({"matrix": 8, "color_range": FULL}, (63.8, 64.3, 255)),
        ({"pixel_format": "rgb24"}, (255, 0, 0)),
        ({"pixel_format": "gray"}, (76.2,)),
        ({"pixel_format": "gray", "color_range": LIMITED}, (81.5,)),
        ({"height": 1080}, (62.6, 102.3, 240)),
    ],
)
def test_red_is_what_the_standards_say(changes: dict[str, object], expected: tuple[float, ...]) -> None:
    picture = replace(PICTURE, **changes)  # type: ignore[arg-type]
    assert from_rgb(RED, picture)[0, 0] == pytest.approx(expected, abs=0.06)


@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    matrix=st.sampled_from([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 14]),
    color_range=st.integers(0, 2),
    pixel_format=st.sampled_from(["yuv420p", "yuvj420p", "nv12", "yuv444p10le", "rgb24", "gbrp"]),
)
def test_a_colour_comes_back_as_it_was(
    colour: tuple[int, int, int], matrix: int, color_range: int, pixel_format: str
) -> None:
    picture = replace(PICTURE, matrix=matrix, color_range=color_range, pixel_format=pixel_format)
    there = from_rgb(np.array([[colour]], np.float32), picture)
    assert to_rgb(there, picture)[0, 0] == pytest.approx(colour, abs=1.0 if there.max() == 255 else 0.01)


@pytest.mark.parametrize("color_range", [0, LIMITED, FULL])
def test_grey_comes_back_as_it_was(color_range: int) -> None:
    picture = replace(PICTURE, pixel_format="gray", color_range=color_range)
    levels = np.arange(16, 236, dtype=np.float32).reshape(1, -1, 1)
    colours = to_rgb(levels, picture)
    assert np.ptp(colours, axis=2).max() < 0.01
    assert from_rgb(colours, picture) == pytest.approx(levels, abs=0.01)


def test_what_a_network_says_beyond_black_and_white_is_cut() -> None:
    wild = np.array([[[300, 300, 300], [-40, -40, -40]]], np.float32)
    assert from_rgb(wild, PICTURE)[0] == pytest.approx(np.array([[235, 128, 128], [16, 128, 128]]), abs=0.01)
