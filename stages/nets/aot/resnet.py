"""ResNet-50 as far as its third stage: a picture in, features at three depths out.

K. He et al., Deep residual learning for image recognition, CVPR 2016. Names as in torchvision.
"""

from torch import Tensor, nn
from torch.nn import functional

from stages.nets.aot.norm import FrozenBatchNorm2d

STEM = 64  # channels after the first convolution
WIDER = 4  # times the channels of a bottleneck leave it
CHANNELS = (256, 512, 1024, 1024)


class Bottleneck(nn.Module):
    """Narrow inside, wide outside: (B, C, H, W) -> (B, WIDER * channels, H/stride, W/stride)."""

    def __init__(self, channels_in: int, channels: int, *, stride: int) -> None:
        super().__init__()
        wide = WIDER * channels
        self.conv1, self.bn1 = nn.Conv2d(channels_in, channels, 1, bias=False), FrozenBatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = FrozenBatchNorm2d(channels)
        self.conv3, self.bn3 = nn.Conv2d(channels, wide, 1, bias=False), FrozenBatchNorm2d(wide)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or channels_in != wide:
            shrink = nn.Conv2d(channels_in, wide, 1, stride, bias=False)
            self.downsample = nn.Sequential(shrink, FrozenBatchNorm2d(wide))

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        inner = functional.relu(self.bn2(self.conv2(inner)), inplace=True)
        inner = self.bn3(self.conv3(inner))
        return functional.relu(inner + self.downsample(x), inplace=True)


class ResNet50(nn.Module):
    """(B, 3, H, W) -> four of (B, CHANNELS, h, w), h and w a fourth, eighth, sixteenth; the last is there twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, STEM, 7, stride=2, padding=3, bias=False), FrozenBatchNorm2d(STEM)
        self.layer1 = _layer(STEM, 64, blocks=3, stride=1)
        self.layer2 = _layer(CHANNELS[0], 128, blocks=4, stride=2)
        self.layer3 = _layer(CHANNELS[1], 256, blocks=6, stride=2)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        fourth = self.layer1(functional.max_pool2d(x, 3, stride=2, padding=1))
        eighth = self.layer2(fourth)
        sixteenth = self.layer3(eighth)
        return [fourth, eighth, sixteenth, sixteenth]


def _layer(channels_in: int, channels: int, *, blocks: int, stride: int) -> nn.Sequential:
    rest = [Bottleneck(WIDER * channels, channels, stride=1) for _ in range(blocks - 1)]
    return nn.Sequential(Bottleneck(channels_in, channels, stride=stride), *rest)
