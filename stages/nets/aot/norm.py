"""Batch norm whose statistics are constants."""

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
