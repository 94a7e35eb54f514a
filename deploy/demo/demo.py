"""The demo: render a scene, clean it with the real pipeline, compare with the true plate, and show it."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from deploy.config import Job
from deploy.demo.clip import Clip, rgb, write_clip, write_pictures
from deploy.demo.scene import Picture, Scene
from deploy.demo.sheet import side_by_side, write_sheet
from deploy.display import line_display, table_display
from deploy.outcome import Outcome
from deploy.run import check_job, run_distributed
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.encode.config import EncodeConfig
from stages.errors import SourceError
from stages.pixels import luma
from stages.segment.prompts import Prompts
from transport.messages import Frame

MOMENTS: Final = (0.15, 0.4, 0.65, 0.9)  # of the clip, on the sheet
REPLICAS: Final = 2
CHUNK: Final = 30


class Closeness:
    """Squared differences of brightness, summed, over whole frames and where something was removed."""

    def __init__(self) -> None:
        self._whole = self._hole = 0.0
        self._pixels = self._hole_pixels = 0

    def add(self, plate: Frame, clean: Frame, mask: Picture) -> None:
        """Compare one frame with what it should be; `mask` is (h, w), not 0 where something was removed."""
        squares = (luma(plate).astype(np.float32) - luma(clean)) ** 2
        self._whole, self._pixels = self._whole + float(squares.sum()), self._pixels + squares.size
        hole = mask > 0
        self._hole, self._hole_pixels = self._hole + float(squares[hole].sum()), self._hole_pixels + int(hole.sum())

    def __str__(self) -> str:
        whole, hole = _psnr(self._whole, self._pixels), _psnr(self._hole, self._hole_pixels)
        return f"PSNR against the true plate: {whole:.1f} dB over whole frames, {hole:.1f} dB where he was removed"


def _psnr(squares: float, count: int) -> float:
    return 10 * math.log10(255**2 * max(count, 1) / max(squares, 1e-9))


def run_demo(folder: str) -> int:
    """Make the clip, clean it, and write before / mask / after into a folder; return the exit code."""
    scene, place = Scene(), Path(folder)
    _say(f"painting {scene.frames} frames of a scene whose clean plate is known")
    clip = write_clip(scene, place)
    target = place / "clean.mkv"
    _say(f"removing the walker and his shadow: decode | segment | {REPLICAS} x inpaint | encode")
    outcome = _clean(clip, target)
    if outcome.code:
        sys.stderr.write(f"cleanplate: {outcome.sentence}\n")
        return outcome.code
    _say(str(outcome.ledger))
    _say(str(_compare(scene, clip, target)))
    _show(scene, target, place)
    _say(f"look at {place / 'sheet.png'} and {place / 'before_after.mp4'}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _clean(clip: Clip, target: Path) -> Outcome:
    job = Job(
        source=str(clip.video),
        target=str(target),
        prompts=Prompts(mask=str(clip.masks)),
        encode=EncodeConfig(force=True),
        replicas=REPLICAS,
        chunk=CHUNK,
    )
    check_job(job)
    with (table_display if sys.stderr.isatty() else line_display)() as show:
        return run_distributed(job, show)


def _frames(path: Path) -> Iterator[Frame]:
    return (item for item in decode(str(path), DecodeConfig()) if isinstance(item, Frame))


def _compare(scene: Scene, clip: Clip, target: Path) -> Closeness:
    closeness = Closeness()
    for seq, (plate, clean) in enumerate(zip(_frames(clip.plate), _frames(target), strict=True)):
        closeness.add(plate, clean, scene.mask(seq))
    return closeness


def _show(scene: Scene, target: Path, place: Path) -> None:
    """Write the sheet of a few moments, and the video of both halves."""
    moments = [round(moment * (scene.frames - 1)) for moment in MOMENTS]
    after: dict[int, Picture] = {}

    def halves() -> Iterator[Picture]:
        for frame in _frames(target):
            picture = rgb(frame)
            if frame.seq in moments:
                after[frame.seq] = picture
            yield side_by_side(scene.frame(frame.seq), picture)

    write_pictures(halves(), scene.fps, place / "before_after.mp4", EncodeConfig(codec="h264", force=True))
    if len(after) != len(moments):
        raise SourceError(f"{target} holds fewer frames than the scene's {scene.frames}")
    write_sheet(
        [scene.frame(seq) for seq in moments],
        [scene.mask(seq) for seq in moments],
        [after[seq] for seq in moments],
        place / "sheet.png",
        [f"{seq / scene.fps:.1f} s" for seq in moments],
    )
