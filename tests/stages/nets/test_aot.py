"""AOT: the names of the published checkpoints, the answers of the original, and what its memory must do."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.aot.net import AOT, VARIANTS, one_hot  # noqa: E402
from stages.nets.aot.norm import FrozenBatchNorm2d, fold  # noqa: E402
from tests.parity.aot import seeded  # noqa: E402

STORED = Path(__file__).parents[2] / "parity" / "aot"
SHAPES = json.loads((STORED / "shapes.json").read_text())
TOLERANCE = 1e-6  # of the largest value; what is stored is float32


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def network(variant):
    """Return the network with seeded weights in float64: they amplify what processors round differently in float32."""
    net = AOT(VARIANTS[variant]).eval()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in seeded.weights(SHAPES[variant]).items()})
    return net.double()


def picture(number):
    return torch.from_numpy(seeded.picture(number)).double()


def apart(found, expected):
    return np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()


def samples(tensors):
    return np.stack([seeded.sampled(tensor.contiguous().numpy()) for tensor in tensors])


def flat(layers):
    return [tensor for layer in layers for tensor in layer]


def hot(labels):
    return one_hot(torch.from_numpy(labels)[None]).double()


@pytest.mark.parametrize("variant", VARIANTS)
def test_names_and_shapes_are_those_of_the_published_checkpoints(variant):
    with torch.device("meta"):
        state = AOT(VARIANTS[variant]).state_dict()
    assert {name: list(tensor.shape) for name, tensor in state.items()} == SHAPES[variant]


@pytest.mark.parametrize("variant", VARIANTS)
def test_ten_frames_with_three_objects_come_out_as_from_the_original(variant):
    """The labels that enter the memory are those that the original predicted, so that no tie can go another way."""
    net = network(variant)
    answers = np.load(STORED / "answers.npz")
    stored = {
        name.removeprefix(f"{variant}/"): answers[name] for name in answers.files if name.startswith(f"{variant}/")
    }
    long = short = ()
    remembered = 0
    for number in range(seeded.FRAMES):
        features = net.encode(picture(number))
        if number:
            embeddings, current = net.propagate(features, long, short)
            scores = net.decode(embeddings, features)[0]
            assert apart(samples(embeddings), stored[f"embeddings/{number}"]) < TOLERANCE
            if number in seeded.LOOKED_AT:
                expected = stored[f"scores/{number}"]  # of the background and of the objects so far
                assert apart(scores[: len(expected)], expected) < TOLERANCE
            short = net.remember(current, net.identity(hot(stored[f"labels/{number}"])))
            if number - remembered >= seeded.GAP:
                long, remembered = joined(short, long), number
        else:
            assert apart(samples(features), stored["features"]) < TOLERANCE
        if number in (0, seeded.SECOND):
            identity = net.identity(hot(seeded.labels(number)))
            assert apart(seeded.sampled(identity.contiguous().numpy()), stored[f"identity/{number}"]) < TOLERANCE
            _, short = net.refer(features, identity)
            long, remembered = joined(short, long) if long else short, number
    assert apart(samples(flat(long)), stored["long"]) < TOLERANCE
    assert apart(samples(grids(short)), stored["short"]) < TOLERANCE


@pytest.mark.parametrize("variant", ["aott", "r50_aotl"])
def test_folded_norms_change_no_answer(variant):
    net = network(variant)
    before = net.encode(picture(0))
    fold(net)
    assert not any(isinstance(module, FrozenBatchNorm2d) for module in net.modules())
    for folded, unfolded in zip(net.encode(picture(0)), before, strict=True):
        assert apart(folded, unfolded.numpy()) < TOLERANCE


def joined(new, old):
    """The original puts what is new in front."""
    return tuple(tuple(map(torch.cat, zip(*pair, strict=True), (1, 1))) for pair in zip(new, old, strict=True))


def grids(short):
    """The original lays the short-term memory out as (B, C, h, w)."""
    return [tensor.transpose(1, 2) for tensor in flat(short)]


def test_norms_are_folded_into_weights_that_share_their_memory():
    """A checkpoint may hold one number for a whole tensor."""
    pair = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1, bias=False), FrozenBatchNorm2d(4))
    pair[0].weight = torch.nn.Parameter(torch.full((1, 1, 1, 1), 0.5).expand(4, 3, 1, 1))
    pair[1].weight = torch.arange(1.0, 5.0)
    before = pair(torch.ones(1, 3, 2, 2))
    fold(pair)
    assert apart(pair(torch.ones(1, 3, 2, 2)), before.numpy()) < TOLERANCE
