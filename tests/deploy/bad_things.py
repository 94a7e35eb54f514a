"""Bad sources, masks and places for the tests: each function writes one into a folder."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from tests.clips import Clip, make, make_folder

USAGE, SOURCE, PROMPT, OUTPUT, OPTION, ADDRESS, TRANSPORT, MODEL = 2, 3, 4, 5, 6, 8, 10, 13
SECRET = "s3cret"
TOKEN = "0123456789abcdef"
REMOVE = "remove in.mkv out.mkv --inline"
REGION = "--region 20,20,16,12"
WELL = f"{REMOVE} {REGION}"  # nothing is wrong with this one
RUN = "remove in.mkv out.mkv"  # the same in processes, where they see it otherwise
NOBODY = "tcp://127.0.0.1:1"


def nothing(_: Path) -> None:
    """Leave the folder as it is: one good clip, in.mkv, 64x48, 13 frames."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command line, given in a folder that holds in.mkv, and what must come of it. TAKEN is a port that is in use."""

    words: str
    code: int
    says: str  # a regular expression
    given: Callable[[Path], object] = nothing  # what else lies in the folder


def file(name: str, content: bytes = b"") -> Callable[[Path], object]:
    """Return what writes a file."""
    return lambda folder: (folder / name).write_bytes(content)


def folder(name: str) -> Callable[[Path], object]:
    """Return what makes an empty folder."""
    return lambda folder: (folder / name).mkdir()


def copy(name: str) -> Callable[[Path], object]:
    """Return what copies the clip."""
    return lambda folder: shutil.copy(folder / "in.mkv", folder / name)


def noise(size: int) -> bytes:
    """Return bytes that are no format at all."""
    return np.random.default_rng(7).bytes(size)


def bitmap(width: int, height: int) -> bytes:
    """Return a BMP whose header claims a size that its data does not have."""
    size = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return b"BM" + bytes(8) + b"\x36\0\0\0" + b"\x28\0\0\0" + size + b"\1\0\x18\0" + bytes(4120)


def sound(folder: Path) -> None:
    """Write a file without a picture."""
    with av.open(str(folder / "song.mkv"), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.sample_rate, frame.pts = 48000, 0
        output.mux([*stream.encode(frame), *stream.encode(None)])


def frameless(folder: Path) -> None:
    """Write a video that ends after its header."""
    with av.open(str(folder / "none.mkv"), "w") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        output.start_encoding()


def headless(folder: Path) -> None:
    """Write an MP4 that was cut off before its index."""
    whole = make(folder / "cut.mp4", Clip()).read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: whole.rindex(b"moov") - 4])


def pictures(folder: Path) -> None:
    """Write a folder with one numbered picture."""
    make_folder(folder / "shots", Clip(codec="png", pixel_format="rgb24", frames=1), ["000000.png"])


def masks(count: int, *, width: int = 64) -> Callable[[Path], object]:
    """Return what writes a folder of masks."""

    def write(folder: Path) -> None:
        (folder / "masks").mkdir()
        for index in range(count):
            cv2.imwrite(str(folder / "masks" / f"{index}.png"), np.full((48, width), 255, np.uint8))

    return write
