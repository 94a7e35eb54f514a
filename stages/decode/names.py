"""What a source is called in messages and errors: never with its user's secrets.

FFmpeg's exceptions carry the URL they failed on, so they are quoted by their reason alone.
"""

import re

from av.error import ExitError, FFmpegError

STDIN = "-"
SILENT = "it was silent for too long"  # FFmpeg: "immediate exit requested"
LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp", "rtp", "tcp")
_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@|(?<=://)[^\s]*@(?=[^@/]+(?:[:/]|$))")
_SECRETS = re.compile(r"(?i)([?&;](?:[\w-]*(?:user|login|pass|pwd|token|secret|key|auth|sig)[\w-]*)=)[^&;#\s]*")

_STREAM_KEY = re.compile(r"(?i)^(rtmps?://[^/]+/.+/)[^/?#]+")  # who knows it may send, as with a password


def is_url(source: str) -> bool:
    """Tell a URL from a path; a path can hold a colon, but no `://` after a scheme."""
    return re.match(r"[A-Za-z][\w+.-]*://", source) is not None


def is_live(source: str) -> bool:
    """Tell a camera or broadcast, which comes when it comes, from what can be read as fast as one likes."""
    scheme = source.partition("://")[0].lower() if is_url(source) else ""
    return scheme in LIVE_SCHEMES or source.startswith("/dev/video")


def public_name(source: str) -> str:
    """Return the source's name without user, password, tokens or the stream key of RTMP."""
    if source == STDIN:
        return "standard input"
    if not is_url(source):
        return source
    return _STREAM_KEY.sub(r"\1***", _SECRETS.sub(r"\1***", _CREDENTIALS.sub("", source)))


def reason(error: BaseException) -> str:
    """Return what went wrong in FFmpeg's or the system's words, without the name it concerns."""
    if isinstance(error, EOFError):
        return "it ends too early"
    if isinstance(error, ExitError):
        return SILENT
    text = error.strerror if isinstance(error, FFmpegError | OSError) else str(error)
    return (text or type(error).__name__).lower()


def cause(error: Exception, source: str) -> Exception | None:
    """Return the error to chain to, or None where a traceback of it would print the source's secrets."""
    return error if public_name(source) == source or source == STDIN else None
