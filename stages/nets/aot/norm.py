"""Batch norm whose statistics are constants, and how it is folded into what comes before."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5


class FrozenBatchNorm2d(nn.Module):
    """(B, C, H, W) -> the same, scaled and shifted channel by channel; buffers alone, as the checkpoints have it."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        return functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=EPSILON)


def fold(net: nn.Module) -> None:
    """Make every norm that follows a convolution a part of it: the same answers from fewer passes over memory.

    The names are no longer those of the checkpoints.
    """
    with torch.no_grad():
        for module in net.modules():
            for (_, conv), (name, norm) in pairwise(list(module.named_children())):
                if isinstance(conv, nn.Conv2d) and isinstance(norm, FrozenBatchNorm2d):
                    scale = norm.weight * (norm.running_var + EPSILON).rsqrt()
                    conv.weight = nn.Parameter(conv.weight * scale.view(-1, 1, 1, 1))
                    conv.bias = nn.Parameter(norm.bias - norm.running_mean * scale)
                    setattr(module, name, nn.Identity())
