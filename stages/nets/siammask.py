"""SiamMask: a picture of an object and a wider one of where it may be in, its place and its outline there out.

Q. Wang et al., Fast online object tracking and segmentation: a unifying approach, CVPR 2019, with the refinement
("sharp"). Names and shapes of the weights are those of SiamMask_DAVIS.pth (foolwood/SiamMask). Pictures are blue,
green, red from 0 to 255 as they are: the first normalisation is part of the weights.

Sizes below are those for a search of 255 pixels; with larger ones (255 + 8 n) S = 25 + n.
"""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

EXEMPLAR, SEARCH = 127, 255  # pixels of the pictures of the object and of where it may be
STRIDE = 8  # pixels of the search from one place of the answer to the next
RATIOS = (0.33, 0.5, 1.0, 2.0, 3.0)  # height by width of the boxes that are tried at every place
COARSE = 63  # pixels of the outline before it is refined, which we have no use for
PATCHES = ((61, 4, 16), (31, 2, 8), (15, 1, 4))  # of each fine level: the cells around a place, its step, the margin


class Fine(NamedTuple):
    """What the layers on the way see of a search, for the refinement."""

    edges: Tensor  # (1, 64, 125, 125)
    parts: Tensor  # (1, 256, 63, 63)
    things: Tensor  # (1, 512, 31, 31)


class Kernels(NamedTuple):
    """What is looked for, of T pictures of the object: one stamp for each question."""

    scores: Tensor  # (T, 256, 5, 5)
    boxes: Tensor  # (T, 256, 5, 5)
    masks: Tensor  # (T, 256, 5, 5)


class Answer(NamedTuple):
    """Where the object may be, for T kernels, 5 boxes at each of S x S places."""

    scores: Tensor  # (T, 10, S, S): for not the object, 5 boxes, then for the object; before the softmax
    boxes: Tensor  # (T, 20, S, S): x, y, width, height of 5 boxes each, relative to the anchors
    masks: Tensor  # (T, 256, S, S): outlines, still as features
    fine: Fine


class Bottleneck(nn.Module):
    """Residual block (K. He et al., CVPR 2016): (B, C_in, H, W) -> (B, 4 C, H', W').

    Where it halves the size it has no padding: 31 -> 15.
    """

    def __init__(
        self, channels_in: int, channels: int, *, stride: int, dilation: int, beside: nn.Module | None
    ) -> None:
        super().__init__()
        padding = dilation if stride == 1 else 0
        self.conv1 = nn.Conv2d(channels_in, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.downsample = beside

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """ResNet-50 as far as its third layer, which is dilated so that the stride stays 8."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _layer(64, 64, blocks=3, stride=1, dilation=1, beside=_plain(64, 256, 1))
        self.layer2 = _layer(256, 128, blocks=4, stride=2, dilation=1, beside=_plain(256, 512, 3, stride=2))
        self.layer3 = _layer(512, 256, blocks=6, stride=1, dilation=2, beside=_plain(512, 1024, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[Fine, Tensor]:
        edges = functional.relu(self.bn1(self.conv1(x)))  # (B, 64, 125, 125)
        parts = self.layer1(functional.max_pool2d(edges, 3, stride=2, padding=1))  # (B, 256, 63, 63)
        things = self.layer2(parts)  # (B, 512, 31, 31)
        return Fine(edges, parts, things), self.layer3(things)  # (B, 1024, 31, 31)


def _layer(
    channels_in: int, channels: int, *, blocks: int, stride: int, dilation: int, beside: nn.Module
) -> nn.Sequential:
    """Return a chain of blocks; only those after the first are dilated, as its 3x3 shortcut is not."""
    first = Bottleneck(channels_in, channels, stride=stride, dilation=1, beside=beside)
    others = (Bottleneck(4 * channels, channels, stride=1, dilation=dilation, beside=None) for _ in range(1, blocks))
    return nn.Sequential(first, *others)


def _plain(channels_in: int, channels: int, kernel: int, *, stride: int = 1, padding: int = 0) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels))


class Adjust(nn.Module):
    """Fewer channels: (B, 1024, H, W) -> (B, 256, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.downsample = _plain(1024, 256, 1)

    def forward(self, x: Tensor) -> Tensor:
        adjusted: Tensor = self.downsample(x)
        return adjusted


class Features(nn.Module):
    """What a picture shows: (B, 3, 255, 255) -> its fine levels and (B, 256, 31, 31)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = ResNet()
        self.downsample = Adjust()

    def forward(self, x: Tensor) -> tuple[Fine, Tensor]:
        fine, deep = self.features(x)
        return fine, self.downsample(deep)


class Correlation(nn.Module):
    """Compares object and search channel by channel, and answers one question about every place."""

    def __init__(self, channels_out: int) -> None:
        super().__init__()
        self.conv_kernel = nn.Sequential(*_plain(256, 256, 3), nn.ReLU())
        self.conv_search = nn.Sequential(*_plain(256, 256, 3), nn.ReLU())
        self.head = nn.Sequential(*_plain(256, 256, 1), nn.ReLU(), nn.Conv2d(256, channels_out, 1))

    def kernel(self, features: Tensor) -> Tensor:
        """Return the stamp of an object: (T, 256, 7, 7) -> (T, 256, 5, 5)."""
        stamp: Tensor = self.conv_kernel(features)
        return stamp

    def correlate(self, kernel: Tensor, features: Tensor) -> Tensor:
        """Return how well every stamp fits everywhere: (T, 256, 5, 5), (1, 256, 31, 31) -> (T, 256, 25, 25)."""
        searched = self.conv_search(features)  # (1, 256, 29, 29)
        several = searched.expand(len(kernel), -1, -1, -1).flatten(0, 1)[None]  # (1, T * 256, 29, 29)
        stamps = kernel.flatten(0, 1)[:, None]  # (T * 256, 1, 5, 5)
        fits = functional.conv2d(several, stamps, groups=len(stamps))  # (1, T * 256, 25, 25)
        return fits.reshape(len(kernel), -1, *fits.shape[2:])

    def forward(self, kernel: Tensor, features: Tensor) -> Tensor:
        answer: Tensor = self.head(self.correlate(kernel, features))
        return answer


class Region(nn.Module):
    """Region proposals (SiamRPN): how likely the object is at every place, and with what box."""

    def __init__(self) -> None:
        super().__init__()
        self.cls = Correlation(2 * len(RATIOS))
        self.loc = Correlation(4 * len(RATIOS))


class Outline(nn.Module):
    """The outline at every place, as features; its head, the coarse outline, has weights and is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.mask = Correlation(COARSE * COARSE)


class Refine(nn.Module):
    """The outline at one place: its features (1, 256) and the fine levels around it -> (127, 127) logits."""

    def __init__(self) -> None:
        super().__init__()
        self.v0, self.v1, self.v2 = _twice(64, 16, 4), _twice(256, 64, 16), _twice(512, 128, 32)
        self.h2, self.h1, self.h0 = _twice(32, 32, 32), _twice(16, 16, 16), _twice(4, 4, 4)
        self.deconv = nn.ConvTranspose2d(256, 32, 15, stride=15)
        self.post0 = nn.Conv2d(32, 16, 3, padding=1)
        self.post1 = nn.Conv2d(16, 4, 3, padding=1)
        self.post2 = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, features: Tensor, fine: Fine, row: int, column: int) -> Tensor:
        edges, parts, things = (
            _around(level, row, column, *patch) for level, patch in zip(fine, PATCHES, strict=True)
        )  # (1, 64, 61, 61), (1, 256, 31, 31), (1, 512, 15, 15)
        x = self.deconv(features[:, :, None, None])  # (1, 32, 15, 15)
        x = self.post0(functional.interpolate(self.h2(x) + self.v2(things), size=31))  # (1, 16, 31, 31)
        x = self.post1(functional.interpolate(self.h1(x) + self.v1(parts), size=61))  # (1, 4, 61, 61)
        x = self.post2(functional.interpolate(self.h0(x) + self.v0(edges), size=EXEMPLAR))  # (1, 1, 127, 127)
        logits: Tensor = x.squeeze()
        return logits


def _twice(channels_in: int, between: int, channels: int) -> nn.Sequential:
    first, second = nn.Conv2d(channels_in, between, 3, padding=1), nn.Conv2d(between, channels, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


def _around(level: Tensor, row: int, column: int, side: int, step: int, margin: int) -> Tensor:
    """Return what the exemplar would cover of a level at a place, (1, C, side, side); zeros lie beyond its edge."""
    padded = functional.pad(level, (margin, margin, margin, margin))
    return padded[:, :, step * row : step * row + side, step * column : step * column + side]


class SiamMask(nn.Module):
    """Looks for what one picture shows in another, and draws its outline at the place that was chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.features = Features()
        self.rpn_model = Region()
        self.mask_model = Outline()
        self.refine_model = Refine()

    def template(self, exemplars: Tensor) -> Kernels:
        """Return what to look for: (T, 3, 127, 127) in [0, 255] -> Kernels."""
        _, features = self.features(exemplars)  # (T, 256, 15, 15)
        centre = features[:, :, 4:-4, 4:-4]  # (T, 256, 7, 7): what lies about it is padding's doing
        return Kernels(*(part.kernel(centre) for part in self._parts()))

    def forward(self, kernels: Kernels, search: Tensor) -> Answer:
        """Return where it may be: (1, 3, 255, 255) in [0, 255] -> Answer."""
        fine, features = self.features(search)
        scores, boxes = self.rpn_model.cls(kernels.scores, features), self.rpn_model.loc(kernels.boxes, features)
        return Answer(scores, boxes, self.mask_model.mask.correlate(kernels.masks, features), fine)

    def refine(self, answer: Answer, kernel: int, row: int, column: int) -> Tensor:
        """Return the outline that a kernel means at a place: (127, 127) logits.

        Its corner lies at search pixel STRIDE * (column - 4), STRIDE * (row - 4), and its pixels are the search's.
        """
        outline: Tensor = self.refine_model(answer.masks[kernel : kernel + 1, :, row, column], answer.fine, row, column)
        return outline

    def _parts(self) -> tuple[Correlation, Correlation, Correlation]:
        return self.rpn_model.cls, self.rpn_model.loc, self.mask_model.mask
