"""What the tests of HLS and recordings share: a camera's stream of ten seconds, and folders of short files."""

import pytest

from stages.encode.live.config import FolderConfig
from tests.clips import Clip
from tests.stages.live import TICKS, coded
from transport.messages import Packet, StreamInfo

CAMERA = Clip(frames=250, time_base=TICKS)  # 10 s
SHORT = FolderConfig(segment_s=1.0, segments=3, spare=2, file_s=4.0)


@pytest.fixture(scope="module", name="stream")
def ten_seconds() -> tuple[StreamInfo, list[Packet]]:
    """What CAMERA shows, as outputs get it, in groups of a second; a test asks for it as `stream`."""
    return coded(CAMERA, gop_s=1.0)
