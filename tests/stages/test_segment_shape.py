import numpy as np
import pytest

from stages.segment.outline.hold import Holder
from stages.segment.outline.soften import soften
from stages.segment.spot import Spot, crop, enlarge, expand, overlap, rectangle, sure, unite
from transport.messages import Box, PictureFormat

WIDTH, HEIGHT = 60, 40


def picture(pixel_format="gray"):
    return PictureFormat(width=WIDTH, height=HEIGHT, pixel_format=pixel_format)


def whole(spot):
    """The spot or mask as a whole picture."""
    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)
    if spot is not None:
        values = spot.values if isinstance(spot, Spot) else spot.alpha
        canvas[spot.box.y : spot.box.y + spot.box.height, spot.box.x : spot.box.x + spot.box.width] = values
    return canvas


def blob(seed, share=0.01):
    return (np.random.default_rng(seed).random((HEIGHT, WIDTH)) < share).astype(np.uint8) * np.uint8(255)


def distances(inside):
    """How far every pixel is from the nearest one inside, the slow way."""
    ys, xs = np.nonzero(inside)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.sqrt(((y[..., None] - ys) ** 2 + (x[..., None] - xs) ** 2).min(axis=-1))


def test_a_spot_is_cut_tightly_around_what_matters():
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[5, 7], values[9, 12], values[30, 30] = 64, 255, 63
    spot = crop(values)
    assert spot.box == Box(x=7, y=5, width=6, height=5)
    assert crop(np.full((HEIGHT, WIDTH), 63, np.uint8)) is None


def test_spots_unite_to_the_most_that_any_says():
    parts = [
        rectangle(Box(x=2, y=3, width=4, height=5)),
        Spot(box=Box(x=4, y=4, width=8, height=2), values=np.full((2, 8), 100, np.uint8)),
    ]
    assert np.array_equal(whole(unite(parts)), np.maximum(whole(parts[0]), whole(parts[1])))
    assert unite([]) is None


def test_what_is_unsure_counts_only_where_it_touches_what_is_sure():
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[5, 5:20] = 64
    values[5, 20] = 128
    values[6, 21] = 90  # connected by its corner
    values[20, 5:20] = 127  # connected to nothing
    values[5, 2:5] = 63
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[5, 5:21] = expected[6, 21] = 255
    found = sure(crop(values))
    assert np.array_equal(whole(found), expected)
    assert found.box == Box(x=5, y=5, width=17, height=2)


def test_nothing_sure_is_nothing():
    assert sure(Spot(box=Box(x=0, y=0, width=3, height=3), values=np.full((3, 3), 127, np.uint8))) is None
    assert sure(None) is None


@pytest.mark.parametrize(("dilate", "feather"), [(0, 0), (4, 3), (7, 0), (0, 5)])
@pytest.mark.parametrize("seed", range(3))
def test_alpha_is_full_where_widened_and_falls_with_the_distance(dilate, feather, seed):
    inside = blob(seed, 0.003)
    distance = distances(inside)
    alpha = whole(soften(crop(inside), picture(), dilate=dilate, feather=feather)).astype(float)
    assert (alpha[distance <= dilate] == 255).all()
    assert (alpha[distance >= dilate + feather + 1] == 0).all()
    between = (distance > dilate) & (distance < dilate + feather + 1)
    expected = 255 * (dilate + feather + 1 - distance) / (feather + 1)
    assert np.abs(alpha - expected)[between].max(initial=0) <= 0.51  # rounding


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv410p", "yuv440p", "rgb24"])
@pytest.mark.parametrize("size", [(60, 40), (59, 39)])
def test_a_cell_of_the_chroma_grid_is_touched_everywhere_or_nowhere(pixel_format, size):
    from stages.pixels import layout

    across, down = layout(pixel_format).grid
    format_ = PictureFormat(width=size[0], height=size[1], pixel_format=pixel_format)
    for seed in range(5):
        values = blob(seed, 0.002)[: size[1], : size[0]]
        plain = whole(soften(crop(values), picture(), dilate=1, feather=1))[: size[1], : size[0]]
        snapped = whole(soften(crop(values), format_, dilate=1, feather=1))[: size[1], : size[0]]
        for y in range(0, size[1], down):
            for x in range(0, size[0], across):
                cell, old = snapped[y : y + down, x : x + across], plain[y : y + down, x : x + across]
                assert (cell == (np.maximum(old, 1) if old.any() else 0)).all()


def test_the_box_is_aligned_and_no_larger_than_it_must_be():
    spot = rectangle(Box(x=11, y=13, width=3, height=1))
    mask = soften(spot, picture("yuv420p"), dilate=0, feather=0)
    assert mask.box == Box(x=10, y=12, width=4, height=2)
    assert mask.alpha.tolist() == [[1, 1, 1, 1], [1, 255, 255, 255]]


def test_an_object_at_the_edge_stays_inside_the_picture():
    odd = PictureFormat(width=59, height=39, pixel_format="yuv420p")
    mask = soften(rectangle(Box(x=58, y=38, width=1, height=1)), odd, dilate=4, feather=3)
    assert (mask.box.x + mask.box.width, mask.box.y + mask.box.height) == (59, 39)
    assert mask.alpha[-1, -1] == 255


def test_nothing_is_an_empty_mask():
    mask = soften(None, picture(), dilate=4, feather=3)
    assert mask.empty
    assert mask.alpha.shape == (0, 0)


def test_an_empty_mask_stays_empty_however_wide():
    assert soften(sure(crop(np.zeros((HEIGHT, WIDTH), np.uint8))), picture(), dilate=90, feather=9).empty


@pytest.mark.parametrize("hold", [0, 1, 3])
def test_a_pixel_is_held_for_as_many_frames_as_asked(hold):
    masks = [blob(i, 0.02) if i % 4 < 3 else np.zeros((HEIGHT, WIDTH), np.uint8) for i in range(12)]
    holder = Holder(picture(), hold)
    for i in range(len(masks)):
        expected = np.max(masks[max(0, i - hold) : i + 1], axis=0)
        held = holder.step(sure(crop(masks[i])))
        assert np.array_equal(whole(held), expected)
        assert held is None or np.array_equal(whole(held), whole(crop(expected)))


def test_what_was_held_is_forgotten_at_a_cut():
    holder = Holder(picture(), 5)
    holder.step(rectangle(Box(x=1, y=1, width=9, height=9)))
    holder.forget()
    assert holder.step(None) is None
    corners = [rectangle(Box(x=x, y=y, width=1, height=1)) for x, y in ((0, 0), (20, 20))]
    around = unite(corners)
    assert np.array_equal(whole(holder.step(around)), whole(around))


def test_overlap_is_the_intersection_over_the_union():
    one = Box(x=0, y=0, width=10, height=10)
    assert overlap(one, one) == 1
    assert overlap(one, Box(x=5, y=0, width=10, height=10)) == pytest.approx(50 / 150)
    assert overlap(one, Box(x=10, y=0, width=10, height=10)) == 0


def test_a_box_is_made_larger_by_pixels_or_by_a_share_and_ends_with_the_picture():
    box = Box(x=10, y=30, width=20, height=8)
    assert expand(box, 3, picture()) == Box(x=7, y=27, width=26, height=13)
    assert enlarge(box, 0.25, picture()) == Box(x=5, y=28, width=30, height=12)
    assert enlarge(box, 0.25, picture(), least=12) == Box(x=0, y=18, width=42, height=22)
