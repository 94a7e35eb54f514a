"""The tracker AOT, on weights set by hand with which the network follows colours: see `tests.parity.aot.wired`."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.errors import ModelError, OptionError, PromptError  # noqa: E402
from stages.segment.spot import Spot, rectangle, slices  # noqa: E402
from stages.segment.track.aot import GROUPS, OBJECTS, Aot, outline, working_size  # noqa: E402
from stages.segment.view import View  # noqa: E402
from tests.parity.aot import wired  # noqa: E402
from transport.messages import Box, Frame, PictureFormat  # noqa: E402

WIDTH, HEIGHT = 144, 112
RED, BLUE, GREEN, VIOLET = (220, 40, 40), (40, 60, 220), (30, 200, 60), (180, 30, 220)
GREY = 110
ROUGH = 0.36  # IoU: half of a place of 16 pixels may be lost at each side of an object of 40


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    shapes = json.loads((Path(__file__).parents[1] / "parity" / "aot" / "shapes.json").read_text())["aott"]
    path = tmp_path_factory.mktemp("weights") / "aott.pth"
    state = {f"module.{name}": torch.from_numpy(value) for name, value in wired.weights(shapes).items()}
    torch.save({"state_dict": state, "optimizer": {"step": 3}}, path)
    return path


def view(seq, *objects, width=WIDTH, height=HEIGHT):
    """A grey picture with coloured boxes (x, y, width, height, colour)."""
    picture = np.full((height, width, 3), GREY, np.uint8)
    for x, y, wide, high, colour in objects:
        picture[y : y + high, x : x + wide] = colour
    layout = PictureFormat(width=width, height=height, pixel_format="rgb24")
    return View(Frame(seq=seq, pts=seq, duration=1, key=False, format=layout, planes=(picture.reshape(height, -1),)))


def box(x, y, width, height, colour=None):
    return Box(x=x, y=y, width=width, height=height)


def spot(thing):
    return rectangle(box(*thing))


def overlap(sighting, thing):
    found, real = np.zeros((2, HEIGHT, WIDTH), bool)
    if sighting.spot:
        found[slices(sighting.spot.box)] = sighting.spot.values >= 128
    real[slices(box(*thing))] = True
    return (found & real).sum() / (found | real).sum()


def test_two_objects_keep_their_names_while_they_move(checkpoint):
    tracker = Aot(checkpoint, "aott")
    for seq in range(5):
        red, blue = (8 + 6 * seq, 16, 40, 48, RED), (96 - 4 * seq, 56, 40, 40, BLUE)
        shown = view(seq, red, blue)
        if not seq:
            tracker.point(shown, 31, spot(red))
            tracker.point(shown, 4, spot(blue))
            continue
        found = tracker.step(shown)
        assert list(found) == [31, 4]
        assert overlap(found[31], red) > ROUGH
        assert overlap(found[4], blue) > ROUGH
        assert all(sighting.age == 0 and sighting.confidence > 0.9 for sighting in found.values())


def test_an_object_is_found_again_far_from_where_it_was_hidden(checkpoint):
    tracker, red = Aot(checkpoint, "aott"), (48, 16, 40, 40, RED)
    tracker.point(view(0, red), 1, spot(red))
    tracker.step(view(1, red))
    for seq in range(2, 5):
        hidden = tracker.step(view(seq))[1]
        assert hidden.spot is None
        assert hidden.age == seq - 1
        assert hidden.confidence > 0.9
        assert not hidden.left
    there = (96, 64, 40, 40, RED)
    found = tracker.step(view(5, there))[1]
    assert overlap(found, there) > ROUGH
    assert found.age == 0


def test_what_went_over_the_edge_has_left(checkpoint):
    tracker = Aot(checkpoint, "aott")
    places = [(64, 32, 48, 40, RED), (84, 32, 48, 40, RED), (104, 32, 40, 40, RED)]
    tracker.point(view(0, places[0]), 1, spot(places[0]))
    seen = [tracker.step(view(seq, place))[1] for seq, place in enumerate(places[1:], start=1)]
    gone = tracker.step(view(3))[1]
    assert [sighting.left for sighting in seen] == [False, False]
    assert gone.spot is None
    assert gone.left


def test_a_correction_is_taken_up_and_what_was_said_first_still_holds(checkpoint):
    tracker, red, green = Aot(checkpoint, "aott"), (16, 16, 40, 40, RED), (80, 48, 40, 40, GREEN)
    tracker.point(view(0, red), 1, spot(red))
    assert tracker.step(view(1, green))[1].spot is None
    tracker.point(view(1, green), 1, spot(green))
    assert overlap(tracker.step(view(2, green))[1], green) > ROUGH
    tracker.cut()
    assert overlap(tracker.step(view(3, red))[1], red) > ROUGH


def test_who_points_twice_in_a_frame_meant_the_second(checkpoint):
    tracker, red, blue = Aot(checkpoint, "aott"), (8, 16, 40, 40, RED), (88, 48, 40, 40, BLUE)
    tracker.point(view(0, red, blue), 1, spot(red))
    tracker.point(view(0, red, blue), 1, spot(blue))
    found = tracker.step(view(1, red, blue))[1]
    assert overlap(found, blue) > ROUGH
    assert overlap(found, red) == 0


def test_an_object_can_join_in_any_frame_stepped_to_or_not(checkpoint):
    tracker, red, blue = Aot(checkpoint, "aott"), (8, 16, 40, 40, RED), (88, 48, 40, 40, BLUE)
    tracker.point(view(0, red, blue), 1, spot(red))
    tracker.step(view(1, red, blue))
    tracker.point(view(2, red, blue), 2, spot(blue))
    found = tracker.step(view(3, red, blue))
    assert overlap(found[1], red) > ROUGH
    assert overlap(found[2], blue) > ROUGH


def test_what_is_forgotten_is_nobody_even_to_who_comes_next(checkpoint):
    tracker = Aot(checkpoint, "aott", gap=1)
    red, blue, green = (8, 8, 40, 40, RED), (88, 8, 40, 40, BLUE), (48, 64, 40, 40, GREEN)
    shown = view(0, red, blue, green)
    tracker.point(shown, 1, spot(red))
    tracker.point(shown, 2, spot(blue))
    tracker.step(view(1, red, blue, green))
    tracker.forget(1)
    tracker.forget(1)
    tracker.point(view(1, red, blue, green), 3, spot(green))
    found = tracker.step(view(2, red, blue, green))
    assert list(found) == [2, 3]
    assert overlap(found[2], blue) > ROUGH
    assert overlap(found[3], green) > ROUGH
    tracker.forget(2)
    tracker.forget(3)
    assert tracker.step(view(3, red, blue, green)) == {}


def test_after_a_cut_it_is_found_by_its_looks(checkpoint):
    tracker, red, there = Aot(checkpoint, "aott"), (8, 8, 40, 40, RED), (88, 64, 40, 40, RED)
    tracker.point(view(0, red), 1, spot(red))
    tracker.step(view(1, red))
    tracker.cut()
    assert overlap(tracker.step(view(2, there))[1], there) > ROUGH
    assert overlap(tracker.step(view(3, there))[1], there) > ROUGH


def test_more_objects_than_the_network_has_identities_are_followed(checkpoint):
    tracker = Aot(checkpoint, "aott")
    red, blue = (8, 8, 40, 40, RED), (88, 64, 40, 40, BLUE)
    shown = view(0, red, blue)
    for name in range(OBJECTS):
        tracker.point(shown, name, spot(red))  # each takes the place of the one before
    tracker.point(shown, 10, spot(blue))
    found = tracker.step(view(1, red, blue))
    assert overlap(found[OBJECTS - 1], red) > ROUGH
    assert overlap(found[10], blue) > ROUGH
    assert list(found) == list(range(11))


def test_one_object_too_many_is_one_sentence(checkpoint):
    tracker, shown, tiny = Aot(checkpoint, "aott"), view(0, width=20, height=20), Box(x=0, y=0, width=9, height=9)
    for name in range(GROUPS * OBJECTS):
        tracker.point(shown, name, rectangle(tiny))
    with pytest.raises(PromptError, match="follows 50 objects at most"):
        tracker.point(shown, -1, rectangle(tiny))


def test_half_precision_finds_the_same(checkpoint):
    red = (40, 32, 48, 40, RED)
    found = []
    for precision in ("f32", "bf16"):
        tracker = Aot(checkpoint, "aott", precision=precision)
        tracker.point(view(0, red), 1, spot(red))
        found.append(tracker.step(view(1, red))[1])
    seen = [np.zeros((HEIGHT, WIDTH), int) for _ in found]
    for picture, sighting in zip(seen, found, strict=True):
        picture[slices(sighting.spot.box)] = sighting.spot.values
    assert ((seen[0] >= 128) == (seen[1] >= 128)).mean() > 0.98


def test_a_speck_is_not_lost_where_pictures_are_shrunk(checkpoint):
    tracker, dot = Aot(checkpoint, "aott", long_edge=49), (60, 60, 2, 2, RED)
    tracker.point(view(0, dot), 1, Spot(box=box(*dot), values=np.full((2, 2), 140, np.uint8)))
    assert tracker._groups[0]._before.labels.sum() >= 1


def test_nothing_pointed_at_is_nothing_found(checkpoint):
    assert Aot(checkpoint, "aott").step(view(0)) == {}


def half(width, height, middle):
    """Scores of which the first object's is the higher one right of a column of the scores."""
    return torch.stack((torch.zeros(height, width), (torch.arange(width) - middle).expand(height, -1)))[None].float()


def test_an_outline_lies_where_scores_are_equal_corner_on_corner():
    spot, confidence = outline(half(25, 17, 12), 1, 97, 65)
    assert spot.box.y == 0
    assert spot.box.height == 65
    assert spot.box.x + spot.box.width == 97
    row = np.zeros(97, np.uint8)
    row[spot.box.x :] = spot.values[30]
    assert row[48] == 128  # (97 - 1) * 12 / (25 - 1)
    assert row[47] < 128 < row[49]
    assert row[96] == 255
    assert 0.9 < confidence < 1


def test_an_outline_is_that_of_the_whole_picture_though_only_a_box_is_computed():
    coarse = torch.nn.functional.interpolate(torch.randn(1, 3, 5, 7, generator=torch.manual_seed(4)) * 4, (23, 31))
    full = torch.nn.functional.interpolate(coarse, (90, 121), mode="bilinear", align_corners=True)
    for number in (1, 2):
        found, _ = outline(coarse, number, 121, 90)
        inside = np.zeros((90, 121), bool)
        inside[slices(found.box)] = found.values >= 128
        assert (inside != (full.argmax(dim=1)[0] == number).numpy()).mean() < 1e-3


def test_between_two_objects_that_touch_is_no_gap():
    """With the scores of three alike at one point, none is as probable as a half."""
    columns = torch.arange(25).expand(17, -1) - 12.0
    scores = torch.stack((torch.full((17, 25), -0.5), columns, -columns))[None] * 0.3
    union = np.zeros((65, 97), np.uint8)
    for number in (1, 2):
        found, _ = outline(scores, number, 97, 65)
        part = union[slices(found.box)]
        np.maximum(part, found.values, out=part)
    assert (union >= 128).all()


def test_where_no_score_is_the_highest_nothing_is_seen():
    spot, confidence = outline(half(25, 17, 99), 1, 97, 65)
    assert spot is None
    assert confidence > 0.99


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (854, 480, (481, 849)),
        (1920, 1080, (577, 1041)),
        (480, 854, (849, 481)),
        (465, 465, (465, 465)),
        (3, 3, (17, 17)),
    ],
)
def test_working_sizes_are_those_of_the_original(width, height, size):
    assert working_size(width, height, 1040) == size


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(100, 1500))
def test_a_working_size_fits_the_stride_and_the_limit(width, height, edge):
    rows, columns = working_size(width, height, edge)
    assert rows % 16 == columns % 16 == 1
    assert max(rows, columns) <= max(edge, 17) + 8
    scale = min(1, edge / max(width, height))
    assert all(abs(side - scale * full) <= 9 or side == 17 for side, full in ((rows, height), (columns, width)))


def test_a_short_edge_can_be_limited_too():
    assert working_size(1920, 1080, 1040, short_edge=480) == (481, 849)


def test_what_cannot_be_used_is_one_sentence(checkpoint, tmp_path):
    with pytest.raises(OptionError, match="there is no AOT 'aotx'; the known ones are aott, aots, aotl, r50_aotl"):
        Aot(checkpoint, "aotx")
    with pytest.raises(ModelError, match=r"aott\.pth lacks LSTT\.layers\.1\."):
        Aot(checkpoint, "aots")
    with pytest.raises(OptionError, match="AOT cannot run on nowhere"):
        Aot(checkpoint, "aott", device="nowhere")
    torch.save({"state_dict": {"encoder": print}}, tmp_path / "evil.pth")
    with pytest.raises(ModelError, match=r"evil\.pth"):
        Aot(tmp_path / "evil.pth", "aott")
    (tmp_path / "short.pth").write_bytes(checkpoint.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"short\.pth"):
        Aot(tmp_path / "short.pth", "aott")
