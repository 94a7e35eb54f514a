"""A checkpoint, a device and a precision in, the network as it runs there out."""

from functools import lru_cache

from stages.errors import ModelError, OptionError
from stages.nets.checkpoint import CheckpointError, load
from stages.nets.numbers import number_type
from stages.nets.vinet.net import VINet


@lru_cache(maxsize=1)
def model(checkpoint: str, name: str, device: str, precision: str) -> VINet:
    """Return the network, made once for all shots; ModelError for another file, OptionError for no such device."""
    try:
        net = load(VINet(double=name == "vinet_512"), [checkpoint])
    except CheckpointError as error:
        raise ModelError(f"VINet: {error}") from error
    try:
        return net.to(device, number_type(device, precision))
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise OptionError(f"VINet cannot run on {device}: {str(error).splitlines()[0]}") from error
