"""What a place asks for in, what answers to it out: attention to everything, and to the neighbourhood alone.

A. Vaswani et al., Attention is all you need, NIPS 2017; here with (B, N, C) tokens, one for every place of a grid of
features, N = rows * columns.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

HEADS = 8
REACH = 7  # places that the neighbourhood spans each way
WINDOW = 2 * REACH + 1

Grid = tuple[int, int]  # rows, columns


class Attention(nn.Module):
    """Every place looks at every token: queries (B, N, C), keys and values (B, M, C) -> (B, N, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Linear(channels, channels)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        found = functional.scaled_dot_product_attention(_split(query), _split(key), _split(value))  # (B, heads, N, d)
        joined: Tensor = self.projection(found.transpose(1, 2).flatten(2))
        return joined


class SelfAttention(Attention):
    """Attention with layers of its own that make queries, keys and values."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.linear_Q = nn.Linear(channels, channels)
        self.linear_K = nn.Linear(channels, channels)
        self.linear_V = nn.Linear(channels, channels)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return super().forward(self.linear_Q(query), self.linear_K(key), self.linear_V(value))


class LocalAttention(nn.Module):
    """Every place looks at the WINDOW x WINDOW places around it: three of (B, N, C) -> (B, N, C).

    What answers depends on the offset too, by learned terms (relative_emb_k, relative_emb_v).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.relative_emb_k = nn.Conv2d(channels, HEADS * WINDOW**2, 1, groups=HEADS)
        self.relative_emb_v = nn.Parameter(torch.zeros(HEADS, channels // HEADS, WINDOW**2))
        self.projection = nn.Linear(channels, channels)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, grid: Grid) -> Tensor:
        batch, places, channels = query.shape
        rows, columns = grid
        likes = self.relative_emb_k(query.transpose(1, 2).reshape(batch, channels, rows, columns))
        likes = likes.view(-1, WINDOW**2, places).transpose(1, 2).reshape(-1, rows, columns, WINDOW**2)  # (B', ...)
        queries = self._laid_out(query, grid) * (channels // HEADS) ** -0.5
        keys, values = (_padded(self._laid_out(tokens, grid)) for tokens in (key, value))
        beyond = _beyond(rows, columns, query)
        found = [
            self._row(queries[:, y], keys[:, y : y + WINDOW], values[:, y : y + WINDOW], likes[:, y] + beyond[y])
            for y in range(rows)
        ]
        joined = torch.stack(found, dim=1).view(batch, HEADS, places, -1).transpose(1, 2).flatten(2)
        projected: Tensor = self.projection(joined)
        return projected

    def _laid_out(self, tokens: Tensor, grid: Grid) -> Tensor:
        """(B, N, C) -> (B', rows, columns, d), B' counting heads too."""
        return _split(tokens).reshape(-1, *grid, tokens.shape[2] // HEADS)

    def _row(self, query: Tensor, key: Tensor, value: Tensor, likes: Tensor) -> Tensor:
        """Return what one row of places finds: (B', columns, d).

        query (B', columns, d); key and value (B', WINDOW, columns + 2 * REACH, d), the rows around it; likes
        (B', columns, WINDOW^2), what is added for each offset. The row is multiplied by all of those rows, which is one
        fast product, then a window is cut out of it for each place.
        """
        likeness = query @ key.flatten(1, 2).transpose(1, 2)  # (B', columns, WINDOW * (columns + 2 * REACH))
        weights = torch.softmax(_windows(likeness).flatten(2) + likes, dim=2)  # (B', columns, WINDOW^2)
        likeness.zero_()
        _windows(likeness).copy_(weights.view(*weights.shape[:2], WINDOW, WINDOW))
        return likeness @ value.flatten(1, 2) + self._by_offset(weights)

    def _by_offset(self, weights: Tensor) -> Tensor:
        """Return what is added for the offsets that are looked at: (B', columns, WINDOW^2) -> (B', columns, d)."""
        by_head = weights.view(-1, HEADS, *weights.shape[1:])  # (B, heads, columns, WINDOW^2)
        told: Tensor = by_head @ self.relative_emb_v.transpose(1, 2)
        return told.flatten(0, 1)


def _split(tokens: Tensor) -> Tensor:
    """(B, N, C) -> (B, heads, N, d), C = heads * d."""
    batch, count, channels = tokens.shape
    return tokens.view(batch, count, HEADS, channels // HEADS).transpose(1, 2)


def _padded(grid: Tensor) -> Tensor:
    """(B', rows, columns, d) -> the same with REACH zeros around it."""
    return functional.pad(grid, (0, 0, REACH, REACH, REACH, REACH))


def _windows(likeness: Tensor) -> Tensor:
    """Return the window of each place of a row: a (B', columns, WINDOW, WINDOW) view.

    `likeness` (B', columns, WINDOW * wide) is that of each place to all of the padded rows around it; the window of
    the place in column x begins in column x of these.
    """
    batch, columns, keys = likeness.shape
    strides = columns * keys, keys + 1, keys // WINDOW, 1
    return likeness.as_strided((batch, columns, WINDOW, WINDOW), strides, likeness.storage_offset())


def _beyond(rows: int, columns: int, like: Tensor) -> Tensor:
    """Return -inf where a window reaches out of the grid, 0 elsewhere: (rows, columns, WINDOW^2)."""
    inside = functional.pad(like.new_zeros(rows, columns), (REACH,) * 4, value=-torch.inf)
    return inside.unfold(0, WINDOW, 1).unfold(1, WINDOW, 1).flatten(2)
