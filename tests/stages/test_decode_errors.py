"""Sources that are not what they should be: one sentence each, and everything before the fault."""

import os
import traceback

import av
import pytest

from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.decode.names import public_name
from stages.errors import OptionError, SourceError
from tests.clips import SUBTITLES, Clip, make, make_folder, number, video_packets, video_stream
from transport.messages import Frame, Packet

CONFIG = DecodeConfig(timeout_s=5)


def until_it_breaks(source, config=CONFIG):
    """Return the frames that came, and the error's sentence."""
    frames = []
    with pytest.raises(SourceError) as caught:
        for message in decode(str(source), config):
            if isinstance(message, Frame):
                frames.append(message)
    assert "\n" not in str(caught.value)
    return frames, str(caught.value)


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("faststart.mp4", {"movflags": "faststart"}),
        ("fragments.mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("clip.mkv", {}),
        ("clip.flv", {}),
    ],
)
def test_a_file_that_is_cut_off_gives_all_before_the_cut(tmp_path, name, options):
    clip = Clip(frames=60, width=128, height=96, audio=("aac",), container_options=options)
    frames, message = until_it_breaks(cut(make(tmp_path / name, clip), 0.6))
    assert f"{name} broke off after frame {len(frames) - 1}: " in message
    assert 20 < len(frames) < 55
    assert [number(frame) for frame in frames[:-4]] == list(range(len(frames) - 4))


def test_a_file_that_is_cut_between_two_pictures_does_not_pass_for_whole(tmp_path):
    path = make(
        tmp_path / "clip.mp4", Clip(frames=30, options={"bf": "0"}, container_options={"movflags": "faststart"})
    )
    with av.open(str(path)) as container:
        middle = [packet.pos for packet in container.demux(video=0) if packet.size][20]
    path.write_bytes(path.read_bytes()[:middle])
    frames, message = until_it_breaks(path)
    assert [number(frame) for frame in frames] == list(range(20))
    assert "broke off after frame 19: its index goes on to" in message


def test_a_transport_stream_that_is_cut_off_gives_all_before_the_cut(tmp_path):
    path = cut(make(tmp_path / "clip.ts", Clip(frames=60, width=128, height=96, options={"bf": "0"})), 0.6)
    frames = [message for message in decode(str(path), CONFIG) if isinstance(message, Frame)]
    assert 20 < len(frames) < 55
    assert [number(frame) for frame in frames[:-1]] == list(range(len(frames) - 1))  # the last may lack its end


def test_a_file_without_its_index_is_not_a_video(tmp_path):
    frames, message = until_it_breaks(cut(make(tmp_path / "clip.mp4", Clip()), 0.9))
    assert frames == []
    assert message == f"{tmp_path}/clip.mp4 cannot be read as video: it ends too early"


def test_a_picture_that_cannot_be_decoded_ends_a_file(tmp_path):
    path = spoiled(tmp_path / "clip.mkv", 8)
    frames, message = until_it_breaks(path)
    assert "broke off after frame" in message
    assert [number(frame) for frame in frames[:8]] == list(range(8))


def test_pictures_that_wait_in_the_decoder_come_before_the_error(tmp_path):
    path = make(tmp_path / "clip.mkv", Clip(frames=40, options={"bf": "3", "b_strategy": "0"}))
    with av.open(str(path)) as container:
        packets = [(packet.pts, bytes(packet)) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    spoiled_at = data.find(packets[25][1])
    data[spoiled_at : spoiled_at + len(packets[25][1])] = b"\xff" * len(packets[25][1])
    path.write_bytes(data)
    frames, message = until_it_breaks(path)
    assert "broke off after frame" in message
    assert {pts for pts, _ in packets[:25]} <= {frame.pts for frame in frames}


def test_a_live_source_may_lose_a_packet(tmp_path, caplog):
    path = spoiled(tmp_path / "clip.mkv", 8)
    frames = [m for m in decode(str(path), DecodeConfig(tolerate=5)) if isinstance(m, Frame)]
    assert [number(frame) for frame in frames] == [seq for seq in range(13) if seq != 8]
    assert [frame.seq for frame in frames] == list(range(12))
    assert "1 packets could not be decoded" in caplog.text


def test_a_folder_with_a_broken_image_gives_those_before(tmp_path):
    folder = make_folder(tmp_path / "shot", Clip(codec="png", pixel_format="rgb24"), ["0.png", "1.png", "2.png"])
    (folder / "1.png").write_bytes(b"not a picture")
    frames, message = until_it_breaks(folder)
    assert [number(frame) for frame in frames] == [0]
    assert "broke off after frame 0: 1.png cannot be read as an image" in message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.mp4", b"", "is empty"),
        ("notes.txt", b"only words\n" * 99, "is text"),
        ("notes.mp4", b"only words\n" * 99, "cannot be read as video"),
        ("words.srt", SUBTITLES.encode(), "has no video, only subtitle"),
        ("noise.mkv", bytes(range(256)) * 40, "cannot be read as video"),
    ],
)
def test_what_is_no_video_is_called_by_its_name(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    frames, message = until_it_breaks(tmp_path / name)
    assert frames == []
    assert message.startswith(f"{tmp_path / name} {words}")


def test_a_source_that_is_not_there_is_said_to_be_missing(tmp_path):
    assert until_it_breaks(tmp_path / "none.mp4")[1] == f"{tmp_path}/none.mp4 cannot be read: no such file or directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_source_that_may_not_be_read_is_said_to_be_forbidden(tmp_path):
    path = make(tmp_path / "clip.mp4", Clip(frames=1))
    path.chmod(0)
    assert "permission denied" in until_it_breaks(path)[1]


def test_a_folder_without_images_is_refused(tmp_path):
    assert "is a folder without images" in until_it_breaks(tmp_path)[1]


def test_sound_alone_is_refused(tmp_path):
    path = tmp_path / "song.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.sample_rate, frame.pts = 48000, 0
        output.mux([*stream.encode(frame), *stream.encode(None)])
    assert until_it_breaks(path)[1] == f"{path} has no video, only audio"


def test_a_header_that_asks_for_a_giant_picture_is_refused(tmp_path):
    path = tmp_path / "giant.bmp"
    size = (60000).to_bytes(4, "little")
    header = b"BM" + bytes(8) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little") + size + size
    path.write_bytes(header + b"\1\0\x18\0" + bytes(24) + bytes(4096))
    frames, _ = until_it_breaks(path)
    assert frames == []


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://admin:hunter2@127.0.0.1:9/stream",
        "http://admin:hunter2@127.0.0.1:9/live.m3u8",
        "rtsp://admin:hunter2@home@127.0.0.1:9/stream",
        "http://127.0.0.1:9/live?user=admin&password=hunter2",
        "nonsense://admin:hunter2@127.0.0.1/live",
    ],
)
def test_a_password_is_in_no_error_and_no_traceback(url):
    with pytest.raises(SourceError) as caught:
        next(decode(url, CONFIG))
    told = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in told.replace(f'"{url}"', "")


def test_a_public_name_keeps_what_is_not_secret():
    assert public_name("rtsp://user:pass@camera:554/a/b@c") == "rtsp://camera:554/a/b@c"
    assert public_name("http://host/x?channel=1&token=abc#t") == "http://host/x?channel=1&token=***#t"
    assert public_name("folder/me@home://clip.mp4") == "folder/me@home://clip.mp4"
    assert public_name("rtmp://user:pass@server/live2/abcd-efgh?x=1") == "rtmp://server/live2/***?x=1"
    assert public_name("rtmps://server/app/live/abcd") == "rtmps://server/app/live/***"
    assert public_name("rtmp://server/live") == "rtmp://server/live"
    assert public_name("-") == "standard input"


def test_standard_input_cannot_be_played_twice():
    assert "cannot be played more than once" in until_it_breaks("-", DecodeConfig(loop=2))[1]


@pytest.mark.parametrize("option", [{"fps": 0}, {"loop": 0}, {"threads": -1}, {"tolerate": -1}, {"timeout_s": 0}])
def test_a_setting_that_cannot_be_is_refused(option):
    with pytest.raises(OptionError):
        DecodeConfig(**option)


def test_packets_before_a_picture_that_never_comes_are_not_kept_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("stages.decode.decode.BYTES_BEFORE_PICTURE", 1000)
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as output:
        sound = output.add_stream("pcm_s16le", rate=48000, layout="mono")
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for pts in range(0, 48000, 960):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            frame.sample_rate, frame.pts = 48000, pts
            output.mux(sound.encode(frame))
        late = av.VideoFrame(64, 48, "yuv420p")
        late.pts = 25
        output.mux([*stream.encode(late), *stream.encode(None)])
    assert "has no picture in its first" in until_it_breaks(path)[1]


def test_packets_that_lie_before_the_first_picture_follow_it(tmp_path):
    path = make(tmp_path / "clip.mp4", Clip(audio=("aac",)))
    messages = list(decode(str(path), CONFIG))
    assert isinstance(messages[1], Frame)
    packets = [message for message in messages if isinstance(message, Packet)]
    assert [packet.pts for packet in packets] == sorted(packet.pts for packet in packets)


def spoiled(path, seq):
    """Write a clip of pictures that stand alone, one of which is noise."""
    with av.open(str(path), "w") as output:
        clip = Clip(codec="ffv1", options={"g": "1"})
        for place, packet in enumerate(video_packets(video_stream(output, clip), clip)):
            if place == seq:
                noise = av.Packet(b"\xff" * 40)
                noise.pts, noise.dts, noise.time_base = packet.pts, packet.dts, packet.time_base
                noise.stream, noise.is_keyframe = packet.stream, True
                packet = noise
            output.mux(packet)
    return path
