"""Hour after hour in files of their own, each readable whenever the process is killed.

A file begins at a keyframe and is named by the moment, in UTC: 2026-11-21T16-00-00Z.mp4. It is written in fragments of
a second (mp4) or clusters (mkv), straight to the operating system. There is no index to be kept in memory: a player
that seeks in the file reads the fragments' headers.
"""

import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Final

from stages.encode.containers import CONTAINERS
from stages.encode.live.config import FolderConfig
from stages.encode.live.program import Format, Program
from stages.encode.sink import FileSink
from stages.errors import SinkError
from transport.messages import Packet, StreamInfo

log = logging.getLogger(__name__)

SHARE: Final = 8  # a file is at most this part of all that may be kept, so that deleting one makes room for one
LOOK_S: Final = 10.0  # of the stream between two looks at what is kept
_OURS: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?\.(mp4|mov|mkv)")
_FRAGMENTS: Final = {**dict(CONTAINERS[".mp4"].options), "movflags": "empty_moov+default_base_moof"}
FORMATS: Final = {
    ".mp4": Format(name="mp4", sounds=("aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"), options=_FRAGMENTS),
    ".mov": Format(name="mov", sounds=(), options=_FRAGMENTS),  # G.711 too, which many cameras send
    ".mkv": Format(name="matroska", sounds=(), options=dict(CONTAINERS[".mkv"].options)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """The file that is being written."""

    path: Path
    sink: FileSink
    program: Program
    begun: Fraction  # seconds of the stream


class Recording:
    """A folder of files, one being written."""

    def __init__(
        self, info: StreamInfo, folder: Path, config: FolderConfig, clock: Callable[[], float] = time.time
    ) -> None:
        self._info, self._folder, self._config, self._clock = info, folder, config, clock
        self._video = info.sides[0].index
        self._file: _File | None = None
        self._looked = Fraction(-1)

    def put(self, packet: Packet) -> bool:
        """Write a packet; a keyframe may begin a new file."""
        if packet.key and packet.index == self._video:
            self._begin_if_due(Fraction(*packet.time_base) * (packet.pts or 0))
        return self._file is not None and self._file.program.put(packet)

    def close(self) -> None:
        """Complete the file."""
        if self._file is not None:
            try:
                self._file.program.close()
            finally:
                self._file.sink.release()
                self._file = None

    def abandon(self) -> None:
        """Leave the file as it is, readable up to here."""
        if self._file is not None:
            self._file.program.abandon()
            self._file.sink.release()
            self._file = None

    def _begin_if_due(self, now: Fraction) -> None:
        """Begin a file where there is none or the last is full; look after the folder now and then."""
        file = self._file
        if file is None or now - file.begun >= self._config.file_s or self._full(file):
            self.close()
            self._file = self._open(now)
            self._looked = now - Fraction(LOOK_S)
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._tidy()

    def _full(self, file: _File) -> bool:
        return bool(self._config.most_bytes) and file.sink.taken >= self._config.most_bytes // SHARE

    def _open(self, now: Fraction) -> _File:
        path = _free_name(self._folder, datetime.fromtimestamp(self._clock(), UTC), self._config.suffix)
        sink = FileSink(path)
        try:
            return _File(path=path, sink=sink, program=Program(self._info, sink, FORMATS[path.suffix]), begun=now)
        except SinkError:
            sink.release()
            path.unlink(missing_ok=True)
            raise

    def _tidy(self) -> None:
        """Delete the oldest files until the rest is young and small enough; never the one being written."""
        assert self._file is not None
        kept, bound = 0, self._config.most_bytes or float("inf")
        oldest = self._clock() - self._config.most_age_s if self._config.most_age_s else float("-inf")
        for path in sorted(_recordings(self._folder), reverse=True):
            with contextlib.suppress(OSError):
                found = path.stat()
                kept += found.st_size
                if path != self._file.path and (kept > bound or found.st_mtime < oldest):
                    path.unlink()
                    log.info("%s is deleted, to keep no more than was asked for", path)


def _recordings(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if _OURS.fullmatch(path.name))


def _free_name(folder: Path, now: datetime, suffix: str) -> Path:
    """Return the moment's name, or the first with a number behind it that is not taken."""
    name = f"{now:%Y-%m-%dT%H-%M-%SZ}"
    names = (folder / f"{name}{number}{suffix}" for number in ("", *(f"-{count}" for count in range(2, 1000))))
    if (free := next((path for path in names if not path.exists()), None)) is None:
        raise SinkError(f"{folder} has a thousand recordings of {name} already")
    return free
