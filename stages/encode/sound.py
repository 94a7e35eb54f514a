"""Uncompressed sound: samples in, a SideStream and its Packets out, as decode would make them of a file."""

import wave
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import av
import numpy as np
from numpy.typing import NDArray

from stages.decode.side import side_stream
from transport.messages import Packet, SideStream

BYTES = 2  # of a sample: pcm_s16le


def pcm_side_stream(index: int, rate: int, channels: int) -> SideStream:
    """Return the stream that 16-bit samples at `rate` a second travel in; Packets name it by `index`."""
    memory = BytesIO()
    with wave.open(memory, "wb") as file:
        file.setparams((channels, BYTES, rate, 0, "NONE", ""))
        file.writeframes(bytes(channels * BYTES))  # FFmpeg does not open one without any
    memory.seek(0)
    with av.open(memory, format="wav") as container:
        stream = side_stream(container.streams[0])
    assert stream is not None, "every container holds pcm_s16le"
    return replace(stream, index=index)


def pcm_packets(samples: NDArray[np.int16], *, index: int, rate: int, length: int) -> Iterator[Packet]:
    """Yield (n, channels) samples as packets of `length` samples, the last one shorter."""
    for start in range(0, len(samples), length):
        part = np.ascontiguousarray(samples[start : start + length], "<i2")
        yield Packet(
            index=index,
            pts=start,
            dts=start,
            duration=len(part),
            time_base=(1, rate),
            key=True,
            discard=False,
            data=part.reshape(-1).view(np.uint8),
            side_data={},
        )
