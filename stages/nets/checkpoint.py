"""A checkpoint file in, a network that holds its weights out; and bytes of pictures in, tensors out."""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

import torch
from torch import Tensor, nn

from stages.nets import safetensors

Net = TypeVar("Net", bound=nn.Module)

WRAPPINGS = ("state_dict", "model", "netG")  # under what training scripts put the weights, beside what else they keep


class CheckpointError(Exception):
    """One sentence: a file that is no checkpoint, or not of this network."""


class Forgotten:
    """Stands for numpy's numbers in a checkpoint (a best score, a step), which no network needs; does nothing."""

    def __init__(self, *_: object) -> None:
        """Take whatever the number was made of."""

    def __setstate__(self, _: object) -> None:
        """Take whatever would be set."""


NUMBERS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (Forgotten, name) for name in ("numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
]


def load(net: Net, paths: Sequence[str]) -> Net:
    """Return the network in evaluation mode with the weights of one or more files, which together hold all of them.

    Its own numbers are given up before a file is read, and those of the file become its own, without a copy: the
    memory is that of one network. It may have been built under `torch.device("meta")`, which saves the time that
    random numbers take. Names that the network does not have are left out (a classifier behind the features); one that
    is missing, of another shape or not a number throughout is a CheckpointError.
    """
    _empty(net)
    state: dict[str, Tensor] = {}
    for path in paths:
        state |= read(path)
    wanted = net.state_dict()
    _check(state, wanted, type(net).__name__, " and ".join(paths))
    own = {name: tensor.to(wanted[name].dtype) for name, tensor in state.items() if name in wanted}
    net.load_state_dict(own, strict=False, assign=True)
    net.eval()
    return net


def _empty(net: nn.Module) -> None:
    """Put the parameters of a network where they have shapes and no memory."""
    for module in net.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            setattr(module, name, nn.Parameter(parameter.to("meta"), requires_grad=parameter.requires_grad))


def _check(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor], what: str, where: str) -> None:
    missing = [name for name in wanted if name not in state and not name.endswith("num_batches_tracked")]
    if missing:
        strange = [name for name in state if name not in wanted]
        instead = f"has {_some(strange)} instead" if strange else "has nothing else"
        raise CheckpointError(f"{where} lacks {_some(missing)}, which {what} needs; it {instead}")
    for name, tensor in state.items():
        if name in wanted and (tensor.is_meta or tensor.is_quantized or tensor.layout != torch.strided):
            raise CheckpointError(f"{where} has {name} not as plain numbers, which {what} needs")
        if name in wanted and tensor.shape != wanted[name].shape:
            found, needed = (tuple(t.shape) for t in (tensor, wanted[name]))
            raise CheckpointError(f"{where} has {name} of shape {found}, {what} needs {needed}")
        if name in wanted and not tensor.isfinite().all():
            raise CheckpointError(f"{where} has {name} with values that are no numbers; it is damaged")


def _some(names: Sequence[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def read(path: str) -> dict[str, Tensor]:
    """Return the tensors of one file by name: of torch (no code in it is run) or, by its ending, safetensors.

    They may lie under one of WRAPPINGS, and their names behind a `module.`, as nn.DataParallel leaves it.
    """
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read: {error.strerror or error}") from error
    try:
        found = safetensors.read(path) if path.endswith(".safetensors") else _read_torch(path)
    except Exception as error:  # torch and what it reads with fail on other files in more ways than they tell
        raise CheckpointError(_sentence(path, error)) from error
    return {name.removeprefix("module."): tensor for name, tensor in _unwrap(path, found).items()}


def _read_torch(path: str) -> object:
    with torch.serialization.safe_globals(NUMBERS):
        return torch.load(path, map_location="cpu", weights_only=True)


def _unwrap(path: str, found: object) -> dict[str, Tensor]:
    if _is_state(found):
        return found
    held = found if isinstance(found, dict) else {}
    for name in WRAPPINGS:
        inner = held.get(name)
        if _is_state(inner):
            return inner
    what = _some([str(name) for name in held]) if held else type(found).__name__
    bare = f"a state dict, bare or as {', '.join(WRAPPINGS)}, was expected"
    raise CheckpointError(f"{path} holds no tensors by name but {what}; {bare}")


def _is_state(found: object) -> TypeGuard[dict[str, Tensor]]:
    """Tell whether it is a dictionary of tensors by name, of at least one."""
    if not isinstance(found, dict) or not found:
        return False
    return all(isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items())


def _sentence(path: str, error: Exception) -> str:
    """Return why a file could not be read, as far as it can be told."""
    code = re.search(r"GLOBAL (\S+) (?:was not|whose module)", str(error))  # torch's words for it
    if code:
        return f"{path} is not a checkpoint of plain tensors: it wants {code[1]} to be run, which was not done"
    if isinstance(error, EOFError | OSError) or "unexpected EOF" in str(error) or _is_cut_zip(path):
        return f"{path} is cut short or damaged, a whole checkpoint was expected"
    return f"{path} is not a checkpoint of plain tensors that torch reads"


def _is_cut_zip(path: str) -> bool:
    """Tell whether a file begins as torch's archives do but has lost its end, where their table is."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04" and not zipfile.is_zipfile(file)


def picture_tensor(samples: bytes, height: int, width: int) -> Tensor:
    """Return RGB bytes, row by row, as (1, 3, height, width) in [0, 1]."""
    flat = torch.frombuffer(bytearray(samples), dtype=torch.uint8)
    return flat.reshape(1, height, width, 3).permute(0, 3, 1, 2).float() / 255  # (1, 3, H, W)
