"""How a prompt becomes a mask: what a user can choose."""

from dataclasses import dataclass

from stages.errors import OptionError
from stages.network import check_precision
from stages.segment.lost import check_policy
from stages.segment.outline.hold import MAX_HOLD

MAX_MARGIN = 512  # pixels
MOST_EVERY = 1000  # frames
EFFECTS = ("shadow",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentConfig:
    """Everything about finding and following that is no prompt."""

    segmenter: str = "auto"  # how what was pointed at gets its outline; see stages.segment.choose
    tracker: str = "propagate"  # how an object is followed
    detector: str = "auto"  # how objects of a class are found
    weights: str = ""  # a folder with checkpoints, beside the usual places
    device: str = "cpu"  # for networks, as torch spells it
    precision: str = "auto"  # of networks: f32, bf16, or auto, which is bf16 where the device multiplies that fast
    every: int = 3  # frames from one look for objects of a class to the next
    confirm: int = 1  # sightings that such an object needs before it is removed
    lost: str = "hold"  # what is done about an object that is lost: hold, blur, stop
    effects: tuple[str, ...] = ()  # what belongs to an object beside itself: shadow, which includes reflections
    dilate: int = 4  # pixels by which the mask is wider than the object: outlines are never exact
    feather: int = 3  # pixels over which it then fades out
    hold: int = 0  # frames that a pixel stays masked after the prompt left it
    cut: float = 0.55  # likeness, 0 to 1, below which a frame begins a new shot; 0: never

    def __post_init__(self) -> None:
        for name, value, low, top in (
            ("dilate", self.dilate, 0, MAX_MARGIN),
            ("feather", self.feather, 0, MAX_MARGIN),
            ("hold", self.hold, 0, MAX_HOLD),
            ("cut", self.cut, 0, 1),
            ("every", self.every, 1, MOST_EVERY),
            ("confirm", self.confirm, 1, MOST_EVERY),
        ):
            if not low <= value <= top:
                raise OptionError(f"{name} is {value}, it must be from {low} to {top}")
        check_policy(self.lost)
        check_precision(self.precision)
        for effect in self.effects:
            if effect not in EFFECTS:
                raise OptionError(f"--effects {effect} cannot be used; {', '.join(EFFECTS)} can")
