"""A picture in, what the network is shown of it out; what the network made in, colours out. It knows blue first."""

import numpy as np
import torch

from stages.inpaint.engine import Picture
from stages.inpaint.region import Colours, Region, look
from stages.nets.vinet.stream import Shown


def show(picture: Picture, region: Region, device: torch.device) -> Shown:
    """Return a region as the network sees it."""
    colours, hole = look(picture, region)
    gone = torch.from_numpy(hole.astype(np.float32)).to(device)
    return Shown(time=picture.seq, colours=tensor_of(colours, device), hole=gone[None, None])


def tensor_of(colours: Colours, device: torch.device) -> torch.Tensor:
    """Return colours as (1, 3, h, w) blue, green, red."""
    return torch.from_numpy(np.ascontiguousarray(colours[..., ::-1])).to(device).permute(2, 0, 1)[None]


def colours_of(made: torch.Tensor) -> Colours:
    """Return what the network made, (1, 3, h, w)."""
    colours: Colours = made[0].flip(0).permute(1, 2, 0).cpu().numpy()
    return colours
