"""The long short-term transformer: a frame's features and what is remembered in, features that know the objects out.

What is remembered of a frame are a key and a value for every place and layer. A value tells which objects were there,
by the identity that was added to it; a key finds it again.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.aot.attention import Attention, Grid, LocalAttention, SelfAttention

INNER = 1024  # channels of the feed-forward part
GROUPS = 32  # of its norm

KeyValue = tuple[Tensor, Tensor]  # each (B, N, C)
Layers = tuple[KeyValue, ...]  # one for every block


class Activation(nn.Module):
    """Norm, GELU and a look at the places around: (B, N, C) -> (B, N, C)."""

    def __init__(self) -> None:
        super().__init__()
        self.gn = nn.GroupNorm(GROUPS, INNER)
        self.conv = nn.Conv2d(INNER, INNER, 5, padding=2, groups=INNER, bias=False)

    def forward(self, x: Tensor, grid: Grid) -> Tensor:
        laid_out = x.transpose(1, 2).reshape(len(x), INNER, *grid)  # (B, C, rows, columns)
        seen: Tensor = self.conv(functional.gelu(self.gn(laid_out)))
        return seen.flatten(2).transpose(1, 2)  # (B, N, C)


class Block(nn.Module):
    """One layer; all of its tokens are (B, N, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.self_attn = SelfAttention(channels)
        self.linear_Q, self.linear_V = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.long_term_attn = Attention(channels)
        self.short_term_attn = LocalAttention(channels)
        self.linear1, self.linear2 = nn.Linear(channels, INNER), nn.Linear(INNER, channels)
        self.activation = Activation()

    def look(self, x: Tensor, position: Tensor) -> tuple[Tensor, KeyValue]:
        """Return the tokens after attention to themselves, with their key and their value, which tells no identity."""
        normed = self.norm1(x)
        placed = normed + position
        x = x + self.self_attn(placed, placed, normed)
        value = self.norm2(x)
        return x, (self.linear_Q(value), value)

    def remember(self, current: KeyValue, identity: Tensor) -> KeyValue:
        """Return what is to be remembered of a frame once it is known which objects are where."""
        key, value = current
        return key, self.linear_V(value + identity)

    def match(self, x: Tensor, query: Tensor, long: KeyValue, short: KeyValue | None, grid: Grid) -> Tensor:
        """Return the tokens, told what is remembered of places like theirs anywhere and nearby, where that is known.

        `long` holds the tokens of any number of frames, `short` those of the frame before.
        """
        told = self.long_term_attn(query, *long)
        if short:
            told = told + self.short_term_attn(query, *short, grid)
        x = x + told
        changed: Tensor = self.linear2(self.activation(self.linear1(self.norm3(x)), grid))
        return x + changed


class LongShortTermTransformer(nn.Module):
    """All blocks, one after the other; each gives an embedding (B, N, C) to the decoder."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.mask_token = nn.Parameter(torch.zeros(1, 1, channels))  # lies in the checkpoints, is used nowhere
        self.blocks = tuple(Block(channels) for _ in range(blocks))
        self.layers = nn.ModuleList(self.blocks)
        self.decoder_norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(blocks))

    def refer(self, x: Tensor, position: Tensor, identity: Tensor, grid: Grid) -> tuple[list[Tensor], Layers]:
        """Return the embeddings of a frame whose objects are known, and what is to be remembered of it."""
        embeddings, layers = [], []
        for block, norm in zip(self.blocks, self.decoder_norms, strict=True):
            x, current = block.look(x, position)
            memory = block.remember(current, identity)
            x = block.match(x, current[0], memory, memory, grid)
            embeddings.append(norm(x))
            layers.append(memory)
        return embeddings, tuple(layers)

    def propagate(
        self, x: Tensor, position: Tensor, long: Layers, short: Layers | None, grid: Grid
    ) -> tuple[list[Tensor], Layers]:
        """Return the embeddings of a frame whose objects are asked for, and its keys and values without identity."""
        embeddings, layers = [], []
        nearby: Sequence[KeyValue | None] = short or (None,) * len(long)
        for block, norm, far, near in zip(self.blocks, self.decoder_norms, long, nearby, strict=True):
            x, current = block.look(x, position)
            x = block.match(x, current[0], far, near, grid)
            embeddings.append(norm(x))
            layers.append(current)
        return embeddings, tuple(layers)

    def remember(self, current: Layers, identity: Tensor) -> Layers:
        """Return what is to be remembered of a propagated frame once it is known which objects are where."""
        return tuple(block.remember(layer, identity) for block, layer in zip(self.blocks, current, strict=True))
