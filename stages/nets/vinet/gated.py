"""Convolutions with a learned soft mask, so that holes do not leak into the features."""

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2  # of the leaky units after an enlargement


class FlatConv(nn.Conv3d):
    """Convolution of single pictures whose weights the checkpoint keeps for a row of T: (C_out, C_in, T, 3, 3).

    (B, T C_in, H, W) -> (B, C_out, H, W), the pictures of the row one after the other.
    """

    def __init__(self, channels_in: int, channels_out: int, *, row: int = 1, dilation: int = 1) -> None:
        super().__init__(channels_in, channels_out, (row, 3, 3), dilation=dilation, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.transpose(1, 2).flatten(1, 2)  # (C_out, T C_in, 3, 3)
        return functional.conv2d(x, weight, padding=self.dilation[1:], dilation=self.dilation[1:])


class Gated(nn.Module):
    """One convolution for features and gate together: (B, C_in, H, W) -> (B, C_out, H', W')."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        features, gate = self.conv(x).chunk(2, dim=1)  # each (B, C_out, H', W')
        return torch.relu(features) * torch.sigmoid(gate)


class GatedUp(nn.Module):
    """The same at twice the size: (B, C_in, H, W) -> (B, C_out, 2 H, 2 W)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), FlatConv(channels_in, 2 * channels_out))

    def forward(self, x: Tensor) -> Tensor:
        features, gate = self.conv(x).chunk(2, dim=1)  # each (B, C_out, 2 H, 2 W)
        return functional.leaky_relu(features, SLOPE) * torch.sigmoid(gate)


def gated(channels_in: int, channels_out: int, *, stride: int = 1, dilation: int = 1) -> Gated:
    """Return one for pictures that the checkpoint keeps as such."""
    conv = nn.Conv2d(channels_in, 2 * channels_out, 3, stride, padding=dilation, dilation=dilation, bias=False)
    return Gated(conv)


def gated_flat(channels_in: int, channels_out: int, *, row: int = 1, dilation: int = 1) -> Gated:
    """Return one whose weights are kept for a row of pictures."""
    return Gated(FlatConv(channels_in, 2 * channels_out, row=row, dilation=dilation))
