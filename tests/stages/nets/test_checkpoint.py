"""Checkpoints as they are found in the world: wrapped, prefixed, beside other things, damaged, malicious."""

import json
import os
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.checkpoint import CheckpointError, load  # noqa: E402

STATE = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([7.0, 8.0])}


class Evil:
    """Creates a file when it is unpickled as pickle would."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


def loaded(path):
    return load(torch.nn.Linear(3, 2), [str(path)]).state_dict()


def same(state):
    return all(torch.equal(state[name], tensor) for name, tensor in STATE.items())


@pytest.mark.parametrize("wrapping", ["state_dict", "model", "netG"])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_weights_are_found_wherever_a_training_script_put_them(tmp_path, wrapping, prefix, new):
    path = tmp_path / "a.pth"
    inner = {prefix + name: tensor for name, tensor in STATE.items()}
    optimizer = torch.optim.Adam([torch.nn.Parameter(STATE["bias"])])
    beside = {"epoch": 20, "arch": "Custom", "best_acc": np.float64(0.7), "optimizer": optimizer.state_dict()}
    torch.save(beside | {wrapping: inner}, path, _use_new_zipfile_serialization=new)
    assert same(loaded(path))


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"], ids=["old", "new"])
def test_numbers_of_numpy_beside_the_weights_are_passed_over_in_both_spellings(tmp_path, module):
    """numpy 2 calls `numpy._core` what older checkpoints call `numpy.core`."""
    path = tmp_path / "a.pth"
    beside = {"best_acc": np.float64(0.7), "step": np.int64(3), "type": np.dtype("int16")}
    torch.save(beside | {"model": STATE}, path, _use_new_zipfile_serialization=False)
    content, count = re.subn(rb"numpy\._?core\.multiarray", module, path.read_bytes())
    assert count == 1  # the second time pickle refers to the first
    path.write_bytes(content)
    assert same(loaded(path))


def test_a_safetensors_file_is_read_without_its_package(tmp_path):
    table, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in STATE.items():
        piece = tensor.numpy().tobytes()
        table[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    head = json.dumps(table).encode()
    whole = len(head).to_bytes(8, "little") + head + data
    path = tmp_path / "a.safetensors"
    path.write_bytes(whole)
    assert same(loaded(path))
    path.write_bytes(whole[:-1])
    with pytest.raises(CheckpointError, match="is cut short or damaged"):
        loaded(path)
    for broken in (whole[:5], b"\xff" * 40, whole.replace(b"F32", b"F33")):
        path.write_bytes(broken)
        with pytest.raises(CheckpointError, match=r"a\.safetensors is (cut|not)"):
            loaded(path)


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_truncated_checkpoint_is_one_sentence(tmp_path, new, kept):
    path = tmp_path / "a.pth"
    torch.save({"weight": torch.zeros(200, 300)}, path, _use_new_zipfile_serialization=new)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(CheckpointError, match=r"a\.pth is cut short or damaged") as caught:
        loaded(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", ["zip", "legacy", "bare"])
def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path, how):
    path, target = tmp_path / "a.pth", tmp_path / "ran"
    for protocol in (2, 4) if how == "bare" else (2,):
        if how == "bare":
            path.write_bytes(pickle.dumps({"weight": Evil(target)}, protocol=protocol))
        else:
            torch.save(STATE | {"more": Evil(target)}, path, _use_new_zipfile_serialization=how == "zip")
        with pytest.raises(CheckpointError, match="not a checkpoint of plain tensors") as caught:
            loaded(path)
        assert protocol == 4 or "wants posix.system to be run, which was not done" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not target.exists()
    pickle.loads(pickle.dumps(Evil(target)))
    assert target.exists()  # it would have


def test_a_checkpoint_of_another_model_says_what_it_is_instead(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"conv.weight": STATE["weight"], "conv.bias": STATE["bias"]}, path)
    with pytest.raises(CheckpointError, match=r"lacks weight and 1 more, which Linear needs; it has conv\.weight"):
        loaded(path)
    torch.save({"weight": STATE["weight"]}, path)
    with pytest.raises(CheckpointError, match="lacks bias, which Linear needs; it has nothing else"):
        loaded(path)
    torch.save({"epoch": 3, "generator": STATE}, path)
    with pytest.raises(
        CheckpointError, match="holds no tensors by name but epoch and 1 more; a state dict, bare or as"
    ):
        loaded(path)
    torch.save({}, path)
    with pytest.raises(CheckpointError, match="holds no tensors by name but dict"):
        loaded(path)


def test_what_is_no_file_or_no_checkpoint_is_one_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        loaded(tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="cannot be read: Is a directory"):
        loaded(tmp_path)
    for content in (b"", b"\x00" * 100, b"<html>404</html>", b"PK\x03\x04 and no more", bytes(range(255, 0, -1))):
        (tmp_path / "a.pth").write_bytes(content)
        with pytest.raises(CheckpointError, match=r"a\.pth is (not a checkpoint of plain|cut short)") as caught:
            loaded(tmp_path / "a.pth")
        assert "\n" not in str(caught.value)


def test_a_network_without_memory_is_filled_and_works(tmp_path):
    torch.save(STATE, tmp_path / "a.pth")
    with torch.device("meta"):
        net = torch.nn.Linear(3, 2)
    assert torch.equal(load(net, [str(tmp_path / "a.pth")])(torch.tensor([1.0, 0, 0])), torch.tensor([7.0, 11.0]))


def test_numbers_take_the_type_of_the_network(tmp_path):
    torch.save({name: tensor.half() for name, tensor in STATE.items()}, tmp_path / "a.pth")
    state = loaded(tmp_path / "a.pth")
    assert same(state)
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}


@pytest.mark.parametrize(
    "weight", [torch.ones(2, 3).to_sparse(), torch.empty(2, 3, device="meta")], ids=["sparse", "meta"]
)
def test_what_is_not_plain_numbers_is_refused(tmp_path, weight):
    torch.save(STATE | {"weight": weight}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"a\.pth (has weight not as plain numbers|is not a checkpoint)"):
        loaded(tmp_path / "a.pth")


PEAK = """
import resource, sys, torch
from stages.nets.checkpoint import load
net = torch.nn.Linear(4096, 4096, bias=False)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
load(net, sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is told in KiB on Linux alone")
def test_loading_takes_the_memory_of_one_network(tmp_path):
    torch.save({"weight": torch.ones(4096, 4096)}, tmp_path / "a.pth")  # 64 MiB
    words = [sys.executable, "-c", PEAK, str(tmp_path / "a.pth")]
    grown = int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert grown < 16 * 1024  # KiB: what reading needs; another network would be 65,536
