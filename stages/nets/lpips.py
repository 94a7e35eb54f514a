"""LPIPS: two pictures in, how different they look to people out.

R. Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, CVPR 2018; version 0.1 with
AlexNet. Two files hold the weights: torchvision's alexnet (`features.*`) and the heads of
richzhang/PerceptualSimilarity, `weights/v0.1/alex.pth` (`lin0.model.1.weight` to `lin4`).
"""

import torch
from torch import Tensor, nn

from stages.nets.checkpoint import picture_tensor

SMALLEST = 64  # pixels: below this AlexNet's last layers have nothing left
TAPS = (1, 4, 7, 9, 11)  # the ReLUs of `features` whose outputs are compared
CHANNELS = (64, 192, 384, 256, 256)  # of these
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # ImageNet's mean and deviation, for [-1, 1]
TINY = 1e-10


class Head(nn.Module):
    """Weighs the channels of a squared difference: (B, C, H, W) -> (B, 1, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        weighed: Tensor = self.model(x)
        return weighed


class Lpips(nn.Module):
    """Two (B, 3, H, W) pictures in [-1, 1] -> (B,) distances, 0 for equal ones."""

    def __init__(self) -> None:
        super().__init__()
        self.features = _alexnet()
        self.lin0, self.lin1, self.lin2, self.lin3, self.lin4 = (Head(channels) for channels in CHANNELS)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        heads = (self.lin0, self.lin1, self.lin2, self.lin3, self.lin4)
        distance = torch.zeros(one.shape[0])
        for head, a, b in zip(heads, self._taps(one), self._taps(other), strict=True):
            distance = distance + head((a - b) ** 2).mean(dim=(1, 2, 3))  # (B,)
        return distance

    def _taps(self, x: Tensor) -> list[Tensor]:
        """Return the outputs that are compared, every pixel's channels scaled to length 1."""
        x = (x - torch.tensor(SHIFT).view(1, 3, 1, 1)) / torch.tensor(SCALE).view(1, 3, 1, 1)
        taps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                taps.append(x / (x.square().sum(dim=1, keepdim=True).sqrt() + TINY))
            if index == TAPS[-1]:
                break
        return taps


def _alexnet() -> nn.Sequential:
    """Return the layers before the classifier, numbered as in torchvision (A. Krizhevsky, arXiv:1404.5997)."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
    )


def distance(net: Lpips, one: bytes, other: bytes, height: int, width: int) -> float:
    """Return the distance of two RGB pictures, given as bytes row by row, of at least SMALLEST pixels a side."""
    with torch.inference_mode():
        pair = (picture_tensor(samples, height, width) * 2 - 1 for samples in (one, other))
        return float(net(*pair))
