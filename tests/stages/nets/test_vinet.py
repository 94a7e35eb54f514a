"""VINet's network: the names of the published weights, and the original's answers to seeded ones over a whole clip."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.vinet.flow import REACH, correlate, moved  # noqa: E402
from stages.nets.vinet.net import REFERENCES, VINet  # noqa: E402
from stages.nets.vinet.stream import HELD, Shown, Stream  # noqa: E402
from tests.parity.vinet.record import SIZES, kept  # noqa: E402
from tests.parity.vinet.seeded import FRAMES, clip, weights  # noqa: E402

RECORDED = Path(__file__).parents[2] / "parity" / "vinet"
EQUAL = 1e-4  # of the largest value, in f32: processors sum up in different orders


@pytest.fixture(scope="module", params=list(SIZES))
def kind(request):
    torch.set_num_threads(1)
    return request.param


@pytest.fixture(scope="module")
def net(kind):
    return seeded(kind)


def seeded(kind):
    net = VINet(double=kind == "512").eval()
    net.load_state_dict(weights({name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}))
    return net


def shown(height, width, frames):
    """The pictures of the clip, and for each of them where its references are."""
    pictures, holes = clip(height, width, frames)
    pairs = zip(pictures, holes, strict=True)
    items = [Shown(time=time, colours=picture, hole=hole) for time, (picture, hole) in enumerate(pairs)]
    last = len(items) - 1
    return items, [[last - abs(last - abs(time + step)) for step in REFERENCES] for time in range(len(items))]


def test_names_and_shapes_of_the_weights_are_the_originals():
    lines = [line.split() for line in (RECORDED / "names.txt").read_text().splitlines()]
    ours = VINet(double=True).state_dict()
    assert {name: tuple(map(int, shape)) for name, *shape in lines} == {
        name: tuple(tensor.shape) for name, tensor in ours.items()
    }
    assert sum(tensor.numel() for tensor in ours.values()) == 14_115_364


def test_forty_answers_each_fed_back_into_the_next_are_the_originals(kind, net):
    items, references = shown(*SIZES[kind], FRAMES)
    stream = Stream(net)
    with np.load(RECORDED / "answers.npz") as file:
        for item, around, recorded in zip(items, references, file[kind], strict=True):
            found = kept(stream.fill(item, around, items.__getitem__))
            assert np.abs(found - recorded).max() <= EQUAL * np.abs(recorded).max()
            assert len(stream._held) <= HELD


def test_what_is_under_a_hole_is_not_looked_at(kind, net):
    items, references = shown(*SIZES[kind], 7)
    wild = [Shown(time=i.time, colours=torch.where(i.hole > 0, 9.0, i.colours), hole=i.hole) for i in items]
    one, other = Stream(net), Stream(net)
    for time in (0, 1):
        assert torch.equal(
            one.fill(items[time], references[time], items.__getitem__),
            other.fill(wild[time], references[time], wild.__getitem__),
        )


def test_two_streams_in_one_batch_are_filled_as_each_alone(kind, net):
    items, _ = shown(*SIZES[kind], 7)

    def seen(time):
        hidden = items[time].colours * (1 - items[time].hole)
        return torch.cat((hidden, torch.ones_like(items[time].hole), items[time].hole), dim=1)

    def fill(pictures, answer):
        """Of each stream: the picture, the four around it, the last answer."""
        around = [net.look_around(pictures[index]).features for index in range(1, 5)]
        return net(net.look(pictures[0]), around, net.look_around(pictures[5]), answer)

    with torch.inference_mode():
        first, second = [seen(time) for time in (0, 1, 2, 3, 4, 5)], [seen(time) for time in (6, 5, 4, 3, 2, 1)]
        both = [torch.cat(pair) for pair in zip(first, second, strict=True)]
        answers = items[2].colours, items[3].colours
        found = fill(both, torch.cat(answers))
        expected = torch.cat(
            [fill(pictures, answer) for pictures, answer in zip((first, second), answers, strict=True)]
        )
    assert float((found - expected).abs().max() / expected.abs().max()) < EQUAL


def test_every_picture_is_looked_at_once_as_a_reference(kind, net):
    items, references = shown(*SIZES[kind], 9)
    looked = []
    hook = net.encoder2.register_forward_hook(lambda *_: looked.append(1))
    stream = Stream(net)
    for item, around in zip(items, references, strict=True):
        stream.fill(item, around, items.__getitem__)
    hook.remove()
    assert len(looked) == 2 * len(items)  # each once as a reference, each answer once


@pytest.mark.parametrize(("height", "width"), [(8, 8), (6, 20), (17, 9)])
def test_a_correlation_is_the_mean_product_at_every_shift(height, width):
    torch.manual_seed(1)
    target, other = torch.randn(2, 2, 6, height, width)
    found = correlate(target, other)
    wide = torch.nn.functional.pad(other, (REACH,) * 4)
    for shift in range((2 * REACH + 1) ** 2):
        y, x = divmod(shift, 2 * REACH + 1)
        expected = (target * wide[:, :, y : y + height, x : x + width]).mean(dim=1)
        assert torch.allclose(found[:, shift], expected, atol=1e-6)


def test_what_is_moved_comes_from_where_the_flow_points_to():
    picture = torch.arange(30.0).reshape(1, 1, 5, 6)
    flow = torch.zeros(1, 2, 5, 6)
    flow[:, 0], flow[:, 1] = 2, -1
    assert torch.allclose(moved(picture, flow)[..., 1:, :4], picture[..., :4, 2:])
    assert moved(picture, flow)[..., 0, :].abs().max() == 0
    assert torch.allclose(moved(picture, flow, "border")[..., 0, :4], picture[..., 0, 2:])
