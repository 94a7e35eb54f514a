"""Side streams: packets bit for bit, and codec parameters that survive the journey."""

from dataclasses import replace
from fractions import Fraction

import av
import pytest

from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.decode.side import open_template
from tests.clips import Clip, make, video_packets, video_stream
from transport.messages import Frame, Packet, StreamInfo

CODECS = [
    ("aac", "clip.mp4"),
    ("aac", "clip.ts"),
    ("libopus", "clip.mkv"),
    ("libopus", "clip.mp4"),
    ("flac", "clip.mkv"),
    ("alac", "clip.mov"),
    ("ac3", "clip.mp4"),
    ("libmp3lame", "clip.avi"),
    ("mp2", "clip.ts"),
    ("pcm_s16le", "clip.mkv"),
    ("pcm_s24be", "clip.mov"),
    ("pcm_mulaw", "clip.avi"),
    ("adpcm_ima_wav", "clip.avi"),
]


CLIP = Clip(frames=3)


def demuxed(path, index):
    with av.open(str(path)) as container:
        return [
            (bytes(packet), packet.pts, packet.dts, packet.duration, packet.is_keyframe)
            for packet in container.demux(container.streams[index])
            if packet.size
        ]


def read(path):
    messages = list(decode(str(path), DecodeConfig()))
    assert isinstance(messages[0], StreamInfo)
    return messages[0], [message for message in messages if isinstance(message, Packet)]


@pytest.mark.parametrize(("codec", "name"), CODECS)
def test_sound_comes_through_bit_for_bit_and_to_the_tick(tmp_path, codec, name):
    path = make(tmp_path / name, Clip(codec="mpeg4", frames=5, audio=(codec,)))
    info, packets = read(path)
    found = [(p.data.tobytes(), p.pts, p.dts, p.duration, p.key) for p in packets]
    assert found == demuxed(path, info.sides[0].index)
    assert {Fraction(*packet.time_base) for packet in packets} == {Fraction(*info.sides[0].time_base)}


@pytest.mark.parametrize(("codec", "name"), CODECS)
def test_a_template_has_the_parameters_of_its_stream(tmp_path, codec, name):
    path = make(tmp_path / name, Clip(codec="mpeg4", frames=5, audio=(codec,)))
    info, _ = read(path)
    with av.open(str(path)) as source, open_template(info.sides[0]) as template:
        right, found = source.streams.audio[0].codec_context, template.streams[0].codec_context
        assert found.codec.name == right.codec.name
        assert (found.extradata or b"") == (right.extradata or b"")
        assert (found.sample_rate, found.layout.nb_channels) == (right.sample_rate, right.layout.nb_channels)


@pytest.mark.parametrize(
    ("codec", "name"), [(codec, name) for codec, name in CODECS if not codec.startswith(("pcm_s24be", "adpcm"))]
)
def test_a_stream_that_is_muxed_from_its_template_is_the_same_again(tmp_path, codec, name):
    path = make(tmp_path / name, Clip(codec="mpeg4", frames=5, audio=(codec,)))
    info, packets = read(path)
    side = info.sides[0]
    again = tmp_path / f"again{path.suffix}"
    with open_template(side) as template, av.open(str(again), "w") as output:
        stream = output.add_stream_from_template(template.streams[0], opaque=True)
        stream.time_base = Fraction(*side.time_base)
        for packet in packets:
            copied = av.Packet(packet.data.tobytes())
            copied.pts, copied.dts, copied.duration = packet.pts, packet.dts, packet.duration
            copied.time_base, copied.stream, copied.is_keyframe = Fraction(*packet.time_base), stream, packet.key
            output.mux(copied)
    assert [packet[0] for packet in demuxed(again, 0)] == [packet.data.tobytes() for packet in packets]


@pytest.mark.parametrize(
    ("codec", "name", "texts"),
    [("mov_text", "clip.mp4", [b"\0\5first", b"\0\6second"]), ("subrip", "clip.mkv", [b"first", b"second"])],
)
def test_subtitles_come_through(tmp_path, codec, name, texts):
    info, packets = read(make(tmp_path / name, Clip(subtitles=(codec,))))
    assert [packet.data.tobytes() for packet in packets if packet.data.tobytes() != b"\0\0"] == texts
    with open_template(info.sides[0]) as template:
        assert (info.sides[0].kind, template.streams[0].type) == ("subtitle", "subtitle")


def test_the_delay_of_a_codec_is_kept_in_its_packets(tmp_path):
    path = make(tmp_path / "clip.mp4", Clip(audio=("aac",)))
    _, packets = read(path)
    assert packets[0].pts == -1024  # one block of AAC's priming, before the picture
    with av.open(str(path)) as container:
        first = next(packet for packet in container.demux(audio=0))
        assert packets[0].side_data == {data.data_type: bytes(data) for data in first.iter_sidedata()}


def test_streams_are_told_apart_and_lie_between_the_frames(tmp_path):
    path = make(tmp_path / "clip.mkv", Clip(frames=50, audio=("aac", "libopus"), codec="mpeg4"))
    messages = list(decode(str(path), DecodeConfig(threads=1)))
    assert [side.kind for side in messages[0].sides] == ["audio", "audio"]
    for side in messages[0].sides:
        found = [m.data.tobytes() for m in messages if isinstance(m, Packet) and m.index == side.index]
        assert found == [packet[0] for packet in demuxed(path, side.index)]
    kinds = [type(message) for message in messages]
    first, last = kinds.index(Frame), len(kinds) - 1 - kinds[::-1].index(Frame)
    assert kinds[first:last].count(Packet) > 100


def test_metadata_and_disposition_of_a_side_stream_are_handed_on(tmp_path):
    with av.open(str(tmp_path / "clip.mkv"), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound = output.add_stream("pcm_s16le", rate=48000, layout="mono")
        sound.metadata["language"] = "deu"
        sound.disposition = av.stream.Disposition.forced
        frame = av.VideoFrame(64, 48, "yuv420p")
        frame.pts = 0
        output.mux([*stream.encode(frame), *stream.encode(None)])
    info, _ = read(tmp_path / "clip.mkv")
    assert info.sides[0].metadata["language"] == "deu"
    assert info.sides[0].disposition & av.stream.Disposition.forced


def test_cover_art_is_a_side_stream_and_not_the_video(tmp_path):
    path = with_cover(tmp_path / "cover.mp4")
    info, packets = read(path)
    assert (info.codec, info.format.width) == ("h264", 64)
    assert [side.kind for side in info.sides] == ["video"]
    assert info.sides[0].disposition & av.stream.Disposition.attached_pic
    assert packets[0].data.tobytes()[:3] == b"\xff\xd8\xff"  # a JPEG
    with open_template(info.sides[0]) as template:
        assert template.streams[0].codec_context.codec.name == "mjpeg"


def test_a_second_video_is_a_side_stream_with_its_own_times(tmp_path):
    path, clip = tmp_path / "clip.mp4", Clip(frames=9)
    with av.open(str(path), "w") as output:
        first, second = video_stream(output, replace(clip, width=128)), video_stream(output, clip)
        for stream, made in ((first, replace(clip, width=128)), (second, clip)):
            output.mux(video_packets(stream, made))
    info, packets = read(path)
    assert info.format.width == 128
    assert any(packet.pts != packet.dts for packet in packets)  # B-frames
    found = [(p.data.tobytes(), p.pts, p.dts, p.duration, p.key) for p in packets]
    assert found == demuxed(path, info.sides[0].index)


def test_an_attached_file_is_handed_on(tmp_path):
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream = video_stream(output, CLIP)
        output.add_attachment("font.ttf", "font/ttf", b"letters")
        output.mux(video_packets(stream, CLIP))
    info, _ = read(path)
    assert [(a.name, a.mimetype, a.data.tobytes()) for a in info.attachments] == [("font.ttf", "font/ttf", b"letters")]


def test_data_of_a_transport_stream_is_carried(tmp_path):
    path = tmp_path / "clip.ts"
    with av.open(str(path), "w") as output:
        stream = video_stream(output, CLIP)
        data = output.add_data_stream("klv")
        output.mux(video_packets(stream, CLIP))
        packet = av.Packet(b"position")
        packet.stream, packet.time_base, packet.pts, packet.dts = data, Fraction(1, 25), 1, 1
        output.mux(packet)
    info, packets = read(path)
    assert [packet.data.tobytes() for packet in packets] == [b"position"]
    with open_template(info.sides[0]) as template:
        assert template.streams[0].name == "klv"


def test_what_no_container_can_carry_is_named_and_left_out(tmp_path, caplog):
    info, packets = read(make(tmp_path / "clip.mkv", Clip(codec="mpeg4", frames=3, audio=("tta", "aac"))))
    assert [side.index for side in info.sides] == [2]
    assert {packet.index for packet in packets} == {2}
    assert "stream 1 (audio, tta) is left out" in caplog.text


def with_cover(path):
    with av.open(str(path), "w") as output:
        stream = video_stream(output, CLIP)
        cover = output.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 128, 96, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(video_packets(stream, CLIP))
        frame = av.VideoFrame(128, 96, "yuvj420p")
        frame.pts = 0
        output.mux([*cover.encode(frame), *cover.encode(None)])
    return path
