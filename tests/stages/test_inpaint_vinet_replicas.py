"""VINet in whole runs: one replica and three write the same bytes, its answers handed on in every chunk."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.inpaint.engine import EngineOptions  # noqa: E402
from stages.nets.vinet.net import VINet  # noqa: E402
from tests.clips import Clip, make  # noqa: E402
from tests.parity.vinet.seeded import weights  # noqa: E402
from tests.runs import job, run  # noqa: E402

FRAMES = 18


@pytest.mark.timeout(400)  # four processes load torch
def test_one_replica_and_three_write_the_same_bytes(tmp_path: Path) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in VINet(double=True).state_dict().items()}
    torch.save(weights(shapes), tmp_path / "save_agg_rec_512.pth")
    source = make(tmp_path / "clip.mkv", Clip(width=96, height=64, frames=FRAMES))
    small = EngineOptions(weights=str(tmp_path), precision="f32", working=32)
    written = []
    for replicas in (1, 3):
        target = tmp_path / f"{replicas}.nut"
        outcome = run(job(source, target, engine="vinet", inpaint=small, replicas=replicas, chunk=6))
        assert (outcome.code, outcome.ledger.frames_out) == (0, FRAMES)
        written.append(target.read_bytes())
    assert written[0] == written[1]
