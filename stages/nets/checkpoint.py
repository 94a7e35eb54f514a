"""A checkpoint file in, a network that holds its weights out; and bytes of pictures in, tensors out."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)


class CheckpointError(Exception):
    """One sentence: a file that is no checkpoint, or not of this network."""


def load(net: Net, paths: Sequence[str]) -> Net:
    """Return the network in evaluation mode with the weights of one or more files, which together hold all of them.

    Names that the network does not have are left out (a classifier behind the features); one that is missing or of
    another shape is a CheckpointError.
    """
    state: dict[str, Tensor] = {}
    for path in paths:
        state |= _read(path)
    wanted = net.state_dict()
    what, where = type(net).__name__, " and ".join(paths)
    missing = [name for name in wanted if name not in state and not name.endswith("num_batches_tracked")]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise CheckpointError(f"{where} lacks {missing[0]}{more}, which {what} needs")
    for name, tensor in state.items():
        if name in wanted and tensor.shape != wanted[name].shape:
            found, needed = (tuple(t.shape) for t in (tensor, wanted[name]))
            raise CheckpointError(f"{where} has {name} of shape {found}, {what} needs {needed}")
    net.load_state_dict({name: tensor for name, tensor in state.items() if name in wanted}, strict=False)
    net.eval()
    return net


def _read(path: str) -> Mapping[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"checkpoint {path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # torch and what it reads with fail on other files in more ways than they tell
        raise CheckpointError(f"{path} is not a checkpoint of plain tensors that torch reads") from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise CheckpointError(f"{path} holds no tensors by name, a state dict was expected")
    return {name.removeprefix("module."): tensor for name, tensor in found.items()}


def picture_tensor(samples: bytes, height: int, width: int) -> Tensor:
    """Return RGB bytes, row by row, as (1, 3, height, width) in [0, 1]."""
    flat = torch.frombuffer(bytearray(samples), dtype=torch.uint8)
    return flat.reshape(1, height, width, 3).permute(0, 3, 1, 2).float() / 255  # (1, 3, H, W)
