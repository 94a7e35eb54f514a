"""The engines by name."""

from stages.errors import OptionError
from stages.inpaint.blank import BLANK
from stages.inpaint.engine import EngineKind
from stages.inpaint.propagate.engine import PROPAGATE
from stages.inpaint.telea import TELEA

ENGINES: dict[str, EngineKind] = {
    "propagate": PROPAGATE,  # carries what other frames show, invents the rest once
    "telea": TELEA,  # every frame by itself: the baseline
    "blank": BLANK,  # grey: what the pipeline costs without an engine
}


def find_engine(name: str) -> EngineKind:
    """Return the engine of that name; OptionError if there is none."""
    if name not in ENGINES:
        raise OptionError(f"there is no engine {name!r}; the known ones are {', '.join(ENGINES)}")
    return ENGINES[name]
