"""The name of a detector and the classes wanted in, the detector out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from stages.errors import OptionError, PromptError
from stages.segment.detect.classes import COCO, VOC, labels
from stages.segment.detect.detector import Detector
from stages.segment.detect.hog import Hog, is_there
from weights.load import WeightsError, find, has

AUTO = "auto"
PERSON = ("person",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One way of finding objects."""

    classes: tuple[str, ...]
    checkpoint: str = ""  # none is needed
    make: Callable[[Path, tuple[str, ...], str, str], Detector]  # from checkpoint, classes, device and precision
    by_itself: bool = True  # whether auto may choose it
    torch: bool = False  # whether it needs torch


def make_detector(
    name: str, words: Sequence[str], folder: Path | None = None, *, device: str = "cpu", precision: str = "auto"
) -> Detector:
    """Return the detector of a name, or with auto the best whose file is there, for the classes that words mean.

    PromptError for a class that nobody knows, or that the detector does not find; OptionError for another name;
    WeightsError for a file that is absent or damaged. `folder` holds checkpoints, beside the usual places; what needs
    torch runs on `device` in numbers of `precision`.
    """
    wanted = labels(words)
    way = WAYS[check_detector(name, words, folder)]
    path = find(way.checkpoint, folder) if way.checkpoint else Path()
    return way.make(path, wanted, device, precision)


def check_detector(name: str, words: Sequence[str], folder: Path | None = None) -> str:
    """Return the name of the detector that `make_detector` would make; the same errors, but nothing is loaded."""
    wanted = labels(words)
    if name == AUTO:
        name = _best(wanted, folder)
    if name not in WAYS:
        raise OptionError(f"there is no detector {name!r}; the known ones are {', '.join((AUTO, *WAYS))}")
    way = WAYS[name]
    for label in wanted:
        if label not in way.classes:
            others = ", ".join(other for other in WAYS if label in WAYS[other].classes)
            raise PromptError(
                f"detector {name} does not find {label}, {others} would; it finds {', '.join(way.classes)}"
            )
    if way.checkpoint:
        find(way.checkpoint, folder)
    if way.torch and find_spec("torch") is None:
        raise OptionError(f"detector {name} needs torch; pip install 'cleanplate[learned]' brings it")
    return name


def _best(wanted: tuple[str, ...], folder: Path | None) -> str:
    """Return the first detector that finds all of what is wanted, and can."""
    fitting = [name for name, way in WAYS.items() if way.by_itself and set(wanted) <= set(way.classes)]
    for name in fitting:
        checkpoint = WAYS[name].checkpoint
        if WAYS[name].torch and find_spec("torch") is None:
            continue
        if has(checkpoint, folder) if checkpoint else is_there():
            return name
    try:
        find(WAYS[fitting[0]].checkpoint, folder)
    except WeightsError as error:
        raise PromptError(f"target {' and '.join(wanted)} needs a detector that is not here: {error}") from error
    return fitting[0]  # it has arrived meanwhile


def _fastestdet(path: Path, wanted: tuple[str, ...], *_: str) -> Detector:
    from stages.segment.detect.fastestdet import FastestDet

    return FastestDet(path, wanted)


def _selfie(path: Path, *_: object) -> Detector:
    from stages.segment.detect.selfie import Selfie

    return Selfie(path)


def _hog(*_: object) -> Detector:
    return Hog()


def _semantic(name: str) -> _Way:
    def make(path: Path, wanted: tuple[str, ...], device: str, precision: str) -> Detector:
        from stages.segment.detect.semantic import Semantic  # torch, for those who ask for it

        return Semantic(name, path, wanted, device=device, precision=precision)

    return _Way(classes=VOC, checkpoint=name, make=make, torch=True)


WAYS: dict[str, _Way] = {  # in the order of auto's choice
    "fastestdet": _Way(classes=COCO, checkpoint="fastestdet", make=_fastestdet),
    "deeplabv3_mobilenet_v3_large": _semantic("deeplabv3_mobilenet_v3_large"),
    "deeplabv3_resnet50": _semantic("deeplabv3_resnet50"),
    "deeplabv3_resnet101": _semantic("deeplabv3_resnet101"),
    "fcn_resnet50": _semantic("fcn_resnet50"),
    "fcn_resnet101": _semantic("fcn_resnet101"),
    "hog": _Way(classes=PERSON, make=_hog),
    "selfie": _Way(classes=PERSON, checkpoint="selfie_segmentation", make=_selfie, by_itself=False),
}
