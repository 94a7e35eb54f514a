"""The last stage of a live stream: clean frames and sound in at a constant rate, one encoding out to every output."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from stages.encode.composite import composited
from stages.encode.live.coder import Coder
from stages.encode.live.config import LiveConfig
from stages.encode.live.output import Output
from stages.errors import SinkError
from transport.messages import CleanFrame, Frame, Packet, PictureFormat, StreamInfo, Written

END_S: Final = 5.0  # that all outputs together have to send what they were given, when the stream ends


def broadcast(
    messages: Iterable[StreamInfo | Packet | CleanFrame], outputs: Sequence[Output], config: LiveConfig
) -> Iterator[Written]:
    """Yield how many frames were encoded after each.

    `messages` begin with one StreamInfo; then CleanFrames come at a constant rate, their pts rising, and Packets among
    them. What is durable is what was handed out: a live stream cannot be sent again. OptionError or SinkError if there
    is no encoder for it; whatever happens to an output is that output's own business.
    """
    stream = iter(messages)
    info = next(stream, None)
    if not isinstance(info, StreamInfo):
        raise ValueError(f"a stream begins with a StreamInfo, {type(info).__name__} found")
    coder = Coder(info, config)
    try:
        for output in outputs:
            output.begin(coder.info)
        yield from _play(stream, info.format, coder, outputs)
        _put(coder.flush(), outputs)
    finally:
        for output in outputs:
            output.end()
        deadline = time.monotonic() + END_S
        for output in outputs:
            output.join(deadline)


def _play(
    stream: Iterator[StreamInfo | Packet | CleanFrame], picture: PictureFormat, coder: Coder, outputs: Sequence[Output]
) -> Iterator[Written]:
    sounds = {side.index for side in coder.info.sides[1:]}
    frames = 0
    for item in stream:
        if isinstance(item, Packet):
            _put((item,) if item.index in sounds else (), outputs)
            continue
        _put(coder.encode(_picture(item, picture)), outputs)
        frames += 1
        yield Written(frames=frames, durable=frames)


def _put(packets: Iterable[Packet], outputs: Sequence[Output]) -> None:
    for packet in packets:
        for output in outputs:
            output.put(packet)


def _picture(item: StreamInfo | CleanFrame, expected: PictureFormat) -> Frame:
    """Return the clean picture, after making sure that it is one of this stream."""
    if not isinstance(item, CleanFrame):
        raise ValueError(f"{type(item).__name__} in the midst of a stream, a CleanFrame or Packet expected")
    if (found := item.frame.format) != expected:
        raise SinkError(f"frame {item.frame.seq} is {found}, the stream began as {expected}")
    return composited(item)
