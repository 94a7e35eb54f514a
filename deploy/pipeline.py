"""The flow, as one table of data: which stages there are, in which order, and who listens where."""

import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row: the names of the addresses that a stage listens at, fetches work from, and sends to."""

    name: str
    listen: str = ""
    work: str = ""
    to: str = ""
    replicated: bool = False


FLOW: Final = (
    Stage(name="decode", to="pictures"),
    Stage(name="segment", listen="pictures", work="work", to="clean"),
    Stage(name="inpaint", work="work", to="clean", replicated=True),
    Stage(name="encode", listen="clean"),
)
FIRST_PASS: Final = (Stage(name="survey"),)  # of two: decode, segment and survey, in one process
TRACK_ONLY: Final = (Stage(name="track"),)  # decode, segment and encode of the masks, in one process
STAGES: Final = {stage.name: stage for stage in FLOW + FIRST_PASS + TRACK_ONLY}
CONTROL: Final = "control"


@contextmanager
def local_addresses() -> Iterator[dict[str, str]]:
    """Give an ipc address for every name in the table, and one for control, that no other run has.

    On Linux they lie in the abstract namespace: nothing in the file system that a killed run could leave behind. Who
    may connect is decided by the token.
    """
    names = {CONTROL, *(name for stage in FLOW for name in (stage.listen, stage.work) if name)}
    if sys.platform == "linux":
        run = secrets.token_hex(8)
        yield {name: f"ipc://@cleanplate-{run}-{name}" for name in names}
        return
    with tempfile.TemporaryDirectory(prefix="cleanplate-") as folder:
        yield {name: f"ipc://{folder}/{name}" for name in names}
