"""A scene in, files out: the video with sound, a mask for every frame, and the picture without the walker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from deploy.demo.scene import Picture, Scene
from deploy.demo.soundtrack import RATE
from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.encode.sound import pcm_packets, pcm_side_stream
from stages.errors import SinkError
from stages.pixels import read
from transport.messages import Box, CleanFrame, Frame, Mask, Packet, Patch, PictureFormat, Plane, SideStream, StreamInfo

SOUND = 1  # the sound's place among the streams
BT709 = np.array([0.2126, 0.7152, 0.0722])  # shares of red, green and blue in the brightness (ITU-R BT.709)
NOTHING = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Where a scene was written."""

    video: Path
    masks: Path  # a folder with a PNG for every frame
    plate: Path  # the video that a perfect removal would give, lossless


def write_clip(scene: Scene, folder: Path) -> Clip:
    """Write a scene's files into a folder, which is made if need be; SinkError if that cannot be."""
    clip = Clip(video=folder / "scene.mkv", masks=folder / "masks", plate=folder / "plate.mkv")
    try:
        clip.masks.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"the demo's folder {clip.masks} cannot be made: {error.strerror}") from error
    for i in range(scene.frames):
        _write_mask(clip.masks / f"{i:05}.png", scene.mask(i))
    _write(_with_sound(scene), clip.video, EncodeConfig(codec="h264", crf=16, force=True))
    write_pictures(map(scene.plate, range(scene.frames)), scene.fps, clip.plate, EncodeConfig(codec="ffv1", force=True))
    return clip


def _write_mask(path: Path, mask: Plane) -> None:
    done, data = cv2.imencode(".png", mask)
    assert done, "a mask in memory always becomes a PNG"
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise SinkError(f"mask {path} cannot be written: {error.strerror}") from error


def _write(items: Iterator[StreamInfo | Packet | CleanFrame], path: Path, config: EncodeConfig) -> None:
    for _ in encode(items, str(path), config):
        pass


def write_pictures(pictures: Iterable[Picture], fps: int, path: Path, config: EncodeConfig) -> None:
    """Write RGB pictures of one even size as a video; SinkError if it cannot be written."""
    _write(_silent(pictures, fps, ()), path, config)


def _with_sound(scene: Scene) -> Iterator[StreamInfo | Packet | CleanFrame]:
    """Yield the frames and, after each, the sound that lasts as long as it."""
    side = pcm_side_stream(SOUND, RATE, 2)
    pictures = _silent(map(scene.frame, range(scene.frames)), scene.fps, (side,))
    yield next(pictures)
    packets = pcm_packets(scene.sound(), index=SOUND, rate=RATE, length=-(-RATE // scene.fps))
    for picture in pictures:
        yield picture
        yield from (packet for packet in [next(packets, None)] if packet)
    yield from packets


def _silent(
    pictures: Iterable[Picture], fps: int, sides: tuple[SideStream, ...]
) -> Iterator[StreamInfo | Packet | CleanFrame]:
    info: StreamInfo | None = None
    for seq, picture in enumerate(pictures):
        if info is None:
            info = _info(picture.shape[1], picture.shape[0], fps, sides)
            yield info
        frame = Frame(seq=seq, pts=seq, duration=1, key=seq == 0, format=info.format, planes=yuv420p(picture))
        yield CleanFrame(frame=frame, patch=Patch(seq=seq, mask=NOTHING, pixels=None))


def _info(width: int, height: int, fps: int, sides: tuple[SideStream, ...]) -> StreamInfo:
    limited_bt709 = PictureFormat(
        width=width,
        height=height,
        pixel_format="yuv420p",
        color_range=1,
        matrix=1,
        primaries=1,
        transfer=1,
        sample_aspect=(1, 1),
    )
    return StreamInfo(
        stream="scene",
        epoch=0,
        format=limited_bt709,
        time_base=(1, fps),
        frame_rate=(fps, 1),
        codec="h264",
        container="matroska",
        frames=0,
        bit_rate=0,
        metadata={"title": "A walk with a balloon"},
        video_metadata={},
        disposition=0,
        sides=sides,
        attachments=(),
        chapters=(),
    )


def rgb(frame: Frame) -> Picture:
    """Return an 8-bit yuv420p frame in limited BT.709 as RGB; the inverse of `yuv420p`, but for rounding."""
    pixels = read(frame, Box(x=0, y=0, width=frame.format.width, height=frame.format.height))
    y, blue, red = (pixels[..., 0] - 16) / 219, (pixels[..., 1] - 128) / 224, (pixels[..., 2] - 128) / 224
    r, b = y + 2 * (1 - BT709[0]) * red, y + 2 * (1 - BT709[2]) * blue
    g = (y - BT709[0] * r - BT709[2] * b) / BT709[1]
    return np.asarray(np.clip(np.rint(255 * np.stack([r, g, b], axis=2)), 0, 255), np.uint8)


def yuv420p(picture: Picture) -> tuple[Plane, Plane, Plane]:
    """Return the planes of an RGB picture with even sides, as BT.709 in limited range."""
    rgb = picture.astype(np.float32) / 255
    y = rgb @ BT709.astype(np.float32)
    blue = (rgb[..., 2] - y) / np.float32(2 * (1 - BT709[2]))
    red = (rgb[..., 0] - y) / np.float32(2 * (1 - BT709[0]))
    luma = np.rint(16 + 219 * y).astype(np.uint8)
    halves = (c.reshape(c.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)) for c in (blue, red))
    u, v = (np.rint(128 + 224 * c).astype(np.uint8) for c in halves)
    return luma, u, v
