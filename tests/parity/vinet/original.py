"""The original code of VINet, opened from a clone of its repository, on a processor and on today's torch.

    git clone https://github.com/mcahny/Deep-Video-Inpainting && git -C Deep-Video-Inpainting checkout 0dabb83

Nothing of it is changed. It wants CUDA, for which `cuda()` is made to do nothing, and two operations that are compiled
for it. For these, a folder with a file standins.py is wanted, that has two modules made with the original's arguments:
Correlation (mean product over the channels, zero beyond the edge, one channel a shift, rows first) and Resample2d
(bilinear, in pixels, the edge repeated). And `grid_sample` spans corner to corner, as it did when the weights were made
(torch before 1.3; without this, the pictures shift by up to half a pixel at every warp).
"""

import functools
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

STRIDE = 3  # frames, opt.t_stride


def open_net(clone: Path, stand_ins: Path, *, double: bool, height: int, width: int) -> Any:
    """Return its network in evaluation mode, as it is for 512 (`double`) or 256 pixels, but for pictures of this size.

    It keeps the sizes that it enlarges to, all of them squares; nothing else in it knows of them.
    """
    sys.path[:0] = [str(clone), str(stand_ins)]
    ours = import_module("standins")
    for path, kind in (("models.correlation_package", "Correlation"), ("lib.resample2d_package", "Resample2d")):
        module = types.ModuleType(f"{path}.{kind.lower()}")
        setattr(module, kind, getattr(ours, kind))
        sys.modules[module.__name__] = module
    torch.Tensor.cuda = torch.nn.Module.cuda = lambda self, *_: self  # type: ignore[assignment, method-assign]
    functional.grid_sample = functools.partial(functional.grid_sample, align_corners=True)
    options = types.SimpleNamespace(crop_size=512, double_size=double, search_range=4, batch_norm=False)
    options.prev_warp, options.loss_on_raw = True, False
    net = import_module("models.vinet").VINet_final(opt=options).eval()
    decoder, half = net.decoder, 2 if double else 1
    for layer, shrunk in ((decoder.dc1_1, 4), (decoder.dc2_2, 2), (decoder.dc4, 1)):
        layer.conv[0].size = (1, height // shrunk // half, width // shrunk // half)
    if double:
        decoder.upsample.size = (1, height, width)
    return net


def fill(net: Any, weights: Mapping[str, Tensor]) -> Any:
    """Return the network with these weights, all of which and no others it must have."""
    net.load_state_dict(weights)
    return net


def play(net: Any, pictures: Sequence[Tensor], masks: Sequence[Tensor]) -> Iterator[Tensor]:
    """Yield its answers to (1, 3, H, W) pictures of [-1, 1] with (1, 1, H, W) masks, 1 in the hole, in order.

    This is what demo_vi.py does with a clip that it has put a beginning before.
    """
    hidden = [picture * (1 - mask) for picture, mask in zip(pictures, masks, strict=True)]
    last = len(pictures) - 1
    answer = None
    for t, mask in enumerate(masks):
        places = [last - abs(last - abs(t + step * STRIDE)) for step in (-2, -1, 0, 1, 2)]
        row, row_masks = (torch.stack([items[place] for place in places], dim=2) for items in (hidden, masks))
        seen, hole = (
            (hidden[0], mask) if answer is None else (answer, masks[t - 1] * (0.5 if net.opt.double_size else 0))
        )
        feed = torch.cat((seen, torch.ones_like(mask), hole), dim=1)
        answer = net(row, row_masks, None, feed, t)[0].squeeze(2)
        yield answer
