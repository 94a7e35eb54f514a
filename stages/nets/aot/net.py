"""The whole of AOT: encoder, identities, transformer and decoder, by the four sizes that there are checkpoints of."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.aot import mobilenet, resnet
from stages.nets.aot.attention import Grid
from stages.nets.aot.decoder import FPNSegmentationHead
from stages.nets.aot.lstt import Layers, LongShortTermTransformer

OBJECTS = 10  # identities, besides that of the background, which is 0
CHANNELS = 256
STRIDE = 16  # pixels from place to place; pictures are a multiple of it, plus 1, wide and high
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet; of red, green, blue in [0, 1]
TEMPERATURE = 10000


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What the networks differ in."""

    encoder: Callable[[], nn.Module]
    channels: Sequence[int]  # of the encoder's features
    blocks: int  # of the transformer
    gap: int  # frames from one that is remembered for long to the next, as it was evaluated


VARIANTS = {  # by name; configs/models of aot-benchmark
    "aott": Variant(encoder=mobilenet.MobileNetV2, channels=mobilenet.CHANNELS, blocks=1, gap=9999),
    "aots": Variant(encoder=mobilenet.MobileNetV2, channels=mobilenet.CHANNELS, blocks=2, gap=9999),
    "aotl": Variant(encoder=mobilenet.MobileNetV2, channels=mobilenet.CHANNELS, blocks=3, gap=5),
    "r50_aotl": Variant(encoder=resnet.ResNet50, channels=resnet.CHANNELS, blocks=3, gap=5),
}


class AOT(nn.Module):
    """Pictures are (B, 3, H, W), H and W one more than a multiple of STRIDE; tokens (B, N, CHANNELS).

    Identities are one-hot: (B, 1 + OBJECTS, H, W), 0 the background.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.encoder = variant.encoder()
        self.encoder_projector = nn.Conv2d(variant.channels[-1], CHANNELS, 1)
        self.LSTT = LongShortTermTransformer(CHANNELS, variant.blocks)
        self.decoder = FPNSegmentationHead((variant.blocks + 1) * CHANNELS, CHANNELS, variant.channels, 1 + OBJECTS)
        self.patch_wise_id_bank = nn.Conv2d(1 + OBJECTS, CHANNELS, STRIDE + 1, stride=STRIDE, padding=STRIDE // 2)

    def encode(self, picture: Tensor) -> list[Tensor]:
        """Return the features of a picture, less MEAN over DEVIATION, at four depths, the last (B, CHANNELS, h, w)."""
        features: list[Tensor] = self.encoder(picture)
        return [*features[:-1], self.encoder_projector(features[-1])]

    def identity(self, one_hot: Tensor) -> Tensor:
        """Return what says for each place which objects are there: (B, N, CHANNELS)."""
        return _tokens(self.patch_wise_id_bank(one_hot))

    def refer(self, features: Sequence[Tensor], identity: Tensor) -> tuple[list[Tensor], Layers]:
        """Return the embeddings of a frame whose objects are known, and what is to be remembered of it."""
        x, position, grid = _placed(features[-1])
        return self.LSTT.refer(x, position, identity, grid)

    def propagate(self, features: Sequence[Tensor], long: Layers, short: Layers | None) -> tuple[list[Tensor], Layers]:
        """Return the embeddings of a frame whose objects are asked for, and its keys and values without identity.

        `long` are the memories of any frames, one after the other; `short` that of the frame before, None where that
        was of another shot.
        """
        x, position, grid = _placed(features[-1])
        return self.LSTT.propagate(x, position, long, short, grid)

    def remember(self, current: Layers, identity: Tensor) -> Layers:
        """Return what is to be remembered of a propagated frame once it is known which objects are where."""
        return self.LSTT.remember(current, identity)

    def decode(self, embeddings: Sequence[Tensor], features: Sequence[Tensor]) -> Tensor:
        """Return the score of every identity, (B, 1 + OBJECTS, H/4, W/4); softmax makes probabilities of them."""
        coarse = features[-1]
        laid_out = [tokens.transpose(1, 2).reshape(coarse.shape) for tokens in embeddings]
        scores: Tensor = self.decoder([coarse, *laid_out], features)
        return scores

    def retell(self, layers: Layers, before: Tensor, after: Tensor) -> Layers:
        """Return a frame's memory as if what was told of its objects had been `after`, not `before`, both identities.

        Values are linear in the identity, so what was said can be taken back; only what a deeper block made of what an
        earlier one had been told remains.
        """
        shifts = [functional.linear(after - before, block.linear_V.weight) for block in self.LSTT.blocks]
        return tuple((key, value + shift) for (key, value), shift in zip(layers, shifts, strict=True))


def one_hot(labels: Tensor) -> Tensor:
    """Return which identity each pixel has: (B, H, W) of 0 to OBJECTS -> (B, 1 + OBJECTS, H, W) of 0 and 1."""
    return (labels.unsqueeze(1) == torch.arange(1 + OBJECTS, device=labels.device).view(-1, 1, 1)).float()


def _placed(coarse: Tensor) -> tuple[Tensor, Tensor, Grid]:
    """Return the tokens of a (B, CHANNELS, h, w) grid, their positions and its size."""
    grid = (coarse.shape[2], coarse.shape[3])
    return _tokens(coarse), _positions(*grid).to(coarse), grid


def _tokens(grid: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h * w, C)."""
    return grid.flatten(2).transpose(1, 2)


@lru_cache(maxsize=4)
def _positions(rows: int, columns: int) -> Tensor:
    """Return what says where each place lies: (1, rows * columns, CHANNELS), the first half of it from top to bottom.

    Sines and cosines of growing wavelength (Vaswani et al. 2017), once around the circle at the longest.
    """
    half = CHANNELS // 2
    wavelengths = TEMPERATURE ** (2 * (torch.arange(half) // 2) / half)
    y, x = (_waves(count, wavelengths) for count in (rows, columns))
    both = torch.cat((y[:, None].expand(-1, columns, -1), x.expand(rows, -1, -1)), dim=2)  # (rows, columns, CHANNELS)
    return both.flatten(0, 1).unsqueeze(0)


def _waves(count: int, wavelengths: Tensor) -> Tensor:
    """(half,) -> (count, half): sine at even channels, cosine at odd ones."""
    angle = torch.arange(count)[:, None] / (count - 1 + 1e-6) * 2 * math.pi / wavelengths
    waves = angle.sin()
    waves[:, 1::2] = angle[:, 1::2].cos()
    return waves
