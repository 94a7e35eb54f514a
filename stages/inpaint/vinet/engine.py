"""The engine: a part of the picture around the hole, frame by frame, each answer seen again with the next frame."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from stages.errors import ModelError
from stages.inpaint.engine import Picture
from stages.inpaint.region import Region, cut_out, put_back
from stages.inpaint.vinet.region import region_for, serves
from stages.inpaint.vinet.shown import colours_of, show, tensor_of
from stages.inpaint.window import mirror
from stages.nets.vinet.net import REFERENCES, VINet
from stages.nets.vinet.stream import SPAN, Shown, Stream
from stages.pixels import Pixels


class Vinet:
    """Fills the holes of one shot.

    Where a shot begins, its first SPAN frames are filled backwards before: the network wants an answer of its own to
    go on from. Of the original, which begins 30 frames later, this is as much as a stream can wait for.
    """

    def __init__(self, net: VINet, *, look_ahead: int, longest: int) -> None:
        """Look so many frames ahead, and show the network so many pixels along a side at most."""
        self._net = net
        self._device = net.decoder.dc6.weight.device
        self._ahead = look_ahead
        self._longest = longest
        self._region: Region | None = None
        self._stream = Stream(net)

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the pixels of the mask's box of the frame at offset 0."""
        now = window[SPAN]
        region = self._look_at(window)
        last = self._stream.last
        if window[SPAN - 1].seq == now.seq - 1 and window[SPAN - 1].mask.empty:  # nothing was asked to be filled
            self._stream.last = self._show(window[SPAN - 1])
        elif last is None and now.emit:
            self._begin(window[SPAN:])
        colours = colours_of(self._fill(now, [window[SPAN + self._step(step)] for step in REFERENCES]))
        return put_back(colours, region, now.mask.box, now.format)

    def _look_at(self, window: Sequence[Picture]) -> Region:
        """Return the region of the window's frame: the one that there was, or another to which the state is moved."""
        now = window[SPAN]
        wanted = region_for(now.mask.box, now.format, self._longest)
        if self._region is not None and serves(self._region, now.mask.box, now.format, wanted):
            return self._region
        last = self._stream.last
        if last is not None and self._region is not None:
            last = self._moved(last, self._region, wanted, window[SPAN - 1])
        self._region, self._stream = wanted, Stream(self._net, last)
        return wanted

    def _moved(self, last: Shown, old: Region, new: Region, before: Picture) -> Shown:
        """Return the last answer as another region shows it, and around it the picture that it was made of."""
        size = new.width, new.height
        answer = tensor_of(cut_out(colours_of(last.colours), old, new.box, size), self._device)
        if before.seq != last.time:
            return replace(last, colours=answer, hole=torch.zeros_like(answer[:, :1]))
        seen = show(before, new, self._device)
        return replace(seen, colours=torch.where(seen.hole > 0, answer, seen.colours))

    def _begin(self, ahead: Sequence[Picture]) -> None:
        """Fill the first frames backwards; what lies before the first is mirrored."""
        for place in range(len(ahead) - 1, 0, -1):
            self._fill(ahead[place], [ahead[mirror(place + step, len(ahead))] for step in REFERENCES])

    def _fill(self, picture: Picture, around: Sequence[Picture]) -> torch.Tensor:
        pictures = {each.seq: each for each in (picture, *around)}
        made = self._stream.fill(
            self._show(picture), [each.seq for each in around], lambda seq: self._show(pictures[seq])
        )
        if not made.isfinite().all():
            raise ModelError(f"VINet makes no picture of frame {picture.seq} but infinities: its weights are no good")
        return made

    def _show(self, picture: Picture) -> Shown:
        assert self._region is not None
        return show(picture, self._region, self._device)

    def _step(self, step: int) -> int:
        """Return where a reference is; one that the stream cannot wait for is mirrored, as at the end of a clip."""
        return step if step <= self._ahead else 2 * self._ahead - step
