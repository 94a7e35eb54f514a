"""Embeddings of places and features of the picture in, a score for every identity out.

T.-Y. Lin et al., Feature pyramid networks for object detection, CVPR 2017: upwards step by step, finer features added.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 8


class ConvGN(nn.Module):
    """Convolution, group norm, ReLU: (B, C_in, H, W) -> (B, C_out, H, W)."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2)
        self.gn = nn.GroupNorm(GROUPS, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.gn(self.conv(x)), inplace=True)


class FPNSegmentationHead(nn.Module):
    """Embeddings (B, C_in, h, w) at a sixteenth and features of four depths -> scores (B, C_out, H/4, W/4)."""

    def __init__(self, channels_in: int, channels: int, features: Sequence[int], channels_out: int) -> None:
        """Take the channels of the embeddings, those within, those of the features and how many scores there are."""
        super().__init__()
        half = channels // 2
        self.conv_in = ConvGN(channels_in, channels, 1)
        self.conv_16x, self.conv_8x = ConvGN(channels, channels, 3), ConvGN(channels, half, 3)
        self.conv_4x = ConvGN(half, half, 3)
        fourth, eighth, sixteenth, _ = features
        self.adapter_16x, self.adapter_8x = nn.Conv2d(sixteenth, channels, 1), nn.Conv2d(eighth, channels, 1)
        self.adapter_4x = nn.Conv2d(fourth, half, 1)
        self.conv_out = nn.Conv2d(half, channels_out, 1)

    def forward(self, embeddings: Sequence[Tensor], features: Sequence[Tensor]) -> Tensor:
        fourth, eighth, sixteenth, _ = features
        x = self.conv_in(torch.cat(list(embeddings), dim=1))
        x = self.conv_16x(self.adapter_16x(sixteenth) + x)
        x = self.conv_8x(self.adapter_8x(eighth) + _enlarge(x, eighth))
        x = self.conv_4x(self.adapter_4x(fourth) + _enlarge(x, fourth))
        scores: Tensor = self.conv_out(x)
        return scores


def _enlarge(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)
