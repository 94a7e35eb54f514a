"""`--track-only`: the masks themselves written, and a preview of them, instead of a clean video."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, tee, zip_longest
from pathlib import Path

from deploy.config import Job
from stages.decode.decode import decode
from stages.encode.config import EncodeConfig
from stages.encode.containers import STDOUT
from stages.encode.encode import encode
from stages.encode.targets import check_target, is_folder
from stages.errors import OptionError, SinkError
from stages.segment.draw import as_masks, as_overlay
from stages.segment.prompts import check
from stages.segment.segment import segment
from transport.messages import MaskedFrame, Packet, StreamInfo, Written

LOSSLESS = "ffv1"

Segmented = StreamInfo | Packet | MaskedFrame


def check_track(job: Job) -> None:
    """Raise SinkError or OptionError for what can be known to be wrong before anything is tracked."""
    if job.passes != 1:
        raise OptionError("--track-only fills nothing, so it has no use for --passes")
    check_target(job.target, _lossless(job), job.source)
    if job.overlay:
        check_target(job.overlay, job.encode, job.source)
        if job.overlay == STDOUT or Path(job.overlay) == Path(job.target):
            raise SinkError(f"--overlay {job.overlay} needs a file or folder of its own")


def _lossless(job: Job) -> EncodeConfig:
    """Return how masks are written: as PNG into a folder, and into a video without any loss."""
    folder = is_folder(job.target, images=Path(job.source).is_dir())
    return EncodeConfig(force=job.encode.force, codec="auto" if folder else LOSSLESS)


def track(job: Job, found: Callable[[], None]) -> Iterator[StreamInfo | Written]:
    """Yield what is known of the source, then how far the masks are written, after every frame.

    `found` is called for every frame in which there is something to remove.

    The masks are neither widened by the margin nor faded out: fed back with the same options they do what tracking did.
    """
    source = decode(job.source, job.decode)
    info = next(source)
    assert isinstance(info, StreamInfo)
    yield info
    bare = replace(job.segment, dilate=0, feather=0)
    masked = _told(segment(chain([info], source), check(job.prompts, info), bare), found)
    if not job.overlay:
        yield from encode(as_masks(masked), job.target, _lossless(job))
        return
    one, other = tee(masked)  # both are written frame by frame, so that no more than one lies between
    masks = encode(as_masks(one), job.target, _lossless(job))
    for written, _ in zip_longest(masks, encode(as_overlay(other), job.overlay, job.encode)):
        if written is not None:
            yield written


def _told(masked: Iterable[Segmented], found: Callable[[], None]) -> Iterator[Segmented]:
    for message in masked:
        if isinstance(message, MaskedFrame) and not message.mask.empty:
            found()
        yield message
