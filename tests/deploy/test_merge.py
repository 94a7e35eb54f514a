"""Encode's end of the links: what it says to segment of how far the patches have come."""

from pathlib import Path

from deploy.merge import Merge
from stages.segment.outline.soften import NOTHING
from tests.transport.test_links import PATIENT, frame
from transport.links import Outlet
from transport.messages import Patch
from transport.notes import Note, Received
from transport.sockets import Hub


def test_segment_hears_of_every_patch_though_no_further_one_comes(tmp_path: Path) -> None:
    told: list[Note] = []
    with (
        Hub(role="encode", name="encode", token="t", deadlines=PATIENT) as encode,
        Hub(role="segment", name="segment", token="t", deadlines=PATIENT) as segment,
        Hub(role="inpaint", name="inpaint-0", token="t", deadlines=PATIENT) as inpaint,
    ):
        endpoint = encode.bind(f"ipc://{tmp_path}/patches", accepts=["segment", "inpaint"])
        merged = iter(Merge(encode, endpoint, frames_budget=1 << 20, patch_budget=1 << 20))
        frames, patches = (Outlet(hub, hub.connect(endpoint.address)) for hub in (segment, inpaint))
        frames.told = told.append
        for seq in range(3):  # fewer than a chunk: segment may be full, and wait for word of just these
            frames.send(frame(seq))
            patches.send(Patch(seq=seq, mask=NOTHING, pixels=None))
            next(merged)
            segment.wait(lambda seq=seq: Received(upto=seq + 1) in told or None, deadline_s=10, what="word")  # type: ignore[misc]
