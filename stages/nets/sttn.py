"""STTN: frames with holes in, frames without them out, every patch of a frame made of all patches of all frames.

Y. Zeng, J. Fu and H. Chao, Learning joint spatial-temporal transformations for video inpainting, ECCV 2020. The names
are those of `sttn.pth`, whose weights lie under `netG` (researchmm/STTN, model/sttn.py).

A frame is cut into 1, 9, 36 and 144 patches at once, which compare a quarter of the channels each. The original states
patches of pixels and so one size, 432x240; nothing in the weights depends on it. It means to keep patches of holes from
being looked at, but its `masked_fill` drops what it returns, in training too: the weights know attention without masks.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 256
BLOCKS = 8
CUTS = (1, 3, 6, 12)  # patches of a frame, across and down; each is for a quarter of the channels
STRIDE = 4  # pixels from one place of the features to the next
AT_ONCE = 6  # frames that are convolved together: more take more memory and no less time
CELL = STRIDE * math.lcm(*CUTS)  # pixels; width and height of a frame are multiples of it


class STTN(nn.Module):
    """Frames are (T, 3, H, W), red, green, blue in [-1, 1], H and W multiples of CELL; holes are 0.

    Features are (T, CHANNELS, H / STRIDE, W / STRIDE).
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *_convolved(3, 64, stride=2),
            *_convolved(64, 64),
            *_convolved(64, 128, stride=2),
            *_convolved(128, CHANNELS),
        )
        self.transformer = nn.Sequential(*(TransformerBlock() for _ in range(BLOCKS)))
        self.decoder = nn.Sequential(
            Doubled(CHANNELS, 128), _leaky(), *_convolved(128, 64), Doubled(64, 64), _leaky(), _convolution(64, 3)
        )

    def encode(self, frames: Tensor) -> Tensor:
        """Return the features of frames, each by itself."""
        features: Tensor = self.encoder(frames)
        return features

    def complete(self, features: Tensor, wanted: int) -> Tensor:
        """Return the first `wanted` frames complete, (wanted, 3, H, W) in [-1, 1], given the features of T frames."""
        *others, last = self.transformer
        for block in others:
            features = block(features, len(features))
        return torch.cat([torch.tanh(self.decoder(one[None])) for one in last(features, wanted)])


class TransformerBlock(nn.Module):
    """(T, CHANNELS, h, w) -> the first `wanted` of them, changed by all."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = MultiPatchAttention()
        self.feed_forward = FeedForward()

    def forward(self, x: Tensor, wanted: int) -> Tensor:
        found: Tensor = self.attention(x, wanted)
        for low in range(0, wanted, AT_ONCE):
            few = slice(low, min(low + AT_ONCE, wanted))
            changed = x[few] + self.attention.output_linear(found[few])
            found[few] = changed + self.feed_forward(changed)
        return found


class MultiPatchAttention(nn.Module):
    """(T, CHANNELS, h, w) -> for the first `wanted` frames what all have that is like their patches.

    `output_linear` is still to come. The channels are taken part by part, so that no more of them is held at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_embedding, self.key_embedding, self.value_embedding = (
            nn.Conv2d(CHANNELS, CHANNELS, 1) for _ in range(3)
        )
        self.output_linear = nn.Sequential(*_convolved(CHANNELS, CHANNELS))

    def forward(self, x: Tensor, wanted: int) -> Tensor:
        found = torch.empty_like(x[:wanted])
        for index, (part, cuts) in enumerate(zip(found.chunk(len(CUTS), dim=1), CUTS, strict=True)):
            query = _embedded(x[:wanted], self.query_embedding, index)
            key, value = (_embedded(x, embedding, index) for embedding in (self.key_embedding, self.value_embedding))
            part.copy_(attend(query, key, value, cuts))
        return found


def _embedded(x: Tensor, embedding: nn.Conv2d, index: int) -> Tensor:
    """Return one of len(CUTS) parts of the channels of an embedding, (T, CHANNELS / len(CUTS), h, w)."""
    weight, bias = (embedding.get_parameter(name).chunk(len(CUTS))[index] for name in ("weight", "bias"))
    return functional.conv2d(x, weight, bias)


def attend(query: Tensor, key: Tensor, value: Tensor, cuts: int) -> Tensor:
    """Return for every patch of the query, (Q, C, h, w), the mean of those of the value, (T, C, h, w), like it."""
    asked, known, told = (patches(x, cuts) for x in (query, key, value))  # (N, P)
    scores = asked @ known.transpose(0, 1) / math.sqrt(asked.shape[1])  # (Q * cuts^2, T * cuts^2)
    return joined(scores.softmax(dim=1) @ told, cuts, query.shape)


def patches(x: Tensor, cuts: int) -> Tensor:
    """Cut frames into tokens, row by row: (T, C, h, w) -> (T * cuts * cuts, h / cuts * w / cuts * C)."""
    count, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(count, cuts, height // cuts, cuts, width // cuts, channels)
    return rows.transpose(2, 3).reshape(count * cuts * cuts, -1)


def joined(tokens: Tensor, cuts: int, shape: tuple[int, ...]) -> Tensor:
    """Undo `patches`: the tokens of frames of a shape, (T, C, h, w)."""
    count, channels, height, width = shape
    rows = tokens.reshape(count, cuts, cuts, height // cuts, width // cuts, channels).transpose(2, 3)
    return rows.reshape(count, height, width, channels).permute(0, 3, 1, 2)


class FeedForward(nn.Module):
    """What is around a place, and around that: (T, CHANNELS, h, w) -> the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(*_convolved(CHANNELS, CHANNELS, dilation=2), *_convolved(CHANNELS, CHANNELS))

    def forward(self, x: Tensor) -> Tensor:
        around: Tensor = self.conv(x)
        return around


class Doubled(nn.Module):
    """(T, C_in, h, w) -> (T, C_out, 2 * h, 2 * w)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = _convolution(channels_in, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        larger = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        convolved: Tensor = self.conv(larger)
        return convolved


def _convolved(channels_in: int, channels_out: int, *, stride: int = 1, dilation: int = 1) -> tuple[nn.Module, ...]:
    return _convolution(channels_in, channels_out, stride=stride, dilation=dilation), _leaky()


def _convolution(channels_in: int, channels_out: int, *, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=dilation, dilation=dilation)


def _leaky() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.2, inplace=True)
