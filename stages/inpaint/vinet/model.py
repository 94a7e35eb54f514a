"""A checkpoint, a device and a precision in, the network as it runs there out."""

from functools import lru_cache

import torch

from stages.nets.checkpoint import load
from stages.nets.numbers import place
from stages.nets.vinet.net import VINet
from stages.network import making


@lru_cache(maxsize=1)
def model(checkpoint: str, name: str, device: str, precision: str) -> VINet:
    """Return the network, made once for all shots; ModelError for another file, OptionError for no such device."""
    with making("VINet"):
        net = load(VINet(double=name == "vinet_512"), [checkpoint])
        place(net, device, precision, torch.preserve_format)  # some of its weights have a time axis
    return net
