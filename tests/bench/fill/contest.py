"""The engines that compete: words of the command line in, named engines out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from stages.errors import OptionError
from stages.inpaint.engine import FILLS, EngineKind, EngineOptions
from stages.inpaint.engines import find_engine
from stages.inpaint.plate.kind import plate, shared
from tests.bench.fill.baselines import median, navier_stokes, previous

BASELINES: dict[str, Callable[[EngineOptions], EngineKind]] = {
    "ns": navier_stokes,
    "median": median,
    "previous": previous,
    "plate": lambda options: plate(shared()),  # the cheapest fill of live streams
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An engine in the contest, as words: kinds hold functions, which do not travel to other processes."""

    label: str  # as the user wrote it
    name: str
    options: EngineOptions

    def kind(self) -> EngineKind:
        """Return the engine; OptionError if there is none of that name."""
        if self.name in BASELINES:
            return BASELINES[self.name](self.options)
        return find_engine(self.name, self.options)


def parse_engines(words: str, options: EngineOptions) -> list[Entry]:
    """Return the engines of "telea,propagate:faithful,propagate:sharp:0:270px".

    After the name a fill, a number of frames to look ahead or the working size, each after a colon; `options` hold
    where nothing is said.
    """
    return [_entry(word, options) for word in words.split(",")]


def _entry(word: str, options: EngineOptions) -> Entry:
    name, *details = word.strip().split(":")
    for detail in details:
        if detail in FILLS:
            options = replace(options, fill=detail)
        elif detail.isdecimal():
            options = replace(options, look_ahead=int(detail))
        elif detail.removesuffix("px").isdecimal():
            options = replace(options, working=int(detail.removesuffix("px")))
        else:
            expected = f"one of {', '.join(FILLS)}, a number of frames or 270px"
            raise OptionError(f"engine {word} has {detail!r}, {expected} expected")
    entry = Entry(label=word.strip(), name=name, options=options)
    entry.kind()
    return entry
