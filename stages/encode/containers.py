"""The file formats that can be written, by suffix: how each is called, and how it is made to survive a kill."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stages.errors import SinkError

STDOUT = "-"
FRAGMENT_S = 1  # seconds of video that the muxer gathers before they reach the disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A file format."""

    format: str  # FFmpeg's name of the muxer
    encoder: str  # used where the source's codec cannot be held
    arrival: Literal["fragment", "packet", "end"]  # when packets reach the disk
    clock: Literal["ticks", "slots"] = "ticks"  # slots: one frame every 1/rate seconds, and nothing else can be said
    below_zero: bool = True  # time stamps before 0 can be held
    options: tuple[tuple[str, str], ...] = ()
    encoders: tuple[str, ...] = ()  # that make what can be held, where FFmpeg itself cannot tell or tells too much
    sides: tuple[str, ...] = ()  # codecs of side streams that can be held, likewise


_CLUSTERS = (("cluster_time_limit", str(1000 * FRAGMENT_S)),)  # milliseconds
_FRAGMENTS = (("frag_duration", str(1_000_000 * FRAGMENT_S)),)  # microseconds
_MP4 = Container(format="mp4", encoder="libx264", arrival="fragment", options=_FRAGMENTS)
_MKV = Container(format="matroska", encoder="libx264", arrival="fragment", options=_CLUSTERS)
_TS = Container(
    format="mpegts",
    encoder="libx264",
    arrival="packet",
    encoders=("libx264", "libx265", "mpeg2video", "mpeg1video", "mpeg4", "h264_nvenc", "hevc_nvenc"),
    sides=("aac", "mp2", "mp3", "ac3", "eac3", "dts", "truehd", "opus", "dvb_subtitle", "dvb_teletext", "klv"),
)
_AVI = Container(
    format="avi",
    encoder="mpeg4",
    arrival="packet",
    clock="slots",
    below_zero=False,
    # H.264 and MPEG-2 come back a frame late: nothing in the file says that their pictures are not reordered.
    encoders=("mpeg4", "mjpeg", "ffv1", "png", "rawvideo", "huffyuv", "ffvhuff", "utvideo"),
)
CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container(format="mov", encoder="libx264", arrival="fragment", options=_FRAGMENTS),
    ".mkv": _MKV,
    ".webm": Container(format="webm", encoder="libvpx-vp9", arrival="fragment", options=_CLUSTERS),
    ".avi": _AVI,
    ".ts": _TS,
    ".nut": Container(format="nut", encoder="libx264", arrival="packet", below_zero=False),
}


def container_of(target: str) -> Container:
    """Return the container that the target's suffix names; stdout is Matroska. SinkError for any other name."""
    if target == STDOUT:
        return _MKV
    suffix = Path(target).suffix.lower()
    if suffix not in CONTAINERS:
        found = f"the suffix {suffix} of {target} names no video file" if suffix else f"{target} has no suffix"
        raise SinkError(f"{found}; {', '.join(CONTAINERS)} would do, or a folder (a name that ends with /) for PNGs")
    return CONTAINERS[suffix]
