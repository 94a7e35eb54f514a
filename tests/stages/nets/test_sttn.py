"""STTN's network: the names of the published weights, and the original's answers to seeded ones."""

import copy
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.checkpoint import load  # noqa: E402
from stages.nets.sttn import CELL, CHANNELS, CUTS, STTN, joined, patches  # noqa: E402
from tests.parity.sttn.record import STEP, tensors  # noqa: E402
from tests.parity.sttn.seeded import COUNT, WANTED, clip, weights  # noqa: E402

RECORDED = Path(__file__).parents[2] / "parity" / "sttn"
EQUAL = 1e-4  # of the largest value, in f32: processors sum up in different orders


def shapes(net):
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


@pytest.fixture(scope="module")
def net():
    torch.set_num_threads(1)
    net = STTN().eval()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in weights(shapes(net)).items()})
    return net


@pytest.fixture(scope="module")
def features(net):
    frames, masks = tensors(*clip())
    with torch.inference_mode():
        return net.encode(frames * (1 - masks))


@pytest.fixture(scope="module")
def made(net, features):
    with torch.inference_mode():
        return net.complete(features, WANTED)


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED / "answers.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file}


def error(found, known):
    """The largest difference by the largest value."""
    assert found.shape == known.shape
    return float((found - known).abs().max() / known.abs().max())


def test_names_and_shapes_of_the_weights_are_the_originals():
    lines = [line.split() for line in (RECORDED / "names.txt").read_text().splitlines()]
    with torch.device("meta"):
        assert {name: tuple(map(int, shape)) for name, *shape in lines} == shapes(STTN())


def test_every_answer_is_the_originals(features, made, recorded):
    assert error(features.flatten()[::STEP], recorded["features"]) < EQUAL
    assert error(made, recorded["made"]) < EQUAL


@torch.inference_mode()
def test_a_frame_is_made_of_all_frames_whichever_of_them_are_wanted(net, features, made):
    alone = net.complete(features, 1)
    assert error(alone, made[:1]) < EQUAL
    assert error(net.complete(features[[0, 2, 1]], 1), alone) < EQUAL  # the order of the others tells nothing
    assert error(net.complete(features[:2], 1), alone) > 100 * EQUAL  # the last one counts


@torch.inference_mode()
def test_memory_laid_out_by_channels_changes_nothing(net, features, made):
    assert error(net.complete(features.to(memory_format=torch.channels_last), WANTED), made) < EQUAL


@torch.inference_mode()
def test_half_the_bits_change_little(net, features, made):
    half = copy.deepcopy(net).bfloat16().complete(features.bfloat16(), WANTED).float()
    assert float((half - made).std() / made.std()) < 0.05


@pytest.mark.parametrize("cuts", CUTS)
def test_patches_are_rows_of_a_frames_blocks_and_go_back_to_where_they_were(cuts):
    x = torch.arange(2 * 3 * 12 * 24).reshape(2, 3, 12, 24)
    tokens = patches(x, cuts)
    assert torch.equal(joined(tokens, cuts, x.shape), x)
    high, wide = 12 // cuts, 24 // cuts
    block = x[1, :, :high, -wide:]  # the upper right one of the second frame
    assert sorted(tokens[cuts * cuts + cuts - 1].tolist()) == sorted(block.flatten().tolist())


def test_the_smallest_picture_has_a_place_for_every_patch(net):
    with torch.inference_mode():
        features = net.encode(torch.zeros(COUNT, 3, CELL, CELL))
        assert features.shape == (COUNT, CHANNELS, max(CUTS), max(CUTS))
        assert net.complete(features, 1).shape == (1, 3, CELL, CELL)


def test_the_published_wrapping_is_known(net, tmp_path):
    torch.save({"netG": net.state_dict()}, tmp_path / "sttn.pth")
    loaded = load(STTN(), [str(tmp_path / "sttn.pth")]).state_dict()
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in net.state_dict().items())
