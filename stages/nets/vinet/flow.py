"""Features of two pictures in, where each place of the one lies in the other out; and features moved there.

A flow is (B, 2, H, W) pixels across and down, always in 32 bits: in 16, a place in a picture is not known to a pixel.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

REACH = 4  # pixels that are searched to every side, at each size
SHIFTS = 2 * REACH + 1  # across, and down
TILE = 8  # pixels: small enough that little is multiplied in vain, large enough for a matrix product
WINDOW = TILE + 2 * REACH
SLOPE = 0.1


class FlowNet(nn.Module):
    """Where N pictures' features, (N B, C, H, W), show what is seen in B pictures of (B, C, H, W): (N B, 2, H, W).

    With an earlier, coarser flow, which the features were moved by, it says what is left.
    """

    def __init__(self, channels: int, *, refines: bool) -> None:
        super().__init__()
        self.flow_estimator = Estimator(channels, SHIFTS**2 + (2 if refines else 0))

    def forward(self, target: Tensor, others: Tensor, earlier: Tensor | None = None) -> Tensor:
        found = torch.cat([correlate(target, other) for other in torch.split(others, len(target))])  # (N B, 81, H, W)
        if earlier is not None:
            found = torch.cat((found, earlier.to(found.dtype)), dim=1)
        flow: Tensor = self.flow_estimator(target, found)
        return flow


class Estimator(nn.Module):
    """(B, C, H, W) and what was found for N pictures each, (N B, F, H, W) -> flow (N B, 2, H, W)."""

    def __init__(self, channels: int, found: int) -> None:
        super().__init__()
        widths = (channels + found, 128, 128, 96, 64, 32)
        self.convs: Any = nn.Sequential(*(leaky(*pair) for pair in pairwise(widths)))
        self.conv1 = nn.Conv2d(32, 2, 3, padding=1)
        self.convs_fine = Context()

    def forward(self, target: Tensor, found: Tensor) -> Tensor:
        x = self.convs[1:](self._first(target, found))  # (N B, 32, H, W)
        coarse: Tensor = self.conv1(x)
        fine: Tensor = self.convs_fine(torch.cat((x, coarse), dim=1))
        return coarse.float() + fine.float()

    def _first(self, target: Tensor, found: Tensor) -> Tensor:
        """Return the first layer's answer, (N B, 128, H, W); what is the same for all N pictures is convolved once."""
        conv, channels = self.convs[0][0], target.shape[1]
        seen = functional.conv2d(target, conv.weight[:, :channels], conv.bias, padding=1)  # (B, 128, H, W)
        x = functional.conv2d(found, conv.weight[:, channels:], padding=1)
        for part in torch.split(x, len(seen)):
            part += seen
        return functional.leaky_relu_(x, SLOPE)


class Context(nn.Module):
    """Looks far around: (B, 34, H, W) -> (B, 2, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        widths, dilations = (34, 128, 128, 128, 96, 64, 32, 2), (1, 2, 4, 8, 16, 1, 1)
        pairs = zip(pairwise(widths), dilations, strict=True)
        self.convs = nn.Sequential(*(leaky(*pair, dilation) for pair, dilation in pairs))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.convs(x)
        return out


class MaskNet(nn.Module):
    """How far other features are to be believed, by how they differ: (B, C, H, W) -> (B, 1, H, W) in (0, 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.convs = nn.Sequential(leaky(channels, half), leaky(half, half), nn.Conv2d(half, 1, 3, padding=1))

    def forward(self, difference: Tensor) -> Tensor:
        return torch.sigmoid(self.convs(difference))


def leaky(channels_in: int, channels_out: int, dilation: int = 1) -> nn.Sequential:
    """Return a convolution and a leaky unit."""
    conv = nn.Conv2d(channels_in, channels_out, 3, padding=dilation, dilation=dilation)
    return nn.Sequential(conv, nn.LeakyReLU(SLOPE, inplace=True))


def correlate(target: Tensor, other: Tensor) -> Tensor:
    """Return the mean product over the channels, at every shift of up to REACH pixels: (B, 81, H, W), rows first.

    Both are (B, C, H, W); beyond its edges the other is zero. A tile of the one times a window of the other is a
    product of matrices, of which the shifts are slanted diagonals.
    """
    channels, height, width = target.shape[1:]
    right, below = -width % TILE, -height % TILE
    tiles = _tiles(functional.pad(target, (0, right, 0, below)), TILE)  # (B, rows, columns, 64, C)
    windows = _tiles(functional.pad(other, (REACH, REACH + right, REACH, REACH + below)), WINDOW)  # ..., 256, C)
    count, rows, columns = tiles.shape[:3]
    pairs = tiles.flatten(0, 2), windows.flatten(0, 2).mT
    products = torch.baddbmm(tiles.new_zeros(()), *pairs, beta=0, alpha=1 / channels)  # (tiles, 64, 256)
    pixel = WINDOW * WINDOW  # products of one pixel
    tile = TILE * TILE * pixel
    found = products.as_strided(
        (count, rows, TILE, columns, TILE, SHIFTS, SHIFTS),
        (rows * columns * tile, columns * tile, TILE * pixel + WINDOW, tile, pixel + 1, WINDOW, 1),
    )
    found = found.reshape(count, rows * TILE, columns * TILE, SHIFTS * SHIFTS)[:, :height, :width]
    return found.permute(0, 3, 1, 2)


def _tiles(x: Tensor, side: int) -> Tensor:
    """Return windows of a picture at steps of TILE: (B, C, H, W) -> (B, rows, columns, side^2, C)."""
    return x.unfold(2, side, TILE).unfold(3, side, TILE).permute(0, 2, 3, 4, 5, 1).flatten(3, 4)


def moved(features: Tensor, flow: Tensor, beyond: str = "zeros") -> Tensor:
    """Return what lies where the flow points to, interpolated; `beyond` the edges as torch's grid_sample has it."""
    height, width = flow.shape[2:]
    x = torch.arange(width, device=flow.device) + flow[:, 0]
    y = torch.arange(height, device=flow.device)[:, None] + flow[:, 1]
    places = torch.stack((x * (2 / (width - 1)) - 1, y * (2 / (height - 1)) - 1), dim=3)  # (B, H, W, 2)
    found = functional.grid_sample(features.float(), places, padding_mode=beyond, align_corners=True)
    return found.to(features.dtype)


def enlarged(x: Tensor, factor: int) -> Tensor:
    """Return it at `factor` times its size, interpolated."""
    return functional.interpolate(x, scale_factor=factor, mode="bilinear")
