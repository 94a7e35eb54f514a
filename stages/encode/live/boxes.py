"""The bytes of a fragmented mp4 in, its header and its fragments out (ISO/IEC 14496-12, 4.2 and 8.8)."""

from collections.abc import Iterator
from typing import Final, Literal

from stages.encode.sink import PipeSink

MOST_BYTES: Final = 256 << 20  # of one box: 10 s of 200 Mbit/s

Piece = tuple[Literal["header", "fragment"], bytes]


class Boxes(PipeSink):
    """What PyAV needs of a file object that only takes: the boxes of what was written, as soon as they are whole."""

    def __init__(self) -> None:
        super().__init__(-1)
        self._bytes = bytearray()
        self._header = bytearray()
        self._moof = b""

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._bytes += data
        self.taken += len(data)
        return len(data)

    def pieces(self) -> Iterator[Piece]:
        """Yield what is whole by now: once the header, then fragment after fragment."""
        while len(self._bytes) >= 8 and len(self._bytes) >= (size := int.from_bytes(self._bytes[:4], "big")):
            kind, box = bytes(self._bytes[4:8]), bytes(self._bytes[:size])
            del self._bytes[:size]
            if kind in (b"ftyp", b"moov"):
                self._header += box
            if kind == b"moov":
                yield "header", bytes(self._header)
            if kind == b"mdat":
                yield "fragment", self._moof + box
            self._moof = box if kind == b"moof" else b""
