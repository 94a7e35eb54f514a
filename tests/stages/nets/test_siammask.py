"""SiamMask's network: the names of the published weights, and the original's answers to seeded ones."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.checkpoint import CheckpointError, load  # noqa: E402
from stages.nets.siammask import Kernels, SiamMask  # noqa: E402
from tests.parity.siammask.record import PLACES, STEPS  # noqa: E402
from tests.parity.siammask.seeded import picture, weights  # noqa: E402

RECORDED = Path(__file__).parents[2] / "parity" / "siammask"
EQUAL = 1e-4  # of the largest value, in f32: processors sum up in different orders


@pytest.fixture(scope="module")
def net():
    torch.set_num_threads(1)
    net = SiamMask().eval()
    seeded = weights({name: tuple(tensor.shape) for name, tensor in net.state_dict().items()})
    net.load_state_dict({name: torch.from_numpy(value) for name, value in seeded.items()})
    return net


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED / "answers.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file}


def tensor(seed, size):
    return torch.from_numpy(picture(seed, size, size))[None].permute(0, 3, 1, 2).float()


def error(found, recorded, name):
    """The largest difference by the largest value, of the numbers that were kept."""
    kept = found.flatten()[:: STEPS.get(name.rstrip("012"), 1)]
    assert kept.shape == recorded[name].shape
    return float((kept - recorded[name]).abs().max() / recorded[name].abs().max())


def test_names_and_shapes_of_the_weights_are_the_originals():
    lines = [line.split() for line in (RECORDED / "names.txt").read_text().splitlines()]
    assert {name: tuple(map(int, shape)) for name, *shape in lines} == {
        name: tuple(tensor.shape) for name, tensor in SiamMask().state_dict().items()
    }


@torch.inference_mode()
def test_every_answer_is_the_originals(net, recorded):
    features = net.features(tensor(3, 127))[1][:, :, 4:-4, 4:-4]
    assert error(features, recorded, "template") < EQUAL
    answer = net(net.template(tensor(3, 127)), tensor(4, 255))
    assert error(answer.scores, recorded, "scores") < EQUAL
    assert error(answer.boxes, recorded, "boxes") < EQUAL
    row, column = PLACES[1]
    assert error(net.mask_model.mask.head(answer.masks)[0, :, row, column], recorded, "coarse") < EQUAL
    for index, place in enumerate(PLACES):
        assert error(net.refine(answer, 0, *place), recorded, f"outline{index}") < EQUAL
    assert error(net.refine(answer, 0, 12, 13), recorded, "outline0") > 100 * EQUAL  # the next place is another


@torch.inference_mode()
def test_several_pictures_of_the_object_are_answered_as_each_alone(net):
    one, other = net.template(tensor(3, 127)), net.template(tensor(5, 127))
    both = Kernels(*(torch.cat(pair) for pair in zip(one, other, strict=True)))
    search = tensor(4, 255)
    together, alone = net(both, search), (net(one, search), net(other, search))
    for index, answer in enumerate(alone):
        assert torch.allclose(together.scores[index], answer.scores[0], atol=1e-4)
        assert torch.allclose(together.boxes[index], answer.boxes[0], atol=1e-4)
        assert torch.allclose(net.refine(together, index, 3, 20), net.refine(answer, 0, 3, 20), atol=1e-3)
    assert not torch.allclose(together.scores[0], together.scores[1], atol=0.1)


@torch.inference_mode()
def test_a_wider_search_has_more_places_and_the_same_answers_where_its_edges_are_far(net):
    kernels, wide = net.template(tensor(3, 127)), tensor(6, 319)
    answer = net(kernels, wide)
    assert answer.scores.shape == (1, 10, 33, 33)
    inner = net(kernels, wide[:, :, 32:-32, 32:-32])  # 8 places fewer: 4 on every side
    assert torch.allclose(answer.scores[:, :, 14:19, 14:19], inner.scores[:, :, 10:15, 10:15], atol=1e-3)
    assert torch.allclose(net.refine(answer, 0, 16, 16), net.refine(inner, 0, 12, 12), atol=1e-2)


@torch.inference_mode()
def test_half_the_bits_give_nearly_the_same(net):
    def all_answers(net, dtype):
        answer = net(net.template(tensor(3, 127).to(dtype)), tensor(4, 255).to(dtype))
        return [part.float() for part in (answer.scores, answer.boxes, answer.masks, net.refine(answer, 0, 12, 12))]

    rough = SiamMask().eval()
    rough.load_state_dict(net.state_dict())
    rough.to(dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    for found, exact in zip(all_answers(rough, torch.bfloat16), all_answers(net, torch.float32), strict=True):
        assert (found - exact).norm() / exact.norm() < 0.05  # 8 bits of mantissa through some 50 layers


def test_a_checkpoint_may_be_wrapped_and_lack_the_counts_of_later_versions(net, tmp_path):
    """torch before 0.4.1 did not count batches."""
    state = {f"module.{name}": value for name, value in net.state_dict().items() if "num_batches" not in name}
    torch.save({"epoch": 20, "arch": "Custom", "best_acc": np.float64(0.7), "state_dict": state}, tmp_path / "a.pth")
    found = load(SiamMask(), [str(tmp_path / "a.pth")]).state_dict()
    assert all(torch.equal(found[name], value) for name, value in net.state_dict().items() if "num_bat" not in name)
    del state["module.refine_model.deconv.weight"]
    torch.save({"state_dict": state}, tmp_path / "base.pth")  # such as siammask_base, which does not refine
    with pytest.raises(CheckpointError, match=r"lacks refine_model\.deconv\.weight, which SiamMask needs"):
        load(SiamMask(), [str(tmp_path / "base.pth")])
