"""A picture in, its features at four sizes out; features in, a picture out."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from stages.nets.vinet.gated import FlatConv, GatedUp, gated, gated_flat

CHANNELS = (128, 96, 64, 32)  # of the features, coarse to finest
SEEN = 5  # channels of a picture: blue, green, red in [-1, 1], 0 in the hole; ones; 1 in the hole


class Features(NamedTuple):
    """What is kept of a picture of (B, 5, H, W), with s = 2 for the double size and 1 else."""

    coarse: Tensor  # (B, 128, H / 8s, W / 8s)
    middle: Tensor  # (B, 96, H / 4s, W / 4s)
    fine: Tensor  # (B, 64, H / 2s, W / 2s)


class Seen(NamedTuple):
    """What an encoder sees of it."""

    features: Features
    finest: Tensor  # (B, 32, H / s, W / s)


class Encoder(nn.Module):
    """(B, 5, H, W) -> Seen."""

    def __init__(self, *, double: bool) -> None:
        super().__init__()
        self.ec0 = gated(SEEN, 32, stride=2 if double else 1)
        self.ec1 = gated(32, 64, stride=2)
        self.ec2 = gated(64, 64)
        self.ec3_1 = gated(64, 96, stride=2)
        self.ec3_2 = gated(96, 96)
        self.ec4_1 = gated(96, 128, stride=2)
        self.ec4 = gated(128, 128)
        self.ec5 = gated(128, 128)

    def forward(self, x: Tensor) -> Seen:
        finest = self.ec0(x)
        fine = self.ec2(self.ec1(finest))
        middle = self.ec3_2(self.ec3_1(fine))
        coarse = self.ec5(self.ec4(self.ec4_1(middle)))
        return Seen(Features(coarse, middle, fine), finest)


class Bottleneck(nn.Module):
    """Looks far around: (B, 256, h, w) -> (B, 128, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        self.bt0 = gated(256, 128)
        self.bt1 = gated(128, 128, dilation=2)
        self.bt2 = gated(128, 128, dilation=4)
        self.bt3 = gated(128, 128, dilation=8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.bt3(self.bt2(self.bt1(self.bt0(x))))
        return out


class Decoder(nn.Module):
    """The bottleneck's features and those of two finer sizes -> (B, 3, H, W) colours, about [-1, 1]."""

    def __init__(self, *, double: bool) -> None:
        super().__init__()
        self.dc0 = gated_flat(128, 128)
        self.dc1 = gated_flat(128, 128)
        self.dc1_1 = GatedUp(128, 96)
        self.dc2_1 = gated_flat(192, 96)
        self.dc2_bt1 = gated_flat(96, 96, dilation=2)
        self.dc2_bt2 = gated_flat(96, 96, dilation=4)
        self.dc2_bt3 = gated_flat(96, 96, dilation=8)
        self.dc2_2 = GatedUp(96, 64)
        self.dc3_1 = gated_flat(128, 64)
        self.dc3_2 = gated_flat(64, 64)
        self.dc4 = GatedUp(64, 32)
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear") if double else nn.Identity()
        self.dc5 = gated_flat(32, 16)
        self.dc6 = FlatConv(16, 3)

    def forward(self, coarse: Tensor, middle: Tensor, fine: Tensor) -> Tensor:
        x = self.dc1_1(self.dc1(self.dc0(coarse)))
        x = self.dc2_1(torch.cat((x, middle), dim=1))
        x = self.dc2_2(self.dc2_bt3(self.dc2_bt2(self.dc2_bt1(x))))
        x = self.dc3_2(self.dc3_1(torch.cat((x, fine), dim=1)))
        out: Tensor = self.dc6(self.dc5(self.upsample(self.dc4(x))))
        return out
