"""What is shown of a run while it goes on."""

import time
from types import SimpleNamespace

import pytest

from deploy.display import Observer


def test_a_stage_that_is_seen_for_the_first_time_has_its_speed_since_the_run_began() -> None:
    said = SimpleNamespace(frames_out=500, busy_s=2.5, held_bytes=0, budget_bytes=0)
    child = SimpleNamespace(spec=SimpleNamespace(stage="encode"), total=lambda: said)
    supervisor = SimpleNamespace(children={"encode": child}, info=None, started=time.monotonic() - 5)
    (row,) = Observer().look(supervisor).rows  # type: ignore[arg-type]
    assert (row.fps, row.busy) == pytest.approx((100, 0.5), rel=0.05)
