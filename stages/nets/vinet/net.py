"""The whole of VINet for one frame: features of the pictures around it in, the frame without its hole out."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.nets.vinet.coder import CHANNELS, Bottleneck, Decoder, Encoder, Features, Seen
from stages.nets.vinet.flow import FlowNet, MaskNet, enlarged, moved
from stages.nets.vinet.gated import gated_flat

STRIDE = 32  # sides of a picture are multiples of it
REFERENCES = (-6, -3, 3, 6)  # frames relative to the one that is filled


class VINet(nn.Module):
    """Features of a frame, of those around it and of the last answer -> (B, 3, H, W), about [-1, 1].

    `double` is how the weights for 512 pixels were trained: as those for 256, on pictures of half the size. Other sizes
    than squares are as good, since nothing in the weights knows of them.
    """

    def __init__(self, *, double: bool) -> None:
        super().__init__()
        coarse, middle, fine, finest = CHANNELS
        self.is_double = double
        self.encoder1 = Encoder(double=double)
        self.encoder2 = Encoder(double=double)
        self.bottleneck = Bottleneck()
        self.convlstm = Recall(coarse)
        self.decoder = Decoder(double=double)
        self.flownet = FlowNet(coarse, refines=False)
        self.flownet_64 = FlowNet(middle, refines=True)
        self.flownet_128 = FlowNet(fine, refines=True)
        self.flownet_256 = FlowNet(finest, refines=True)  # at the double size its answer is never used
        self.masknet_256 = MaskNet(finest)
        self.masknet = MaskNet(coarse)
        self.masknet_64 = MaskNet(middle)
        self.masknet_128 = MaskNet(fine)
        self.st_agg = Gather(coarse)
        self.st_agg_64 = Gather(middle)
        self.st_agg_128 = Gather(fine)

    def look(self, picture: Tensor) -> Seen:
        """Look at the frame that is to be filled, (B, 5, H, W)."""
        seen: Seen = self.encoder1(picture)
        return seen

    def look_around(self, picture: Tensor) -> Seen:
        """Look at a reference frame, or at the last answer, (B, 5, H, W)."""
        seen: Seen = self.encoder2(picture)
        return seen

    def forward(self, target: Seen, references: Sequence[Features], last: Seen, answer: Tensor | None) -> Tensor:
        """Fill a frame, given what is seen of it, of the REFERENCES and of the last answer.

        `answer` is that answer itself, (B, 3, H, W): what both agree in is taken over as it is. None: there is none.
        """
        own = target.features
        others = Features(
            *(torch.cat(size) for size in zip(*references, last.features, strict=True))
        )  # (5 B, ...) each
        flow = self.flownet(own.coarse, others.coarse)  # (5 B, 2, h, w)
        coarse = _merge(own.coarse, moved(others.coarse, flow), self.st_agg, self.masknet)

        flow = _refine(self.flownet_64, own.middle, others.middle, flow)
        middle = _merge(own.middle, moved(others.middle, flow), self.st_agg_64, self.masknet_64)

        flow = _refine(self.flownet_128, own.fine, others.fine, flow)
        fine = _merge(own.fine, moved(others.fine, flow), self.st_agg_128, self.masknet_128)

        recalled = self.convlstm(self.bottleneck(torch.cat((own.coarse, coarse), dim=1)))
        made: Tensor = self.decoder(recalled, middle, fine).float()
        if answer is None:
            return made
        return self._take_over(made, answer, target.finest, last.finest, flow[-len(made) :])

    def _take_over(self, made: Tensor, answer: Tensor, target: Tensor, last: Tensor, flow: Tensor) -> Tensor:
        """Blend with the last answer, moved along the (B, 2, H / 2s, W / 2s) flow, where both see the same."""
        wide = enlarged(flow, 2) * 2
        last = moved(last, wide, "border")
        trust = self.masknet_256((target - last).abs()).float()  # (B, 1, H / s, W / s)
        if self.is_double:
            trust = functional.interpolate(trust, scale_factor=2, mode="nearest")
            wide = enlarged(flow, 4) * 4
        else:
            wide = self.flownet_256(target, last, wide) + wide
        blended: Tensor = (1 - trust) * made + trust * moved(answer, wide, "border")
        return blended


class Gather(nn.Module):
    """Gathers the features of the references and of the last answer: (B, 5 C, h, w) -> (B, C, h, w)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stAgg = gated_flat(channels, channels, row=len(REFERENCES) + 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stAgg(x)
        return out


class Recall(nn.Module):
    """The LSTM (S. Hochreiter and J. Schmidhuber, 1997) of which the authors left the memory empty at every frame.

    (B, C, h, w) -> (B, C, h, w). So what it remembers is never multiplied with anything but zero, and left out here.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.Gates = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        enter, leave, cell = self._gates(x).chunk(3, dim=1)
        return torch.sigmoid(leave) * torch.tanh(torch.sigmoid(enter) * torch.tanh(cell))

    def _gates(self, x: Tensor) -> Tensor:
        """Convolve with what enters, what leaves and what is new: the second of the four gates is what is kept."""
        weight, bias = (
            torch.unflatten(tensor, 0, (4, -1))[[0, 2, 3]].flatten(0, 1) for tensor in self.Gates.parameters()
        )
        return functional.conv2d(x, weight[:, : x.shape[1]], bias, padding=1)


def _refine(net: nn.Module, target: Tensor, others: Tensor, flow: Tensor) -> Tensor:
    """Return the flow at twice the size: (5 B, 2, h, w) -> (5 B, 2, 2 h, 2 w)."""
    flow = enlarged(flow, 2) * 2
    refined: Tensor = net(target, moved(others, flow), flow) + flow
    return refined


def _merge(target: Tensor, others: Tensor, gather: nn.Module, trust: nn.Module) -> Tensor:
    """Blend (B, C, h, w) with what is gathered from the (5 B, C, h, w) others, where that is to be believed."""
    gathered: Tensor = gather(torch.cat(torch.split(others, len(target)), dim=1))
    weight = trust((target - gathered).abs())
    merged: Tensor = (1 - weight) * target + weight * gathered
    return merged
