"""The source and the user's wishes in, an encoder and a pixel format out: the nearest to the source that do open."""

import logging
import os
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import av

from stages.decode.names import reason as why
from stages.encode.codecs import AUTO, ENCODERS, GOP_S, H264, LOSSLESS, Encoder, encoders, settings
from stages.encode.config import EncodeConfig
from stages.encode.containers import Container
from stages.encode.pictures import has_alpha, neighbours
from stages.errors import OptionError, SinkError, StageError
from transport.messages import PictureFormat, StreamInfo

log = logging.getLogger(__name__)

_MPEG_RATES = tuple(Fraction(n, 1001) for n in (24000, 30000, 60000)) + tuple(map(Fraction, (24, 25, 30, 50, 60)))
_NO_RATE = Fraction(25)
# Where the shape of the pixels is written down: the stream itself, or the file. (FFmpeg's Matroska takes it from a
# field of the stream that PyAV does not set.)
_STATE_ASPECT = (
    "mp4",
    "mov",
    "libx264",
    "libx264rgb",
    "libx265",
    "mpeg4",
    "mpeg2video",
    "mjpeg",
    "h264_nvenc",
    "hevc_nvenc",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How the video is going to be encoded."""

    encoder: Encoder
    pixel_format: str
    options: dict[str, str]  # FFmpeg's
    rate: Fraction  # frames per second, as stated in headers
    time_base: Fraction  # of the encoder's clock


def choose(info: StreamInfo, container: Container, config: EncodeConfig) -> Choice:
    """Return the first encoder that opens for the source; OptionError or SinkError if none does."""
    holds = held_by(container)
    reasons: list[str] = []
    for encoder in _wanted(info, container, config):
        if encoder.name not in holds:
            reasons.append(f"{container.format} cannot hold {encoder.name}")
            continue
        for choice in _choices(info, config, encoder):
            if (reason := _refusal(choice, info.format)) is None:
                _explain(choice, info, container)
                return choice
            reasons.append(reason)
        if not _formats(encoder, info.format.pixel_format):
            reasons.append(f"{encoder.name} cannot hold {info.format.pixel_format} without loss")
    raise _failure(info, container, config, reasons)


def held_by(container: Container) -> frozenset[str]:
    """Return the names of the encoders whose output a container can hold."""
    if container.encoders:
        return frozenset(container.encoders)
    with av.open(BytesIO(), "w", format=container.format) as probe:
        return frozenset(probe.supported_codecs)


def _wanted(info: StreamInfo, container: Container, config: EncodeConfig) -> tuple[Encoder, ...]:
    """Return the encoders to try, best first: the user's, or the source's family and what the container is used to."""
    if config.codec != AUTO:
        return encoders(config.codec)
    images = info.container.startswith("image2")
    family = () if images else encoders(info.codec)
    lossless = ("ffv1",) if info.codec in LOSSLESS and not images else ()
    usual = (container.encoder, *H264, "libvpx-vp9", "libx265", "ffv1")
    names = dict.fromkeys((*(row.name for row in family), *lossless, *usual))
    return tuple(row for name in names for row in encoders(name))


def _choices(info: StreamInfo, config: EncodeConfig, encoder: Encoder) -> list[Choice]:
    rate = _rate(info, encoder)
    base = 1 / rate if encoder.steady else Fraction(*info.time_base)
    choices = []
    for pixel_format in _formats(encoder, info.format.pixel_format):
        options = settings(encoder, config, pixel_format)
        options["g"] = "1" if encoder.intra else str(max(1, round(rate * GOP_S)))
        choices.append(Choice(encoder=encoder, pixel_format=pixel_format, options=options, rate=rate, time_base=base))
    return choices


def _rate(info: StreamInfo, encoder: Encoder) -> Fraction:
    number, seconds = info.frame_rate
    rate = Fraction(number, seconds).limit_denominator(1001) if number and seconds else _NO_RATE
    if encoder.name in ("mpeg1video", "mpeg2video"):
        return min(_MPEG_RATES, key=lambda allowed: abs(allowed - rate))
    return rate


def _formats(encoder: Encoder, source: str) -> tuple[str, ...]:
    formats = av.codec.Codec(encoder.name, "w").video_formats
    return neighbours(source, tuple(format.name for format in formats)) if formats else (source,)


def _refusal(choice: Choice, picture: PictureFormat) -> str | None:
    """Open the encoder for a moment; return why it does not, None if it does."""
    context = av.CodecContext.create(choice.encoder.name, "w")
    assert isinstance(context, av.VideoCodecContext)
    configure(context, choice, picture)
    try:
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        size = f"{picture.width}x{picture.height}"
        return f"{choice.encoder.name} does not open for {size} {choice.pixel_format} ({why(error)})"
    return None


def configure(context: av.VideoCodecContext, choice: Choice, picture: PictureFormat) -> None:
    """Tell an encoder that is not open yet everything about its pictures."""
    context.width, context.height, context.pix_fmt = picture.width, picture.height, choice.pixel_format
    context.time_base, context.framerate = choice.time_base, choice.rate
    context.color_range, context.colorspace = picture.color_range, picture.matrix
    context.color_primaries, context.color_trc = picture.primaries, picture.transfer
    if picture.sample_aspect[0]:
        context.sample_aspect_ratio = Fraction(*picture.sample_aspect)
    context.thread_type = "AUTO"
    if choice.encoder.name == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only: it has no other way not to talk on stderr
    context.options = dict(choice.options)


def _explain(choice: Choice, info: StreamInfo, container: Container) -> None:
    """Log what differs from the source."""
    stated = container.format in _STATE_ASPECT or choice.encoder.name in _STATE_ASPECT
    if info.format.sample_aspect not in ((0, 1), (1, 1)) and not stated:
        aspect = "{}:{}".format(*info.format.sample_aspect)
        log.warning("the pixels' shape, %s, cannot be stated: %s in .mp4 would", aspect, choice.encoder.name)
    if choice.pixel_format != info.format.pixel_format:
        log.info("encoding %s as %s with %s", info.format.pixel_format, choice.pixel_format, choice.encoder.name)
    if has_alpha(info.format.pixel_format) and not has_alpha(choice.pixel_format):
        log.warning("%s cannot hold the source's transparency, which is left out", choice.encoder.name)
    if choice.encoder.name not in {row.name for row in encoders(info.codec)}:
        log.info("the source is %s, the output is encoded with %s", info.codec, choice.encoder.name)


def _failure(info: StreamInfo, container: Container, config: EncodeConfig, reasons: list[str]) -> StageError:
    wish = config.codec if config.codec != AUTO else info.codec
    reason = reasons[-1] if reasons else "there is no such encoder"
    if "nvenc" in wish and "does not open" in reason:
        return SinkError(f"codec {wish} needs an NVIDIA GPU with an encoder: {reason}; {_advice(info, container)}")
    return OptionError(f"codec {wish} cannot be used: {reason}; {_advice(info, container)}")


def _advice(info: StreamInfo, container: Container) -> str:
    """Return which encoders of the table would do for this source in this container."""
    holds, plain = held_by(container), EncodeConfig()
    good = []
    for encoder in ENCODERS:
        choices = _choices(info, plain, encoder) if encoder.name in holds else []
        if "nvenc" not in encoder.name and any(_refusal(choice, info.format) is None for choice in choices):
            good.append(encoder.name)
    return f"{', '.join(good)} would do" if good else "another container, such as .mkv, would do"
