"""The ways of pointing and following by name: an option in, what does it out. Nothing heavy is imported before."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from stages.errors import ModelError, OptionError
from stages.segment.config import SegmentConfig
from stages.segment.point.segmenter import Segmenter
from stages.segment.track.tracker import Each, Tracker
from weights.load import WeightsError, find, has

AUTO: Final = "auto"
SAMS: Final = ("sam_vit_h", "sam_vit_l", "sam_vit_b")  # best first
AOTS: Final = ("aott", "aots", "aotl", "r50_aotl")


def make_segmenter(config: SegmentConfig) -> Segmenter:
    """Return what finds outlines; OptionError for an unknown name, ModelError where its checkpoint is absent."""
    name, folder = config.segmenter, _folder(config)
    if name == AUTO:
        name = next((sam for sam in SAMS if has(sam, folder)), "grabcut")
    if name == "grabcut":
        from stages.segment.point.grabcut import GrabCut

        return GrabCut()
    if name in SAMS:
        from stages.segment.point.sam import Sam

        return Sam(_file(name, config), device=config.device)
    raise _unknown("segmenter", name, ("grabcut", *SAMS))


def make_tracker(config: SegmentConfig) -> Tracker:
    """Return what follows objects; OptionError for an unknown name, ModelError where its checkpoint is absent."""
    makers: dict[str, Callable[[SegmentConfig], Tracker]] = {
        "propagate": _propagate,
        "siammask": _siammask,
        "nanotrack": _nanotrack,
        **{name: partial(_aot, name) for name in AOTS},
    }
    if config.tracker not in makers:
        raise _unknown("tracker", config.tracker, tuple(makers))
    return makers[config.tracker](config)


def _propagate(config: SegmentConfig) -> Tracker:
    from stages.segment.track.propagate import MaskFollower

    return Each(MaskFollower)


def _siammask(config: SegmentConfig) -> Tracker:
    from stages.segment.track.siammask import SiamMask

    return Each(SiamMask(_file("siammask_davis", config), device=config.device))


def _nanotrack(config: SegmentConfig) -> Tracker:
    from stages.segment.track.nanotrack import NanoTrack

    backbone, head = (_file(f"nanotrack_{part}", config) for part in ("backbone", "head"))
    return Each(partial(NanoTrack, backbone=backbone, head=head, segmenter=make_segmenter(config)))


def _aot(name: str, config: SegmentConfig) -> Tracker:
    from stages.segment.track.aot import Aot

    return Aot(_file(name, config), name, device=config.device)


def _file(name: str, config: SegmentConfig) -> Path:
    try:
        return find(name, _folder(config))
    except WeightsError as error:
        raise ModelError(str(error)) from error


def _folder(config: SegmentConfig) -> Path | None:
    return Path(config.weights) if config.weights else None


def _unknown(what: str, name: str, known: tuple[str, ...]) -> OptionError:
    return OptionError(f"there is no {what} {name!r}; the known ones are {', '.join(known)}")
