"""A folder that any web server can serve as a live video: HLS with fragmented mp4 (RFC 8216; ISO/IEC 23000-19).

A segment is one or more groups of pictures, in a file of its own that is whole before the playlist names it. The
playlist is replaced in one step, and segments that it names no more are deleted a little later.
"""

import contextlib
import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Final

from stages.encode.live.boxes import Boxes
from stages.encode.live.config import FolderConfig
from stages.encode.live.program import Format, Program
from stages.errors import SinkError
from transport.messages import Packet, StreamInfo

PLAYLIST: Final = "stream.m3u8"
_OURS: Final = re.compile(r"(segment|init)-(\d+)\.(m4s|mp4)")
_FORMAT: Final = Format(
    name="mp4",
    sounds=("aac", "mp3", "ac3", "eac3", "opus", "flac"),
    options={"movflags": "frag_keyframe+empty_moov+default_base_moof"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """A file that is whole."""

    number: int
    seconds: float
    anew: bool  # nothing leads over from the one before it


class Folder:
    """A playlist and its segments, from one opening to the next."""

    def __init__(self, info: StreamInfo, playlist: Path, config: FolderConfig) -> None:
        self._playlist, self._config = playlist, config
        self._number = 1 + max((number for number, _ in _left_behind(playlist.parent)), default=-1)
        self._old = [path for _, path in _left_behind(playlist.parent)]  # of earlier openings
        self._header, self._longest = self._number, 1
        self._breaks = self._number  # discontinuities before the playlist, or a number that rises as theirs would
        self._listed: deque[_Segment] = deque()
        self._spare: deque[_Segment] = deque()
        self._keys: deque[Fraction] = deque()  # seconds of the keyframes whose fragments are still to come
        self._end = Fraction(0)  # seconds, of the newest picture
        self._data, self._seconds = bytearray(), Fraction(0)  # of the segment that is being gathered
        self._video = info.sides[0].index
        self._boxes = Boxes()
        self._program = Program(info, self._boxes, _FORMAT)

    def put(self, packet: Packet) -> bool:
        """Take a packet; a segment is written when the keyframe after it comes."""
        if not self._program.put(packet):
            return False
        if packet.index == self._video:
            tick = Fraction(*packet.time_base)
            self._end = ((packet.pts or 0) + packet.duration) * tick
            if packet.key:
                self._keys.append((packet.pts or 0) * tick)
        self._gather()
        return True

    def close(self) -> None:
        """Write the last segment, and say that it is the last."""
        self._program.close()
        self._gather()
        if self._data:
            self._cut()
        self._list(ended=True)

    def abandon(self) -> None:
        """Leave the playlist as it is."""
        self._program.abandon()

    def _gather(self) -> None:
        for kind, data in self._boxes.pieces():
            if kind == "header":
                self._write(f"init-{self._header}.mp4", data)
                continue
            begin = self._keys.popleft()
            length = (self._keys[0] if self._keys else self._end) - begin
            self._data += data
            self._seconds += length
            if self._seconds + length / 2 > self._config.segment_s:  # with one more it would be farther off
                self._cut()
                self._list(ended=False)

    def _cut(self) -> None:
        """Make a segment of what was gathered."""
        anew = self._number == self._header > 0
        segment = _Segment(number=self._number, seconds=float(self._seconds), anew=anew)
        self._write(f"segment-{segment.number}.m4s", bytes(self._data))
        self._listed.append(segment)
        self._longest = max(self._longest, ceil(segment.seconds))
        self._number += 1
        self._data, self._seconds = bytearray(), Fraction(0)

    def _list(self, *, ended: bool) -> None:
        """Replace the playlist, and delete what is not needed any more."""
        while len(self._listed) > self._config.segments:
            self._spare.append(self._listed.popleft())
            self._breaks += self._spare[-1].anew
        partial = f"{self._playlist.name}.partial"
        self._write(partial, self._text(ended=ended).encode())
        with _told(self._playlist):
            os.replace(self._playlist.parent / partial, self._playlist)
        while len(self._spare) > self._config.spare:
            self._delete(self._playlist.parent / f"segment-{self._spare.popleft().number}.m4s")
        while self._old and self._number - self._header > self._config.spare:  # nobody reads the last run's any more
            self._delete(self._old.pop())

    def _text(self, *, ended: bool) -> str:
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{self._longest}"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{self._listed[0].number if self._listed else self._number}")
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._breaks}")
        lines += ["#EXT-X-INDEPENDENT-SEGMENTS", f'#EXT-X-MAP:URI="init-{self._header}.mp4"']
        for segment in self._listed:
            lines += ["#EXT-X-DISCONTINUITY"] if segment.anew else []
            lines += [f"#EXTINF:{segment.seconds:.6f},", f"segment-{segment.number}.m4s"]
        return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ended else []), ""])

    def _write(self, name: str, data: bytes) -> None:
        with _told(self._playlist):
            (self._playlist.parent / name).write_bytes(data)

    def _delete(self, path: Path) -> None:
        with contextlib.suppress(OSError):  # a file that cannot be deleted does no harm
            path.unlink()


def _left_behind(folder: Path) -> list[tuple[int, Path]]:
    """Return the numbers and paths of what earlier openings left in a folder."""
    found = ((_OURS.fullmatch(path.name), path) for path in folder.iterdir())
    return [(int(match[2]), path) for match, path in found if match]


@contextlib.contextmanager
def _told(playlist: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SinkError(f"{playlist} cannot be written: {error.strerror}") from error
