"""Clean frames in, packets of H.264 or HEVC out, each at once and able to be joined at every keyframe.

No B-frames and no look-ahead: a frame's packet comes out when the frame goes in. A keyframe is asked for by the clock
of the stream, so that segments of the same length can be cut of a stream whose rate is only guessed. Every keyframe
carries its parameter sets, for those who come in there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from typing import Final

import av
import numpy as np
from av.video.frame import PictureType
from av.video.stream import VideoStream

from stages.decode.names import reason
from stages.decode.side import side_stream
from stages.encode.choice import Choice, choose, configure
from stages.encode.config import EncodeConfig
from stages.encode.containers import CONTAINERS
from stages.encode.live.config import LiveConfig
from stages.encode.pictures import picture
from stages.errors import OptionError, SinkError
from transport.messages import Frame, Packet, SideStream, StreamInfo

_SHORTEST_GOP_S, _LONGEST_GOP_S = 0.1, 10.0
_X265: Final = "log-level=none:open-gop=0:bframes=0:rc-lookahead=0:scenecut=0:repeat-headers=0"
_NVENC: Final = {"tune": "ull", "zerolatency": "1", "delay": "0", "bf": "0", "rc-lookahead": "0", "no-scenecut": "1"}
_AT_ONCE: Final[dict[str, dict[str, str]]] = {  # by encoder: what keeps it from holding frames back
    "libx264": {"tune": "zerolatency", "rc-lookahead": "0", "bf": "0", "sc_threshold": "0"},
    "libx265": {"tune": "zerolatency", "x265-params": _X265},
    "h264_nvenc": _NVENC,
    "hevc_nvenc": _NVENC,
}
_NEVER: Final = "1000000"  # frames from one keyframe to the next, if it were the encoder's own choice
_CODECS: Final = ("h264", "hevc", "h265", "nvenc", *_AT_ONCE)


class Coder:
    """An open encoder; `info` describes what comes out of it, and the sound that goes beside it."""

    def __init__(self, info: StreamInfo, config: LiveConfig) -> None:
        check_codec(config)
        wish = EncodeConfig(codec=config.codec, crf=config.crf, preset=config.preset)
        choice = choose(info, CONTAINERS[".ts"], wish)  # what every place for live video can hold
        self._choice = replace(choice, options=_options(choice, config))
        self._gop = Fraction(config.gop_s).limit_denominator(1000)
        self._tick = Fraction(*info.time_base)
        self._due: Fraction | None = None  # seconds, of the next keyframe
        self._last: int | None = None  # pts
        self._stream = self._open(info)
        sounds = tuple(side for side in info.sides if side.kind == "audio")
        self.info = replace(info, sides=(self._described(info), *sounds), attachments=(), chapters=())

    def encode(self, frame: Frame) -> Iterator[Packet]:
        """Yield what comes out when a frame goes in: with these encoders its packet."""
        if self._last is not None and frame.pts <= self._last:
            raise ValueError(f"frame {frame.seq} at {frame.pts} does not follow {self._last}")
        image = picture(frame, self._choice.pixel_format)
        image.pict_type = PictureType.I if self._key_is_due(frame.pts * self._tick) else PictureType.NONE
        image.pts, image.time_base, self._last = frame.pts, self._tick, frame.pts
        yield from self._packets(self._stream.encode(image), frame.duration)

    def flush(self) -> Iterator[Packet]:
        """Yield what is left in the encoder."""
        yield from self._packets(self._stream.encode(None), 0)

    def _key_is_due(self, now: Fraction) -> bool:
        """Tell whether a frame at `now` seconds is to be a keyframe: one in every stretch of a group's length."""
        due = now if self._due is None else self._due
        if now < due:
            return False
        self._due = now + self._gop - (now - due) % self._gop
        return True

    def _open(self, info: StreamInfo) -> VideoStream:
        # A container that is never filled: it makes the encoder put its parameter sets where muxers look for them.
        stream = av.open(BytesIO(), "w", format="nut").add_stream(self._choice.encoder.name, rate=self._choice.rate)
        assert isinstance(stream, VideoStream)
        configure(stream.codec_context, self._choice, info.format)
        stream.codec_context.thread_type = "SLICE"  # threads that share a frame; others would hold one each
        try:
            stream.container.start_encoding()  # type: ignore[attr-defined]
        except (av.error.FFmpegError, ValueError) as error:
            raise SinkError(f"{self._choice.encoder.name} does not open for a live stream: {reason(error)}") from error
        return stream

    def _described(self, info: StreamInfo) -> SideStream:
        side = side_stream(self._stream)
        assert side is not None, "nut holds H.264 and HEVC as the encoders give them"
        taken = {other.index for other in info.sides}
        free = next(index for index in range(len(taken) + 1) if index not in taken)
        return replace(side, index=free, time_base=info.time_base, kind="video")

    def _packets(self, packets: "Iterable[av.Packet[VideoStream]]", duration: int) -> Iterator[Packet]:
        try:
            for packet in packets:
                yield self._message(packet, duration)
        except av.error.FFmpegError as error:
            raise SinkError(f"{self._choice.encoder.name} failed at {self._last}: {reason(error)}") from error

    def _message(self, packet: "av.Packet[VideoStream]", duration: int) -> Packet:
        sets = bytes(self._stream.codec_context.extradata or b"") if packet.is_keyframe else b""
        return Packet(
            index=self.info.sides[0].index,
            pts=packet.pts,
            dts=packet.dts,
            duration=duration,
            time_base=self.info.time_base,
            key=packet.is_keyframe,
            discard=False,
            data=np.frombuffer(sets + bytes(packet), np.uint8),
            side_data={},
        )


def check_codec(config: LiveConfig) -> None:
    """Raise OptionError for what no live stream could be encoded with."""
    if config.codec not in _CODECS:
        raise OptionError(f"codec {config.codec} cannot be sent live; h264, hevc, nvenc or hevc_nvenc would do")
    if not _SHORTEST_GOP_S <= config.gop_s <= _LONGEST_GOP_S:
        found = f"{config.gop_s:g} s from keyframe to keyframe"
        raise OptionError(f"{found} cannot be used: {_SHORTEST_GOP_S:g} to {_LONGEST_GOP_S:g} expected")
    if config.most_bits < 0:
        raise OptionError(f"{config.most_bits} bits a second are none; 0 for no bound, or more expected")


def _options(choice: Choice, config: LiveConfig) -> dict[str, str]:
    """Return FFmpeg's options: nothing held back, and keyframes only where they are asked for."""
    options = dict(choice.options) | _AT_ONCE[choice.encoder.name] | {"g": _NEVER}
    if config.most_bits:
        options |= {"maxrate": str(config.most_bits), "bufsize": str(config.most_bits)}
    return options
