"""The engines by name."""

from collections.abc import Callable

from stages.errors import OptionError
from stages.inpaint.blank import blank
from stages.inpaint.engine import DEFAULTS, EngineKind, EngineOptions
from stages.inpaint.propagate.kind import propagate
from stages.inpaint.sttn.kind import sttn
from stages.inpaint.telea import telea
from stages.inpaint.vinet.kind import vinet

ENGINES: dict[str, Callable[[EngineOptions], EngineKind]] = {
    "propagate": propagate,  # carries what other frames show, invents the rest once
    "vinet": vinet,  # learned, recurrent: a checkpoint is needed
    "sttn": sttn,  # learned, attends to near and far frames: a checkpoint is needed
    "telea": telea,  # every frame by itself: the baseline
    "blank": blank,  # grey: what the pipeline costs without an engine
}


def find_engine(name: str, options: EngineOptions = DEFAULTS) -> EngineKind:
    """Return the engine of that name, as the options want it; OptionError if there is none."""
    if name not in ENGINES:
        raise OptionError(f"there is no engine {name!r}; the known ones are {', '.join(ENGINES)}")
    return ENGINES[name](options)
