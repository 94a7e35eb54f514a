"""The bench itself: its measures where the answer is known, and what it gives to trackers."""

import numpy as np
import pytest

from stages.segment.spot import Spot
from stages.segment.track.tracker import Sighting
from tests.bench.fill.clips import FOOTAGE
from tests.bench.tracking.baselines import Flow, Held, plain_grabcut
from tests.bench.tracking.clips import Clip, load
from tests.bench.tracking.contest import find_tracker
from tests.bench.tracking.measures import boundary, boundary_accuracy, decay, region_similarity
from tests.bench.tracking.play import from_mask, from_rectangle, play
from tests.stages.scenes import planes_of, texture
from transport.messages import Frame, PictureFormat

footage = pytest.mark.skipif(not FOOTAGE.is_dir(), reason=f"there is no footage at {FOOTAGE}")
PICTURE = PictureFormat(width=96, height=64, pixel_format="rgb24")


def region(x, y, width, height, shape=(64, 96)):
    """Return a rectangle in a picture."""
    whole = np.zeros(shape, np.bool_)
    whole[y : y + height, x : x + width] = True
    return whole


def clip(speed, count=6):
    """Return a bright textured square that goes to the right over a darker still one."""
    frames, truths = [], []
    for seq in range(count):
        truth = region(10 + speed * seq, 20, 24, 24)
        image = texture(96, 64) // 3
        image[truth] = 128 + texture(24, 24, seed=9).reshape(-1, 3) // 2
        planes = planes_of(image, PICTURE)
        frames.append(Frame(seq=seq, pts=seq, duration=1, key=seq == 0, format=PICTURE, planes=planes))
        truths.append(truth)
    return Clip(name="square", frames=frames, truths=truths)


def test_the_region_similarity_is_intersection_over_union():
    assert region_similarity(region(0, 0, 10, 10), region(5, 0, 10, 10)) == 50 / 150
    assert region_similarity(region(0, 0, 9, 9), region(20, 20, 9, 9)) == 0
    assert region_similarity(region(0, 0, 0, 0), region(0, 0, 0, 0)) == 1
    assert region_similarity(region(0, 0, 0, 0), region(0, 0, 3, 3)) == 0


def test_a_boundary_is_one_pixel_wide_and_not_along_the_edge_of_the_picture():
    edge = boundary(region(2, 3, 4, 5, shape=(12, 12)))
    assert np.count_nonzero(edge) == 2 * (4 + 5) + 1 - 1
    assert not boundary(region(0, 0, 12, 12, shape=(12, 12))).any()
    assert np.argwhere(boundary(region(0, 0, 5, 12, shape=(12, 12))))[:, 1].tolist() == [4] * 12


def test_a_boundary_that_is_off_by_less_than_the_tolerance_is_right():
    shape = (480, 854)  # tolerance: ceil(0.008 * 979.6) = 8 pixels
    true = region(200, 100, 100, 100, shape)
    assert boundary_accuracy(region(208, 100, 100, 100, shape), true) == 1
    assert boundary_accuracy(region(200, 100, 109, 100, shape), true) < 1


def test_the_boundary_accuracy_balances_precision_and_recall():
    """Two upright bars from edge to edge, one found: precision 1, recall a half. Each bar has two sides."""
    one = region(200, 0, 50, 480, (480, 854))
    both = one | region(500, 0, 50, 480, (480, 854))
    assert boundary_accuracy(one, both) == pytest.approx(2 * 1 * 0.5 / 1.5)
    assert boundary_accuracy(both, one) == pytest.approx(2 * 1 * 0.5 / 1.5)


def test_empty_boundaries_agree_with_each_other_and_with_nothing_else():
    nothing, something = region(0, 0, 0, 0), region(10, 10, 20, 20)
    assert boundary_accuracy(nothing, nothing) == 1
    assert boundary_accuracy(nothing, something) == boundary_accuracy(something, nothing) == 0


def test_decay_is_what_is_lost_from_the_first_quarter_to_the_last():
    assert decay([1.0, 1.0, 0.9, 0.9, 0.7, 0.7, 0.25, 0.25]) == pytest.approx(0.75)
    assert np.isnan(decay([1.0, 0.5]))


def test_a_mask_that_is_held_overlaps_as_much_as_the_object_has_moved():
    """Three pixels a frame of 24: the overlap of frame t is 24 - 3 t; the last frame does not count."""
    result = play(clip(speed=3), Held, begin=from_mask).result
    expected = [(24 - 3 * t) / (24 + 3 * t) for t in range(1, 6)]
    assert result.first == 1
    assert result.regions == pytest.approx(expected)
    assert result.region == pytest.approx(np.mean(expected[:-1]))
    assert result.lost == result.missed == 0


def test_a_mask_that_is_warped_goes_along():
    square = clip(speed=3)
    assert play(square, Flow, begin=from_mask).result.region > 0.8 > play(square, Held, begin=from_mask).result.region


def test_what_is_not_reported_is_lost_and_what_is_beside_the_object_misses_it():
    class Wrong(Held):
        """Says nothing in every second frame and something wrong in the others."""

        def step(self, view):
            corner = from_rectangle(Clip(name="", frames=[], truths=[region(90, 60, 4, 4)]))
            return Sighting(spot=corner if view.seq % 2 else None, confidence=0.5)

    result = play(clip(speed=0, count=7), Wrong, begin=from_mask).result
    assert (result.lost, result.missed, result.region) == (0.5, 1.0, 0.0)


def test_grabcut_finds_a_bright_thing_in_a_box_that_is_too_large():
    square = clip(speed=0)
    box = from_rectangle(Clip(name="", frames=[], truths=[region(6, 16, 32, 32)])).box
    spot = plain_grabcut(next(square.views()), box)
    assert isinstance(spot, Spot)
    found = np.zeros((64, 96), np.bool_)
    found[spot.box.y : spot.box.y + spot.box.height, spot.box.x : spot.box.x + spot.box.width] = spot.values >= 128
    assert region_similarity(found, square.truths[0]) > 0.95


@footage
def test_sequences_are_decoded_one_frame_for_every_mask():
    swing = load("swing", limit=4)
    assert len(swing.frames) == len(swing.truths) == 4
    assert swing.truths[0].shape == (swing.frames[0].format.height, swing.frames[0].format.width)
    assert region_similarity(swing.truths[0], swing.truths[3]) > 0.3


def test_trackers_are_found_by_name_and_others_are_refused_in_one_sentence():
    assert find_tracker("held") is Held
    for words in ("gone", "siammask", "held:file"):
        with pytest.raises(SystemExit, match=f"there is no tracker {words}; the known ones are held, flow"):
            find_tracker(words)
    with pytest.raises(SystemExit, match="tracker siammask cannot be used here: "):
        find_tracker("siammask:/nowhere.pth")
