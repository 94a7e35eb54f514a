"""A checkpoint, a device and a precision in, the network as it runs there out."""

from functools import lru_cache

import torch

from stages.errors import ModelError, OptionError
from stages.nets.checkpoint import CheckpointError, load
from stages.nets.numbers import number_type
from stages.nets.sttn import STTN


@lru_cache(maxsize=1)
def model(checkpoint: str, device: str, precision: str) -> STTN:
    """Return the network, made once for all shots; ModelError for another file, OptionError for no such device."""
    try:
        with torch.device("meta"):
            net = STTN()
        load(net, [checkpoint])
    except CheckpointError as error:
        raise ModelError(f"STTN: {error}") from error
    try:
        net.to(device, number_type(device, precision)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return net
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise OptionError(f"STTN cannot run on {device}: {str(error).splitlines()[0]}") from error
