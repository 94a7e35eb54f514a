import numpy as np

from stages.decode.side import open_template
from stages.encode.sound import pcm_packets, pcm_side_stream


def test_the_stream_is_what_its_samples_are():
    side = pcm_side_stream(3, 44100, 6)
    assert (side.index, side.kind, side.time_base) == (3, "audio", (1, 44100))
    with open_template(side) as container:
        context = container.streams[0].codec_context
        assert (context.codec.name, context.sample_rate, context.layout.nb_channels) == ("pcm_s16le", 44100, 6)


def test_the_packets_hold_every_sample_once_at_its_time():
    samples = np.arange(-500, 500, dtype=np.int16).reshape(500, 2)
    packets = list(pcm_packets(samples, index=3, rate=44100, length=120))
    assert [(packet.pts, packet.dts, packet.duration) for packet in packets] == [
        (0, 0, 120), (120, 120, 120), (240, 240, 120), (360, 360, 120), (480, 480, 20),
    ]  # fmt: skip
    assert all(packet.index == 3 and packet.time_base == (1, 44100) for packet in packets)
    data = np.concatenate([packet.data for packet in packets])
    assert np.array_equal(data.view("<i2").reshape(-1, 2), samples)
