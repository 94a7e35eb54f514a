"""Sound as broadcast has it: AAC with a header in every packet."""

import av
import numpy as np
import pytest

from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from tests.stages.encoded import untouched
from transport.messages import CleanFrame, Frame


@pytest.fixture(scope="module")
def broadcast(tmp_path_factory):
    """Ten frames and 3 s of sound in a transport stream."""
    path = tmp_path_factory.mktemp("adts") / "in.ts"
    with av.open(str(path), "w") as output:
        video = output.add_stream("mpeg2video", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream("aac", rate=44100, layout="stereo")
        for i in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((72, 64), 20 * i, np.uint8), "yuv420p")
            output.mux(video.encode(picture))
        tone = np.sin(np.arange(3 * 44100) / 20).astype(np.float32)
        samples = av.AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
        samples.sample_rate = 44100
        output.mux([*video.encode(None), *sound.encode(samples), *sound.encode(None)])
    return path


def cleaned(source, target):
    items = decode(str(source), DecodeConfig())
    clean = (CleanFrame(frame=item, patch=untouched(item)) if isinstance(item, Frame) else item for item in items)
    assert list(encode(clean, str(target), EncodeConfig()))


def samples(path):
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
def test_every_sample_of_it_is_carried_into_every_container(broadcast, tmp_path, suffix):
    cleaned(broadcast, tmp_path / f"out.{suffix}")
    before, after = samples(broadcast), samples(tmp_path / f"out.{suffix}")
    assert before.shape[1] > 2.9 * 44100
    assert np.array_equal(before, after)
