"""Tiny synthetic videos whose right answer is known: every sample follows from its place and the frame's number.

`planes` computes what a lossless file must decode to; `number` reads the frame's number back out of its pixels, lossy
or not, so that order, loss and repetition can be proven.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from stages.pixels import layout, luma, plane_shapes
from transport.messages import Chapter, Frame, PictureFormat, Plane

BITS = 16  # of the number in the picture: two rows of eight bars
BAR_ROWS = 8  # pixels
AUDIO_RATE = 48000
SUBTITLES = "1\n00:00:00,000 --> 00:00:00,200\nfirst\n\n2\n00:00:00,200 --> 00:00:00,400\nsecond\n\n"
OPTIONS = {  # lossless where the codec can be, and then `planes` is the right answer
    "libx264": {"crf": "16", "preset": "veryfast", "bf": "2", "g": "12"},
    "libx264rgb": {"qp": "0", "preset": "ultrafast"},
    "libx265": {"crf": "16", "preset": "ultrafast", "x265-params": "log-level=none"},
    "mpeg4": {"qscale": "2"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a synthetic file is made of."""

    width: int = 64
    height: int = 48
    frames: int = 13
    pixel_format: str = "yuv420p"
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)  # of the encoder, over OPTIONS
    fps: int = 25
    pts: tuple[int, ...] | None = None  # ticks of time_base, one for every frame; None: constant rate
    time_base: Fraction | None = None  # None: 1/fps
    rotation: int = 0  # degrees counter-clockwise
    sample_aspect: Fraction | None = None
    color: tuple[int, int, int, int] | None = None  # range, matrix, primaries, transfer
    audio: tuple[str, ...] = ()  # codecs: aac, libopus, pcm_s16le, ...; one sine each, as long as the video
    subtitles: tuple[str, ...] = ()  # codecs: subrip, mov_text
    chapters: tuple[Chapter, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)
    first: int = 0  # the number in the first frame's pixels

    @property
    def format(self) -> PictureFormat:
        """The picture's format, as far as `planes` needs it."""
        return PictureFormat(width=self.width, height=self.height, pixel_format=self.pixel_format)

    @property
    def ticks(self) -> tuple[Fraction, tuple[int, ...]]:
        """The time base and the pts of every frame."""
        base = self.time_base or Fraction(1, self.fps)
        return base, self.pts or tuple(int(seq / (self.fps * base)) for seq in range(self.frames))


def make(path: Path, clip: Clip) -> Path:
    """Write the clip; the container follows from the path's suffix."""
    with av.open(str(path), "w", options=clip.container_options) as output:
        output.metadata.update(clip.metadata)
        video = video_stream(output, clip)
        sounds = [_audio_stream(output, codec) for codec in clip.audio]
        texts = [_subtitle_stream(output, codec) for codec in clip.subtitles]
        if clip.chapters:
            output.set_chapters([_chapter(chapter) for chapter in clip.chapters])
        packets = [video_packets(video, clip), *(_audio_packets(sound, clip, i) for i, sound in enumerate(sounds))]
        packets += [_subtitle_packets(*text) for text in zip(texts, clip.subtitles, strict=True)]
        for packet in _interleaved(packets):
            output.mux(packet)
    return path


def make_folder(path: Path, clip: Clip, names: Iterable[str]) -> Path:
    """Write the frames of a clip as images, one for every name; the clip's codec is that of the images."""
    path.mkdir()
    for seq, name in enumerate(names):
        context = av.CodecContext.create(clip.codec, "w")
        context.width, context.height, context.pix_fmt = clip.width, clip.height, clip.pixel_format
        context.time_base = Fraction(1, clip.fps)
        frame = picture(seq, clip)
        frame.pts = 0
        (path / name).write_bytes(b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)]))
    return path


def planes(seq: int, picture: PictureFormat) -> tuple[Plane, ...]:
    """Return the samples of frame `seq`: a texture that moves one pixel a frame, and the number in bars on top."""
    lay = layout(picture.pixel_format)
    result = []
    for letters, (rows, samples) in zip(lay.planes, plane_shapes(picture), strict=True):
        channels = [_texture(seq, letter, rows, samples // len(letters)) for letter in letters]
        if letters[0] not in "UV":
            for channel in channels:
                _draw_number(channel, seq)
        words = np.stack(channels, axis=2).reshape(rows, samples).astype(lay.dtype)
        if lay.bits > 8:  # the low bits vary too, so that a lost bit shows
            low = (np.arange(samples, dtype=np.uint16)[None, :] + seq) % (1 << (lay.bits - 8))
            words = ((words << (lay.bits - 8)) + low.astype(np.uint16)) << lay.up
        result.append(np.ascontiguousarray(words, lay.dtype))
    return tuple(result)


def message(seq: int, picture: PictureFormat, pts: int, duration: int = 1) -> Frame:
    """Return frame `seq` as decode would send it, for the stages that come after."""
    return Frame(seq=seq, pts=pts, duration=duration, key=seq == 0, format=picture, planes=planes(seq, picture))


def number(frame: Frame) -> int:
    """Read the number that `planes` drew, through lossy coding as well."""
    return number_in(luma(frame))


def number_in(bright: NDArray[np.uint8]) -> int:
    """Read the number out of a (height, width) picture of brightness."""
    width = bright.shape[1] // 8
    found = 0
    for bit in range(BITS):
        x, y = bit % 8 * width, bit // 8 * BAR_ROWS
        bar = bright[y + 2 : y + BAR_ROWS - 2, x + 1 : x + width - 1]
        found |= int(bar.mean() > 127) << bit
    return found


def picture(seq: int, clip: Clip) -> av.VideoFrame:
    """Return frame `seq` of the clip for an encoder, without time stamps."""
    frame = av.VideoFrame(clip.width, clip.height, clip.pixel_format)
    for plane, samples in zip(frame.planes, planes(clip.first + seq, clip.format), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        data = samples.view(np.uint8)
        rows[: data.shape[0], : data.shape[1]] = data
    return frame


def _texture(seq: int, letter: str, rows: int, columns: int) -> NDArray[np.uint16]:
    """Smooth waves, so that lossy codecs keep them, with another phase for every component."""
    phase = {"Y": 0.0, "U": 1.0, "V": 2.0, "G": 0.0, "B": 1.0, "R": 2.0}.get(letter, 3.0)
    y, x = np.mgrid[:rows, :columns]
    waves = np.sin((x + seq) / 5 + phase) + np.cos((y - seq / 2) / 7 + phase)
    return np.rint(126 + 40 * waves).astype(np.uint16)  # 46 to 206


def _draw_number(channel: NDArray[np.uint16], seq: int) -> None:
    width = channel.shape[1] // 8
    for bit in range(BITS):
        x, y = bit % 8 * width, bit // 8 * BAR_ROWS
        channel[y : y + BAR_ROWS, x : x + width] = 235 if seq >> bit & 1 else 16


def video_stream(output: av.container.OutputContainer, clip: Clip) -> av.VideoStream:
    """Add the clip's video to a container that a test makes itself."""
    stream = output.add_stream(clip.codec, rate=clip.fps, options=OPTIONS.get(clip.codec, {}) | clip.options)
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, clip.pixel_format
    stream.codec_context.time_base = stream.time_base = clip.ticks[0]
    stream.codec_context.thread_count = 1
    if clip.sample_aspect:
        stream.codec_context.sample_aspect_ratio = clip.sample_aspect
    if clip.color:
        context = stream.codec_context
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = clip.color
    if clip.rotation:
        stream.set_display_rotation(clip.rotation)
    return stream


def video_packets(stream: av.VideoStream, clip: Clip) -> Iterator[av.Packet]:
    """Yield the clip's video, encoded."""
    time_base, pts = clip.ticks
    for seq in range(clip.frames):
        frame = picture(seq, clip)
        frame.pts, frame.time_base, frame.pict_type = pts[seq], time_base, PictureType.NONE
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _audio_stream(output: av.container.OutputContainer, codec: str) -> av.AudioStream:
    return output.add_stream(codec, rate=AUDIO_RATE, layout="stereo")


def _audio_packets(stream: av.AudioStream, clip: Clip, index: int) -> Iterator[av.Packet]:
    time_base, pts = clip.ticks
    samples = int((pts[-1] * time_base + Fraction(1, clip.fps)) * AUDIO_RATE)
    tone = np.sin(np.arange(samples) * (2 * np.pi * 440 * (index + 1) / AUDIO_RATE)) * 8000
    block = 960
    for start in range(0, samples, block):
        both = np.repeat(tone[start : start + block].astype(np.int16), 2)[None, :]
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.pts, frame.sample_rate, frame.time_base = start, AUDIO_RATE, Fraction(1, AUDIO_RATE)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _subtitle_stream(output: av.container.OutputContainer, codec: str) -> av.stream.Stream:
    if codec == "subrip":
        with av.open(BytesIO(SUBTITLES.encode()), format="srt") as source:
            return output.add_stream_from_template(source.streams[0])
    return output.add_mux_stream(codec, time_base=Fraction(1, 1000))


def _subtitle_packets(stream: av.stream.Stream, codec: str) -> Iterator[av.Packet]:
    for start, text in ((0, b"first"), (200, b"second")):
        stated = len(text).to_bytes(2, "big") if codec == "mov_text" else b""
        packet = av.Packet(stated + text)
        packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 1000), True
        packet.pts = packet.dts = start
        packet.duration = 200
        yield packet


def _chapter(chapter: Chapter) -> dict[str, object]:
    base, metadata = Fraction(*chapter.time_base), chapter.metadata
    return {"id": chapter.id, "start": chapter.start, "end": chapter.end, "time_base": base, "metadata": metadata}


def _interleaved(streams: Iterable[Iterator[av.Packet]]) -> Iterator[av.Packet]:
    """Deal packets in turn; the muxer puts them in order of time."""
    waiting = list(streams)
    while waiting:
        for stream in tuple(waiting):
            packet = next(stream, None)
            if packet is None:
                waiting.remove(stream)
            else:
                yield packet
