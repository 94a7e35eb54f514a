"""A checkpoint, a device and a precision in, the network as it runs there out."""

from functools import lru_cache

import torch

from stages.nets.checkpoint import load
from stages.nets.numbers import place
from stages.nets.sttn import STTN
from stages.network import making


@lru_cache(maxsize=1)
def model(checkpoint: str, device: str, precision: str) -> STTN:
    """Return the network, made once for all shots; ModelError for another file, OptionError for no such device."""
    with torch.device("meta"):
        net = STTN()
    with making("STTN"):
        place(load(net, [checkpoint]), device, precision)
    return net
