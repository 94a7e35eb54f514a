"""Frames in, frames with masks out: what the prompts point at, found again in every frame."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from stages.segment.ahead import Ahead
from stages.segment.config import SegmentConfig
from stages.segment.finder import Finder
from stages.segment.prompts import Prompts
from transport.messages import Frame, MaskedFrame, Packet, StreamInfo


def segment(
    items: Iterable[StreamInfo | Packet | Frame], prompts: Prompts, config: SegmentConfig
) -> Iterator[StreamInfo | Packet | MaskedFrame]:
    """Yield every frame with its mask, in place; everything else passes through untouched.

    Frames come out one for one as they come in; only where an object is pointed at does the first of them wait for
    the few that show how it moves. PromptError at the first frame that a prompt does not fit, and at the end for one
    whose time never came; LostError where it was asked for. All frames before are out by then.
    """
    finder: Finder | None = None
    tick = Fraction(1)
    stream = Ahead(items)
    for item in stream:
        if isinstance(item, Frame):
            finder = finder or Finder(item.format, prompts, config, tick)
            yield finder.step(item, stream.frames)
        else:
            tick = Fraction(*item.time_base) if isinstance(item, StreamInfo) else tick
            yield item
    if finder:
        finder.finish()
