"""A group of objects that share AOT's memory, on seeded weights and on pictures without meaning."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.aot.group import Group, merge  # noqa: E402
from stages.nets.aot.net import AOT, VARIANTS  # noqa: E402
from tests.parity.aot import seeded  # noqa: E402

STORED = Path(__file__).parents[2] / "parity" / "aot"
SHAPES = json.loads((STORED / "shapes.json").read_text())
SIDE = 17  # pixels: four places


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def net():
    return network("aott")


def network(variant):
    net = AOT(VARIANTS[variant]).eval()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in seeded.weights(SHAPES[variant]).items()})
    return net


def mask(number):
    return torch.from_numpy(seeded.labels(0) == number)[None]


def features(net, number):
    return net.encode(torch.from_numpy(seeded.picture(number)))


def labels(scores, size):
    return torch.nn.functional.interpolate(scores, size, mode="bilinear", align_corners=True).argmax(dim=1)


@pytest.mark.parametrize("variant", ["aott", "aotl"])
def test_what_it_predicts_is_what_the_original_predicts_frame_after_frame(variant):
    """Rounding may turn a tie between two identities, and what follows from it: one pixel in a thousand is allowed."""
    net = network(variant)
    answers = np.load(STORED / "answers.npz")
    group = Group(net, seeded.GAP, found=8)
    for number in range(seeded.SECOND):
        seen = features(net, number)
        if number:
            found = labels(group.propagate(seen), (seeded.HEIGHT, seeded.WIDTH))
            assert (found[0].numpy() != answers[f"{variant}/labels/{number}"]).mean() < 1e-3
            group.settle(found, 1, number)
        else:
            group.point(seen, 7, mask(1), 0)
            group.point(seen, 8, mask(2), 0)


def test_an_object_that_is_forgotten_was_never_there(net):
    """To the network of one block, whose keys and values depend on identities in no other way than by a sum."""
    groups = [Group(net, 1, found=2) for _ in range(2)]
    for number in range(3):
        seen = features(net, number)
        for group in groups:
            if number:
                group.propagate(seen)
                group.settle(torch.from_numpy(seeded.labels(number)).long()[None], 1, number)
            else:
                group.point(seen, 7, mask(2), 0)
        if number == 0:
            groups[0].point(seen, 8, mask(1), 0)
    groups[0].forget(8)
    told = [group.propagate(features(net, 3)) for group in groups]
    assert groups[0].names == groups[1].names == {7: 1}
    assert torch.allclose(told[0], told[1], atol=1e-4)


def test_after_a_cut_the_frame_before_says_nothing(net):
    groups = [Group(net, 9999, found=2) for _ in range(2)]
    for group, found in zip(groups, (0, 1), strict=True):
        group.point(features(net, 0), 7, mask(1), 0)
        group.propagate(features(net, 1))
        group.settle(mask(2).long() * found, 1, 1)
    followed = [group.propagate(features(net, 2)) for group in groups]
    assert not torch.allclose(*followed, atol=1e-2)
    for group in groups:
        group.cut()
    assert torch.equal(*(group.propagate(features(net, 2)) for group in groups))


def test_an_identity_is_free_again_when_its_object_is_forgotten(net):
    group, seen = Group(net, 1, found=2), features(net, 0)
    for name in range(10):
        group.point(seen, name, mask(1), 0)
    group.forget(4)
    group.point(seen, 99, mask(2), 0)
    assert group.names[99] == 5
    assert sorted(group.names.values()) == list(range(1, 11))


def test_what_is_held_after_two_hundred_frames_is_what_is_held_after_twenty(net):
    group = Group(net, 1, found=4)
    generator = torch.Generator().manual_seed(1)
    pictures = [net.encode(torch.randn(1, 3, SIDE, SIDE, generator=generator)) for _ in range(3)]
    where = torch.zeros(1, SIDE, SIDE, dtype=torch.bool)
    where[:, :8] = True
    group.point(pictures[0], 1, where, 0)
    held = {}
    for time in range(1, 201):
        group.propagate(pictures[time % 3])
        group.settle(where.long(), 1, time)
        if time in (20, 200):
            held[time] = tensor_bytes(group, set())
    assert held[20] == held[200] > 0


def tensor_bytes(found, seen):
    """Return the bytes of all tensors that can be reached, but for the network's."""
    if isinstance(found, torch.Tensor):
        place = found.untyped_storage().data_ptr()
        new = place not in seen
        seen.add(place)
        return found.untyped_storage().nbytes() if new else 0
    if isinstance(found, (list, tuple)):
        return sum(tensor_bytes(part, seen) for part in found)
    if isinstance(found, torch.nn.Module) or not hasattr(found, "__module__"):
        return 0
    names = getattr(found, "__slots__", None) or vars(found)
    return sum(tensor_bytes(getattr(found, name), seen) for name in names) if "stages" in found.__module__ else 0


def test_groups_share_one_background():
    one, other = torch.tensor([0.2, 0.8]), torch.tensor([0.5, 0.3, 0.2])
    scores = [chances.log().view(1, -1, 1, 1) for chances in (one, other)]
    assert torch.sigmoid(merge(scores)).flatten().tolist() == pytest.approx([0.1, 0.8, 0.3, 0.2], abs=1e-5)
    assert merge(scores[:1]) is scores[0]
