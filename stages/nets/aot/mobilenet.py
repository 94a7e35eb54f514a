"""MobileNetV2 without its classifier: a picture in, features at four depths out.

M. Sandler et al., MobileNetV2: inverted residuals and linear bottlenecks, CVPR 2018; its last stride is taken out and
made up for by dilation, so that the deepest features keep a sixteenth of the size. Names as in torchvision.
"""

from torch import Tensor, nn

from stages.nets.aot.norm import FrozenBatchNorm2d

STEM = 32  # channels after the first convolution
# How many times wider each block is inside, channels, blocks, stride of the first, dilation of the first, of the rest.
STAGES = (
    (1, 16, 1, 1, 1, 1),
    (6, 24, 2, 2, 1, 1),
    (6, 32, 3, 2, 1, 1),
    (6, 64, 4, 2, 1, 1),
    (6, 96, 3, 1, 1, 1),
    (6, 160, 3, 1, 1, 2),
    (6, 320, 1, 1, 2, 2),
)
DEEPEST = 1280
TAPS = (4, 7, 14, 19)  # layers after which features are taken: 1/4, 1/8, 1/16 and 1/16 of the size
CHANNELS = (24, 32, 96, DEEPEST)  # of these


class InvertedResidual(nn.Module):
    """Wide inside, narrow outside: (B, C_in, H, W) -> (B, C_out, H/stride, W/stride)."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int, dilation: int, expand: int) -> None:
        super().__init__()
        wide = channels_in * expand
        self.conv = nn.Sequential(
            *([_unit(channels_in, wide, kernel=1)] if expand > 1 else []),
            _unit(wide, wide, kernel=3, stride=stride, dilation=dilation, groups=wide),
            nn.Conv2d(wide, channels_out, 1, bias=False),
            FrozenBatchNorm2d(channels_out),
        )
        self._residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.conv(x)
        return x + changed if self._residual else changed


class MobileNetV2(nn.Module):
    """(B, 3, H, W) -> four of (B, CHANNELS, h, w), h and w being a fourth, eighth, sixteenth and sixteenth."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_unit(3, STEM, kernel=3, stride=2)]
        channels = STEM
        for expand, out, blocks, stride, first, rest in STAGES:
            for i in range(blocks):
                steps, dilation = (1, rest) if i else (stride, first)
                layers.append(InvertedResidual(channels, out, stride=steps, dilation=dilation, expand=expand))
                channels = out
        layers.append(_unit(channels, DEEPEST, kernel=1))
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        taken = []
        for number, layer in enumerate(self.features, start=1):
            x = layer(x)
            if number in TAPS:
                taken.append(x)
        return taken


def _unit(
    channels_in: int, channels_out: int, *, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Sequential:
    padding = kernel // 2 * dilation
    conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, dilation, groups, bias=False)
    return nn.Sequential(conv, FrozenBatchNorm2d(channels_out), nn.ReLU6(inplace=True))
