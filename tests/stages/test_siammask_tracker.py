"""SiamMask as a follower: as the original with seeded weights; and with a network that compares pixels, in stories."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="SiamMask needs the extra `learned`")

from stages.errors import ModelError, OptionError  # noqa: E402
from stages.nets.siammask import EXEMPLAR, RATIOS, Answer, Fine, Kernels, SiamMask  # noqa: E402
from stages.segment.spot import SURE, Spot, rectangle, slices  # noqa: E402
from stages.segment.track.siammask import WIDEST, SiamMaskFollower, siammask  # noqa: E402
from tests.parity.siammask.seeded import clip, picture, view, weights  # noqa: E402
from transport.messages import Box  # noqa: E402

RECORDED = Path(__file__).parents[1] / "parity" / "siammask" / "answers.npz"
WIDTH, HEIGHT = 240, 180
THING = 40  # pixels of its side
CELL = 4  # pixels that are looked at as one


class Comparer(torch.nn.Module):
    """Answers as SiamMask does, by comparing pixels: what an exemplar shows in its middle is looked for as it is."""

    def __init__(self):
        super().__init__()
        self.numbers = torch.nn.Parameter(torch.zeros(1))  # says which kind of numbers to come with

    def template(self, exemplars):
        middle = torch.nn.functional.avg_pool2d(exemplars[:, :, 32:96, 32:96], CELL)  # (T, 3, 16, 16)
        return Kernels(middle, middle, middle)

    def forward(self, kernels, search):
        cells = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(search, (0, 1, 0, 1)), CELL)
        places = (search.shape[-1] - 255) // 8 + 25
        stamps = torch.nn.functional.unfold(cells, 16, stride=2).reshape(1, -1, places, places)
        distance = (stamps - kernels.scores.reshape(len(kernels.scores), -1, 1, 1)).abs().mean(dim=1, keepdim=True)
        scores = torch.full((len(distance), 2 * len(RATIOS), places, places), -20.0)
        scores[:, : len(RATIOS)] = 0
        scores[:, 7] = (40 - distance[:, 0]) / 3  # of the square box
        colours = kernels.masks.mean(dim=(2, 3))[:, :, None, None].expand(-1, -1, places, places)
        boxes = torch.zeros(len(distance), 4 * len(RATIOS), places, places)
        return Answer(scores, boxes, colours, Fine(search, search, search))

    def refine(self, answer, kernel, row, column):
        padded = torch.nn.functional.pad(answer.fine.edges, (32, 32, 32, 32))
        around = padded[0, :, 8 * row : 8 * row + EXEMPLAR, 8 * column : 8 * column + EXEMPLAR]
        distance = (around - answer.masks[kernel, :, row, column, None, None]).abs().mean(dim=0)
        return (40 - distance) / 4


class Confused(Comparer):
    """A network with broken weights."""

    def forward(self, kernels, search):
        answer = super().forward(kernels, search)
        return answer._replace(scores=answer.scores * torch.nan, boxes=answer.boxes + torch.inf)


def scene(*, x=None, y=70, colour=(30, 20, 230), seed=7, seq=0):
    """A grey ground with a square on it, a little textured, which may reach beyond it or be absent."""
    shades = picture(seed, WIDTH, HEIGHT)[..., :1] // 2 + 80
    image = np.repeat(shades, 3, axis=2)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    if x is not None:
        inside[max(0, y) : y + THING, max(0, x) : max(0, x + THING)] = True
        image[inside] = np.clip(np.array(colour) + (shades[inside].astype(int) - 140) // 8, 0, 255)
    return view(image, seq), inside


def follower(net=None, **where):
    first, inside = scene(**where)
    x, y, width, height = cv2.boundingRect(inside.astype(np.uint8))
    return SiamMaskFollower(net or Comparer(), first, rectangle(Box(x=x, y=y, width=width, height=height)))


def overlap(spot, inside):
    found = np.zeros_like(inside)
    found[slices(spot.box)] = spot.values >= SURE
    return (found & inside).sum() / (found | inside).sum()


def test_its_run_is_the_originals():
    torch.set_num_threads(1)
    net = SiamMask().eval()
    seeded = weights({name: tuple(tensor.shape) for name, tensor in net.state_dict().items()})
    net.load_state_dict({name: torch.from_numpy(value) for name, value in seeded.items()})
    frames, boxes = clip()
    x, y, width, height = boxes[0]
    own = SiamMaskFollower(net, view(frames[0]), rectangle(Box(x=x, y=y, width=width, height=height)))
    with np.load(RECORDED) as recorded:
        runs = list(zip(frames[1:], recorded["places"], recorded["outlines"], strict=True))
    for frame, place, outline in runs:
        sighting = own.step(view(frame))
        assert sighting.confidence == pytest.approx(place[4], abs=1e-4)
        found = own._place
        assert (found.x, found.y, found.width, found.height) == pytest.approx(tuple(place[:4]), abs=0.05)
        expected = np.unpackbits(outline).reshape(frame.shape[:2]) > 0
        assert overlap(sighting.spot, expected) > 0.99  # a chance of 0.35 more or less may fall on either side


def test_it_follows_what_moves():
    own = follower(x=60)
    for step in range(1, 20):
        frame, inside = scene(x=60 + 5 * step, y=70 - step, seq=step)
        sighting = own.step(frame)
        assert overlap(sighting.spot, inside) > 0.9
        assert sighting.confidence > 0.9
        assert (sighting.age, sighting.left) == (0, False)


def test_it_is_found_again_where_it_comes_out_after_it_was_hidden():
    own = follower(x=20, y=20)
    own.step(scene(x=20, y=20)[0])
    for age in range(1, 8):
        sighting = own.step(scene(x=None)[0])
        assert sighting.spot is None
        assert (sighting.age, sighting.left) == (age, False)
        assert sighting.confidence > 0.9  # that it is not there
    frame, inside = scene(x=190, y=130)
    seen = [own.step(frame) for _ in range(6)]
    assert overlap(seen[-1].spot, inside) > 0.9
    assert seen[-1].age == 0


def test_it_is_found_again_in_a_picture_much_larger_than_a_search():
    ground = np.full((900, 1200, 3), 128, np.uint8)
    first, later = ground.copy(), ground.copy()
    first[30:60, 30:60], later[820:850, 1100:1130] = (0, 0, 255), (0, 0, 255)
    own = SiamMaskFollower(Comparer(), view(first), rectangle(Box(x=30, y=30, width=30, height=30)))
    sizes = []
    for _ in range(200):
        search = own._search(view(later))
        sizes.append(search.size)
        if own.step(view(later)).spot is not None:
            break
    sighting = own.step(view(later))
    assert sighting.spot is not None
    assert (sighting.spot.box.x, sighting.spot.box.y) == pytest.approx((1100, 820), abs=3)
    assert max(sizes) == WIDEST  # however long it takes


@pytest.mark.parametrize(("x", "dx", "dy"), [(160, 6, 0), (40, -6, 0), (100, 0, -6), (100, 0, 6)])
def test_what_goes_out_of_the_picture_has_left(x, dx, dy):
    own, seen = follower(x=x), []
    for step in range(30):
        at = {"x": x + step * dx, "y": 70 + step * dy}
        inside = -THING < at["x"] < WIDTH and -THING < at["y"] < HEIGHT
        seen.append((inside, own.step(scene(**at if inside else {})[0])))
    assert not any(sighting.left for inside, sighting in seen if inside and sighting.spot is not None)
    last = seen[-1][1]
    assert last.spot is None
    assert last.left
    assert last.age > 5


def test_what_is_covered_at_the_edge_has_not_left():
    own = follower(x=WIDTH - THING)
    for step in range(8):
        own.step(scene(x=WIDTH - THING, y=70 + 3 * step)[0])
    hidden = [own.step(scene()[0]) for _ in range(40)]
    assert not any(sighting.spot for sighting in hidden)
    assert not any(sighting.left for sighting in hidden)


def test_after_a_cut_it_is_looked_for_everywhere():
    own = follower(x=20, y=20)
    own.step(scene(x=20, y=20)[0])
    own.cut()
    frame, inside = scene(x=180, y=120, seed=9)
    seen = [sighting.spot for sighting in (own.step(frame) for _ in range(8)) if sighting.spot is not None]
    assert overlap(seen[-1], inside) > 0.9


def test_a_correction_is_taken_in_and_the_first_look_is_kept():
    own = follower(x=60)
    other = (200, 40, 40)
    frame, inside = scene(x=100, colour=other)
    assert own.step(frame).spot is None
    for _ in range(3):  # what is held does not grow with corrections
        own.correct(
            frame, Spot(box=Box(x=90, y=60, width=60, height=60), values=np.pad(np.full((40, 40), 255, np.uint8), 10))
        )
        assert len(own._kernels.scores) == 2
    assert overlap(own.step(frame).spot, inside) > 0.9
    frame, inside = scene(x=105)
    assert overlap(own.step(frame).spot, inside) > 0.9
    frame, inside = scene(x=110, colour=other)
    assert overlap(own.step(frame).spot, inside) > 0.9


def test_a_network_that_answers_with_no_numbers_has_lost_it():
    own = follower(Confused(), x=60)
    for age in (1, 2, 3):
        sighting = own.step(scene(x=60)[0])
        assert (sighting.spot, sighting.age) == (None, age)
        assert 0 <= sighting.confidence <= 1


def test_where_no_outline_is_found_the_box_is_hidden():
    class Boxes(Comparer):
        def refine(self, answer, kernel, row, column):
            return torch.full((EXEMPLAR, EXEMPLAR), -9.0)

    frame, inside = scene(x=62)
    sighting = follower(Boxes(), x=60).step(frame)
    assert overlap(sighting.spot, inside) > 0.6
    assert (sighting.spot.values == 255).all()


@settings(max_examples=40)
@given(data=st.data(), width=st.integers(1, 70), height=st.integers(1, 70))
def test_no_size_of_picture_and_object_is_too_small_and_nothing_lies_outside(data, width, height):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(x=x, y=y, width=data.draw(st.integers(1, width - x)), height=data.draw(st.integers(1, height - y)))
    image = picture(1, width, height)
    own = SiamMaskFollower(Comparer(), view(image), rectangle(box))
    for turn in range(4):
        sighting = own.step(view(image))
        assert 0 <= sighting.confidence <= 1
        if sighting.spot is not None:
            inner = sighting.spot.box
            assert inner.width > 0
            assert inner.height > 0
            assert inner.x + inner.width <= width
            assert inner.y + inner.height <= height
        if turn == 1:
            own.cut()


def test_a_wrong_checkpoint_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match=r"^SiamMask: checkpoint .*a\.pth cannot be read: No such file"):
        siammask(str(tmp_path / "a.pth"))
    torch.save({"state_dict": {"conv.weight": torch.zeros(3)}}, tmp_path / "a.pth")
    with pytest.raises(
        ModelError, match=r"lacks features\.features\.conv1\.weight and \d+ more.*has conv\.weight instead"
    ):
        siammask(str(tmp_path / "a.pth"))


def test_a_checkpoint_makes_followers_in_both_precisions(tmp_path):
    torch.save({"state_dict": SiamMask().state_dict()}, tmp_path / "a.pth")
    with pytest.raises(OptionError, match="cannot run on cuda:99: "):
        siammask(str(tmp_path / "a.pth"), device="cuda:99")
    frame, _ = scene(x=60)
    for precision in ("f32", "bf16"):
        own = siammask(str(tmp_path / "a.pth"), precision=precision)(
            frame, rectangle(Box(x=60, y=70, width=40, height=40))
        )
        assert 0 <= own.step(frame).confidence <= 1
