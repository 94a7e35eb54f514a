"""Packets in, a server on the network out. It may block for ever, even the interpreter: run it in its own process."""

from collections.abc import Callable, Iterable
from typing import Final

import av

from stages.decode.names import is_url
from stages.encode.live.program import Format, Program
from stages.errors import OptionError
from transport.messages import Packet, StreamInfo

WAIT_S: Final = 5  # for the server to answer, as far as FFmpeg has a deadline at all
_MICROSECONDS: Final = str(WAIT_S * 1_000_000)
_RTSP: Final = Format(
    name="rtsp",
    sounds=("aac", "mp2", "mp3", "ac3", "opus", "pcm_mulaw", "pcm_alaw", "pcm_s16be", "adpcm_g722"),
    options={"rtsp_transport": "tcp", "timeout": _MICROSECONDS},
)
_FLV: Final = Format(
    name="flv", sounds=("aac", "mp3"), options={"rw_timeout": _MICROSECONDS, "flvflags": "no_duration_filesize"}
)
_TS: Final = Format(name="mpegts", sounds=("aac", "mp2", "mp3", "ac3", "opus"), options={"rw_timeout": _MICROSECONDS})
FORMATS: Final = {"rtsp": _RTSP, "rtsps": _RTSP, "rtmp": _FLV, "rtmps": _FLV, "srt": _TS}


def send(info: StreamInfo, packets: Iterable[Packet], url: str, moved: Callable[[], None]) -> None:
    """Send packets to a server until there are none, telling after each that it was taken; SinkError if it fails."""
    program = Program(info, url, FORMATS[scheme_of(url)])
    try:
        for packet in packets:
            program.put(packet)
            moved()
    except BaseException:
        program.abandon()
        raise
    program.close()


def scheme_of(url: str) -> str:
    """Return a URL's scheme, in small letters; "" for a path."""
    return url.partition("://")[0].lower() if is_url(url) else ""


def check_url(url: str) -> None:
    """Raise OptionError for a URL that nothing can be sent to, whoever listens."""
    scheme = scheme_of(url)
    if scheme not in FORMATS:
        raise OptionError(f"{scheme}:// cannot be sent to; {', '.join(f'{name}://' for name in FORMATS)} can")
    if not url.partition("://")[2].rpartition("@")[2].strip("/"):
        raise OptionError(f"{scheme}:// names no server; {scheme}://server/path would")
    if scheme == "srt" and not _is_known(scheme):
        raise OptionError(f"{scheme}:// cannot be sent to: the FFmpeg of this PyAV was built without it")


def _is_known(scheme: str) -> bool:
    """Tell whether FFmpeg has a protocol, by opening an address without a port, which no protocol gets any further."""
    try:
        av.open(f"{scheme}://", "w", format=FORMATS[scheme].name).close()
    except av.error.ProtocolNotFoundError:
        return False
    except (av.error.FFmpegError, ValueError):
        return True
    return True
