"""A folder of images in, their pictures out, in the natural order of their names (img2 before img10)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av

from stages.decode.config import DecodeConfig
from stages.decode.container import BrokenOff
from stages.decode.names import reason
from stages.decode.picture import picture_format
from stages.decode.side import codec_of, rational
from stages.errors import SourceError
from transport.messages import StreamInfo

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".exr", ".dpx", ".ppm", ".pgm", ".tga", ".jp2")
)


@contextmanager
def open_folder(source: str, config: DecodeConfig) -> Iterator["FolderSource"]:
    """List a folder's images; SourceError if there are none."""
    try:
        found = [path for path in Path(source).iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    except OSError as error:
        raise SourceError(f"{source} cannot be read: {reason(error)}") from error
    if not found:
        raise SourceError(f"{source} is a folder without images, PNG, JPEG, TIFF or WebP expected")
    yield FolderSource(source, sorted(found, key=_natural), config.fps)


class FolderSource:
    """A folder of images: a video without side streams whose clock is the number of frames a second."""

    def __init__(self, name: str, paths: list[Path], fps: Fraction) -> None:
        self._name = name
        self._paths = paths
        self._codec = ""
        self.frame_rate = fps
        self.time_base = 1 / fps
        self.sample_aspect = (0, 1)

    def describe(self, first: av.VideoFrame) -> StreamInfo:
        """Return what is known of the source, now that its first picture is there."""
        return StreamInfo(
            stream=self._name,
            epoch=0,
            format=picture_format(first, self.sample_aspect),
            time_base=rational(self.time_base),
            frame_rate=rational(self.frame_rate),
            codec=self._codec,
            container="image2",
            frames=len(self._paths),
            bit_rate=0,
            metadata={},
            video_metadata={},
            disposition=0,
            sides=(),
            attachments=(),
            chapters=(),
        )

    def pieces(self) -> Iterator[av.VideoFrame]:
        """Yield every image's picture; BrokenOff at one that cannot be read."""
        for seq, path in enumerate(self._paths):
            frame = self._read(path)
            frame.pts, frame.duration, frame.time_base = seq, 1, self.time_base
            yield frame

    def _read(self, path: Path) -> av.VideoFrame:
        try:  # a file object, as FFmpeg takes a name with numbers in it for a whole sequence
            with path.open("rb") as file, av.open(file, "r", metadata_errors="replace") as container:
                self._codec = codec_of(container.streams.video[0])
                for frame in container.decode(video=0):
                    return frame
        except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
            raise BrokenOff(f"{path.name} cannot be read as an image: {reason(error)}") from error
        raise BrokenOff(f"{path.name} holds no picture")


def _natural(path: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]
