"""The ways of pointing and following by name: an option in, what does it out. Nothing heavy is imported before."""

import os
from functools import partial
from importlib.util import find_spec
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
SEGMENTERS: Final[dict[str, tuple[str, ...]]] = {"grabcut": (), **{name: (name,) for name in SAMS}}  # their checkpoints
TRACKERS: Final[dict[str, tuple[str, ...]]] = {
    "propagate": (),
    "siammask": ("siammask_davis",),
    "nanotrack": ("nanotrack_backbone", "nanotrack_head"),
    **{name: (name,) for name in AOTS},
}
WITHOUT_TORCH: Final = ("grabcut", "propagate", "nanotrack")


def check_choice(config: SegmentConfig) -> None:
    """Raise OptionError for a name that nobody knows, ModelError where what it needs is not there."""
    if config.weights and not os.path.isdir(config.weights):
        raise OptionError(f"--weights {config.weights} is no folder; checkpoints are looked for in one")
    for what, name, known in (
        ("segmenter", segmenter_of(config), SEGMENTERS),
        ("tracker", config.tracker, TRACKERS),
    ):
        if name not in known:
            raise OptionError(f"there is no {what} {name!r}; the known ones are {', '.join(known)}")
        for checkpoint in known[name]:
            _file(checkpoint, config)
        if name not in WITHOUT_TORCH and find_spec("torch") is None:
            raise ModelError(f"{what} {name} needs torch; pip install 'cleanplate[learned]' brings it")


def make_segmenter(config: SegmentConfig) -> Segmenter:
    """Return what finds outlines; ModelError where its checkpoint is none."""
    check_choice(config)
    name = segmenter_of(config)
    if name == "grabcut":
        from stages.segment.point.grabcut import GrabCut

        return GrabCut()
    from stages.segment.point.sam import Sam

    return Sam(_file(name, config), device=config.device, precision=config.precision)


def make_tracker(config: SegmentConfig) -> Tracker:
    """Return what follows objects; ModelError where its checkpoint is none."""
    check_choice(config)
    paths = [_file(checkpoint, config) for checkpoint in TRACKERS[config.tracker]]
    if config.tracker == "propagate":
        from stages.segment.track.propagate import MaskFollower

        return Each(MaskFollower)
    if config.tracker == "siammask":
        from stages.segment.track.siammask import siammask

        return Each(siammask(str(paths[0]), device=config.device, precision=config.precision))
    if config.tracker == "nanotrack":
        from stages.segment.track.nanotrack import NanoTrack

        return Each(partial(NanoTrack, backbone=paths[0], head=paths[1], segmenter=make_segmenter(config)))
    from stages.segment.track.aot import Aot

    return Aot(paths[0], config.tracker, device=config.device, precision=config.precision)


def segmenter_of(config: SegmentConfig) -> str:
    """Return the name of the segmenter; with auto the best whose checkpoint is there."""
    if config.segmenter != AUTO:
        return config.segmenter
    torch = find_spec("torch") is not None
    return next((sam for sam in SAMS if torch and has(sam, folder_of(config))), "grabcut")


def _file(name: str, config: SegmentConfig) -> Path:
    try:
        return find(name, folder_of(config))
    except WeightsError as error:
        raise ModelError(str(error)) from error


def folder_of(config: SegmentConfig) -> Path | None:
    """Return where checkpoints are looked for first."""
    return Path(config.weights) if config.weights else None
