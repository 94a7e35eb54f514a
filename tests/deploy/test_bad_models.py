"""Checkpoints that are damaged, somebody else's, or malicious: one sentence, nothing run, nothing left on the disk."""

import json
import os
import pickle
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.aot.net import AOT, VARIANTS  # noqa: E402
from stages.nets.checkpoint import CheckpointError, load  # noqa: E402
from stages.nets.siammask import SiamMask  # noqa: E402
from stages.nets.sttn import STTN  # noqa: E402
from stages.nets.vinet.net import VINet  # noqa: E402
from tests.clips import Clip, make  # noqa: E402
from tests.deploy.bad_things import MODEL, REGION, REMOVE, RUN  # noqa: E402
from tests.deploy.test_bad_input import contents, exit_code_of  # noqa: E402
from weights.load import entry  # noqa: E402

POINTED = "--box 20,20,16,12"
MODELS = {  # by the checkpoint's name: what asks for it
    "sam_vit_b": f"{POINTED} --segmenter sam_vit_b",
    "fcn_resnet50": "--target person --detector fcn_resnet50",
    "siammask_davis": f"{POINTED} --tracker siammask",
    "aott": f"{POINTED} --tracker aott",
    "vinet_512": f"{REGION} --engine vinet",
    "vinet_256": f"{REGION} --engine vinet",
    "sttn": f"{REGION} --engine sttn",
}
HASHED = {"sam_vit_b", "fcn_resnet50"}  # another file is refused before it is looked into
NETS = {
    "siammask_davis": SiamMask,
    "aott": lambda: AOT(VARIANTS["aott"]),
    "vinet_512": lambda: VINet(double=True),
    "vinet_256": lambda: VINet(double=False),
    "sttn": STTN,
}
HUGE = 100 << 30  # bytes


class Evil:
    """Leaves a mark where it is unpickled as pickle would."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> object:
        return os.system, (f"touch {shlex.quote(str(self.mark))}",)


def code(path: Path) -> None:
    torch.save({"netG": Evil(path.with_name("mark"))}, path)


def old_code(path: Path) -> None:
    torch.save({"state_dict": Evil(path.with_name("mark"))}, path, _use_new_zipfile_serialization=False)


def bare_code(path: Path) -> None:
    path.write_bytes(pickle.dumps(Evil(path.with_name("mark"))))


def truncated(path: Path) -> None:
    torch.save({"weight": torch.zeros(10_000)}, path)
    path.write_bytes(path.read_bytes()[:-1000])


def truncated_old(path: Path) -> None:
    torch.save({"weight": torch.zeros(10_000)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-1000])


def of_another(path: Path) -> None:
    torch.save({"state_dict": {"module.fc.weight": torch.zeros(1000, 512), "module.fc.bias": torch.zeros(1000)}}, path)


def boastful(path: Path) -> None:
    path.write_bytes(HUGE.to_bytes(8, "little") + b'{"weight":{}}')


def boastful_old(path: Path) -> None:
    """A storage that claims to be larger than any memory."""
    torch.save({"weight": torch.zeros(54321)}, path, _use_new_zipfile_serialization=False)
    small, large = (54321).to_bytes(8, "little"), (HUGE // 4).to_bytes(8, "little")
    path.write_bytes(path.read_bytes().replace(small, large))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (code, r"is not a checkpoint of plain tensors: it wants posix\.system to be run, which was not done"),
    "code in the old format": (old_code, r"it wants posix\.system to be run, which was not done"),
    "nothing but code": (bare_code, r"is not a checkpoint of plain tensors"),
    "a file that is cut short": (truncated, r"is cut short or damaged"),
    "an old file that is cut short": (truncated_old, r"is cut short or damaged"),
    "another network's": (of_another, r"lacks .* has fc\.weight and 1 more instead"),
    "a header of 100 GB": (boastful, r"is not a checkpoint of plain tensors"),
    "a tensor of 100 GB": (boastful_old, r"is (not a checkpoint of plain tensors|cut short)"),
    "an empty file": (lambda path: path.write_bytes(b""), r"is cut short or damaged"),
    "a page of the web": (lambda path: path.write_text("<html>404</html>"), r"is not a checkpoint of plain tensors"),
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good clip, 64x48, of 13 frames."""
    return make(tmp_path_factory.mktemp("clip") / "in.mkv", Clip(codec="ffv1"))


@pytest.fixture
def home(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the clip, from which the command line is given, and in which alone there are checkpoints."""
    shutil.copy(clip, tmp_path / "in.mkv")
    (tmp_path / "cache").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CLEANPLATE_WEIGHTS", raising=False)
    return tmp_path


def refused(home: Path, words: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Run a command line that must fail because of its checkpoint, and leave the folder as it was."""
    before = contents(home)
    assert exit_code_of(f"{words} --weights .") == MODEL
    out, err = capfd.readouterr()
    said = [line for line in err.splitlines() if line.startswith("cleanplate: ")]
    assert len(said) == 1, err
    assert re.search(says, said[0])
    assert "Traceback" not in out + err
    assert "unexpected" not in out + err
    assert contents(home) == before


@pytest.mark.parametrize("write", [code, old_code, bare_code])
def test_the_code_would_leave_its_mark_if_it_were_run(tmp_path: Path, write: Callable[[Path], object]) -> None:
    write(tmp_path / "a.pth")
    if write is bare_code:
        pickle.loads((tmp_path / "a.pth").read_bytes())
    else:
        torch.load(tmp_path / "a.pth", weights_only=False)
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_checkpoint_ends_in_one_sentence(
    home: Path, name: str, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    write, says = DAMAGES[damage]
    write(home / entry(name).files[0])
    refused(home, f"{REMOVE} {MODELS[name]}", r"it is (cut short or )?another file" if name in HASHED else says, capfd)


def test_a_bad_checkpoint_ends_all_processes_in_one_sentence(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code(home / entry("sttn").files[0])
    refused(home, f"{RUN} {MODELS['sttn']}", r"which was not done.*nothing was written", capfd)


@pytest.mark.parametrize(
    ("name", "number"), [*((name, float("nan")) for name in NETS), ("sttn", float("-inf"))], ids=str
)
def test_weights_that_are_no_numbers_are_refused(
    home: Path, name: str, number: float, capfd: pytest.CaptureFixture[str]
) -> None:
    with torch.device("meta"):
        empty = NETS[name]().state_dict()
    state = {key: torch.zeros((), dtype=tensor.dtype).expand(tensor.shape) for key, tensor in empty.items()}
    last = [key for key in state if key.endswith("weight")][-1]
    state[last] = state[last].clone()
    state[last].view(-1)[-1] = number
    torch.save(state, home / entry(name).files[0])
    refused(home, f"{REMOVE} {MODELS[name]}", rf"has {re.escape(last)} with values that are no numbers", capfd)


@pytest.mark.parametrize("wanted", ["siammask_davis", "aott", "vinet_512", "sttn"])
def test_a_network_is_told_from_every_other(tmp_path: Path, wanted: str) -> None:
    """But VINet's two from each other: their names and shapes are the same."""
    with torch.device("meta"):
        states = {name: make().state_dict() for name, make in NETS.items() if name[:5] != wanted[:5]}
    for name, state in states.items():
        path = tmp_path / f"{name}.pth"
        torch.save({key: torch.zeros((), dtype=one.dtype).expand(one.shape) for key, one in state.items()}, path)
        with pytest.raises(CheckpointError, match=r"lacks |of shape"):
            load(NETS[wanted](), [str(path)])


@pytest.mark.parametrize(
    ("entry", "data"),
    [
        ({"dtype": "F32", "shape": [HUGE // 4], "data_offsets": [0, HUGE]}, b""),
        ({"dtype": "F32", "shape": [HUGE // 4], "data_offsets": [0, 0]}, b""),
        ({"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 8]}, bytes(8)),
        ({"dtype": "F32", "shape": [-1, 2], "data_offsets": [0, 8]}, bytes(8)),
        ({"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}, bytes(8)),
        ({"dtype": "F32", "shape": [2.5], "data_offsets": [0, 8]}, bytes(8)),
        ({"dtype": "O", "shape": [2], "data_offsets": [0, 8]}, bytes(8)),
        ({}, b""),
        ([], b""),
        ("weight", b""),
    ],
)
def test_a_safetensors_table_that_tells_lies_is_one_sentence_and_takes_no_memory(
    tmp_path: Path, entry: object, data: bytes
) -> None:
    table = json.dumps({"weight": entry}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(table).to_bytes(8, "little") + table + data)
    with pytest.raises(CheckpointError, match=r"a\.safetensors is (not a checkpoint|cut short)") as caught:
        load(torch.nn.Linear(2, 1, bias=False), [str(path)])
    assert "\n" not in str(caught.value)


def test_a_safetensors_header_of_100_gb_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    boastful(path)
    with pytest.raises(CheckpointError, match="is not a checkpoint of plain tensors"):
        load(torch.nn.Linear(2, 1), [str(path)])
