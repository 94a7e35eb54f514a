"""Which encoders there are and with which options: a table, and the names a user may call its rows by.

The defaults are values commonly held to be visually lossless (x264, x265: crf 16 to 18; MPEG-4 and its kin: qscale 2;
FFmpeg's own documentation of the others). LOOKAHEAD bounds the frames that an encoder plans with; it also holds one in
every thread it has.
"""

from dataclasses import dataclass

import av

from stages.encode.config import EncodeConfig
from stages.errors import OptionError

AUTO = "auto"
LOOKAHEAD = 16  # frames that an encoder may hold back to plan with
GOP_S = 2  # at most between two keyframes, so that a player can seek
LAMBDA = 118  # FFmpeg's FF_QP2LAMBDA, the unit of global_quality

Options = tuple[tuple[str, str], ...]

_X264_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
_NVENC_PRESETS = ("p1", "p2", "p3", "p4", "p5", "p6", "p7")
_DIGITS = tuple(str(number) for number in range(14))
_X264: Options = (("rc-lookahead", str(LOOKAHEAD)), ("forced-idr", "1"))
_X265: Options = (("forced-idr", "1"), ("x265-params", f"log-level=none:open-gop=0:rc-lookahead={LOOKAHEAD}"))
_VPX: Options = (("lag-in-frames", str(LOOKAHEAD)), ("deadline", "good"))
_NVENC: Options = (("rc", "vbr"), ("b", "0"), ("forced-idr", "1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """An encoder of FFmpeg's and what it is opened with."""

    name: str
    quality: str = ""  # the option that crf sets; "" where there is none
    default: int = 0  # its visually lossless value
    best: int = 0  # its range
    worst: int = 0
    presets: tuple[str, ...] = ()
    preset: str = ""
    preset_option: str = "preset"
    options: Options = ()
    profiles: Options = ()  # (start of a pixel format's name, profile for it)
    intra: bool = False  # every picture stands for itself
    steady: bool = False  # its clock cannot tick at will: it is fed with frame numbers, without B-frames


def _qscale(name: str, *more: tuple[str, str]) -> Encoder:
    return Encoder(name=name, quality="qscale", default=2, best=1, worst=31, steady=True, options=(("bf", "0"), *more))


def _nvenc(name: str) -> Encoder:
    presets = _NVENC_PRESETS
    return Encoder(name=name, quality="cq", default=18, best=1, worst=51, presets=presets, preset="p5", options=_NVENC)


ENCODERS = (
    Encoder(
        name="libx264", quality="crf", default=16, worst=51, presets=_X264_PRESETS, preset="veryfast", options=_X264
    ),
    Encoder(
        name="libx264rgb", quality="crf", default=16, worst=51, presets=_X264_PRESETS, preset="veryfast", options=_X264
    ),
    Encoder(
        name="libx265", quality="crf", default=16, worst=51, presets=_X264_PRESETS, preset="veryfast", options=_X265
    ),
    Encoder(
        name="libsvtav1",
        quality="crf",
        default=18,
        best=1,
        worst=63,
        presets=_DIGITS,
        preset="8",
        options=(("svtav1-params", f"lookahead={LOOKAHEAD}"),),
    ),
    Encoder(
        name="libvpx-vp9",
        quality="crf",
        default=12,
        worst=63,
        presets=_DIGITS[:9],
        preset="4",
        preset_option="cpu-used",
        options=(("b", "0"), ("row-mt", "1"), *_VPX),
    ),
    Encoder(
        name="libvpx",
        quality="crf",
        default=4,
        best=4,
        worst=63,
        presets=_DIGITS[:9],
        preset="2",
        preset_option="cpu-used",
        options=(("b", "200M"), *_VPX),  # crf is a bound here, and the rate must not be what limits
    ),
    _qscale("mpeg4"),
    _qscale("mpeg2video"),
    _qscale("mpeg1video"),
    Encoder(
        name="mjpeg",
        quality="qscale",
        default=2,
        best=1,
        worst=31,
        intra=True,
        options=(("strict", "unofficial"),),  # limited range, which JFIF does not know
    ),
    Encoder(name="prores_ks", intra=True, options=(("vendor", "apl0"),), profiles=(("yuv422", "hq"), ("yuv", "4444"))),
    Encoder(
        name="dnxhd",
        intra=True,
        profiles=(("yuv422p10", "dnxhr_hqx"), ("yuv422p", "dnxhr_hq"), ("", "dnxhr_444")),
    ),
    Encoder(name="ffv1", intra=True, options=(("level", "3"), ("slicecrc", "1"))),
    Encoder(name="png", intra=True),
    Encoder(name="rawvideo", intra=True),
    Encoder(name="huffyuv", intra=True),
    Encoder(name="ffvhuff", intra=True),
    Encoder(name="utvideo", intra=True),
    _nvenc("h264_nvenc"),
    _nvenc("hevc_nvenc"),
    _nvenc("av1_nvenc"),
)
H264 = ("libx264", "libx264rgb")
LOSSLESS = ("ffv1", "png", "rawvideo", "huffyuv", "ffvhuff", "utvideo", "qtrle", "gif", "bmp", "v210", "magicyuv")
NAMES = {
    "h264": H264,
    "hevc": ("libx265",),
    "h265": ("libx265",),
    "av1": ("libsvtav1",),
    "vp9": ("libvpx-vp9",),
    "vp8": ("libvpx",),
    "prores": ("prores_ks",),
    "huffyuv": ("huffyuv", "ffvhuff"),
    "nvenc": ("h264_nvenc",),
}
FRIENDLY = "h264, hevc, av1, vp9, vp8, mpeg4, mjpeg, prores, dnxhd, ffv1, utvideo or nvenc"
_BY_NAME = {encoder.name: encoder for encoder in ENCODERS}
INTRA = frozenset(encoder.name for encoder in ENCODERS if encoder.intra) | {"prores", "gif", "jpeg2000", "bmp", "tiff"}


def encoders(name: str) -> tuple[Encoder, ...]:
    """Return what a name of the user's, or of a source's codec, may stand for, best first; empty if nothing."""
    found = tuple(_BY_NAME[row] for row in NAMES.get(name, (name,)) if row in _BY_NAME)
    return found or ((Encoder(name=name),) if _is_encoder(name) else ())


def check_codec(config: EncodeConfig) -> None:
    """Raise OptionError for a codec, crf or preset that no source could be encoded with."""
    if config.codec == AUTO:
        return
    rows = encoders(config.codec)
    if not rows:
        raise OptionError(f"there is no encoder {config.codec}; {FRIENDLY} would do, or another of FFmpeg's names")
    for row in rows:
        settings(row, config, "")


def settings(encoder: Encoder, config: EncodeConfig, pixel_format: str) -> dict[str, str]:
    """Return FFmpeg's options for an encoder; OptionError for a crf or preset that it does not have."""
    options = dict(encoder.options)
    if preset := _preset(encoder, config):
        options[encoder.preset_option] = preset
    quality = str(_quality(encoder, config))
    if encoder.quality == "qscale":
        options |= {"flags": "+qscale", "global_quality": str(int(quality) * LAMBDA)}
    elif encoder.quality:
        options[encoder.quality] = quality
    profile = next((profile for start, profile in encoder.profiles if pixel_format.startswith(start)), "")
    return options | ({"profile": profile} if profile else {})


def _preset(encoder: Encoder, config: EncodeConfig) -> str:
    if config.preset is None:
        return encoder.preset
    if config.preset in encoder.presets:
        return config.preset
    known = f"one of {', '.join(encoder.presets)} would do" if encoder.presets else "it has none"
    raise OptionError(f"preset {config.preset} cannot be used with {encoder.name}: {known}")


def _quality(encoder: Encoder, config: EncodeConfig) -> int:
    if config.crf is None:
        return encoder.default
    if not encoder.quality:
        raise OptionError(f"crf {config.crf} cannot be used with {encoder.name}, which has no such setting")
    if not encoder.best <= config.crf <= encoder.worst:
        raise OptionError(
            f"crf {config.crf} cannot be used with {encoder.name}: {encoder.best} (best) to {encoder.worst} expected"
        )
    return config.crf


def _is_encoder(name: str) -> bool:
    try:
        return av.codec.Codec(name, "w").type == "video"
    except (av.error.FFmpegError, ValueError):
        return False
