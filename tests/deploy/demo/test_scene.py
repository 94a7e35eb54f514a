import cv2
import numpy as np
import pytest

from deploy.demo.clip import write_clip, yuv420p
from deploy.demo.scene import Scene
from deploy.demo.soundtrack import RATE
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.errors import SinkError
from stages.pixels import luma
from stages.segment.cuts import CutDetector
from transport.messages import Frame, Packet

SMALL = {"width": 160, "height": 90, "frames": 12}


@pytest.fixture(scope="module")
def scene():
    return Scene(**SMALL)


@pytest.mark.parametrize("i", [0, 5, 11])
def test_outside_the_mask_the_frame_is_the_plate(scene, i):
    frame, plate, mask = scene.frame(i), scene.plate(i), scene.mask(i)
    assert frame.shape == plate.shape == (90, 160, 3)
    assert np.array_equal(frame[mask == 0], plate[mask == 0])


@pytest.mark.parametrize("i", [0, 5, 11])
def test_inside_the_mask_nearly_everything_differs(scene, i):
    mask = scene.mask(i)
    changed = (scene.frame(i) != scene.plate(i)).any(axis=2)
    assert set(np.unique(mask)) == {0, 255}
    assert 0.02 < (mask > 0).mean() < 0.2
    assert changed[mask > 0].mean() > 0.9


def test_the_mask_holds_the_shadow(scene):
    frame, plate, mask = scene.frame(5).astype(float), scene.plate(5).astype(float), scene.mask(5)
    ground = np.zeros_like(mask, bool)
    ground[-6:] = True  # below his feet
    shaded = ground & (mask > 0)
    assert shaded.sum() > 20
    assert (frame[shaded] <= plate[shaded] + 1).all()
    assert frame[shaded].mean() < 0.9 * plate[shaded].mean()


def test_the_walker_walks_and_the_camera_moves(scene):
    middles = [np.nonzero(scene.mask(i)[:70])[1].mean() for i in range(12)]
    assert middles == sorted(middles)
    assert middles[0] < 0.3 * 160
    assert middles[-1] > 0.7 * 160
    assert (scene.plate(0) != scene.plate(11)).mean() > 0.5


def test_the_same_numbers_give_the_same_bytes(scene):
    again = Scene(**SMALL)
    assert np.array_equal(scene.frame(7), again.frame(7))
    assert np.array_equal(scene.mask(7), again.mask(7))
    assert np.array_equal(scene.sound(), again.sound())


def test_frames_may_be_asked_for_in_any_order(scene):
    first = scene.frame(3)
    scene.frame(9)
    assert np.array_equal(scene.frame(3), first)


def test_the_scene_is_one_shot(scene):
    detector = CutDetector()
    assert not any(detector.step(cv2.cvtColor(scene.frame(i), cv2.COLOR_RGB2GRAY)) for i in range(12))


def test_the_sound_is_as_long_as_the_pictures_and_never_clips(scene):
    sound = scene.sound()
    assert sound.shape == (RATE // 2, 2)
    assert 3000 < np.abs(sound).max() < 32767


def test_the_steps_are_heard_from_where_the_walker_is():
    sound = Scene(**{**SMALL, "frames": 96}).sound().astype(float)
    sharp = np.abs(np.diff(sound, n=2, axis=0))  # the chord is far smoother
    sides = [sharp[part].sum(axis=0) for part in (slice(0, RATE), slice(-RATE, None))]
    assert sides[0][0] > 1.2 * sides[0][1]
    assert sides[1][1] > 1.2 * sides[1][0]


@pytest.mark.parametrize("wrong", [{"width": 161}, {"height": 30}, {"frames": 0}, {"fps": 0}])
def test_a_size_that_makes_no_clip_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Scene(**{**SMALL, **wrong})


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [  # ITU-R BT.709, limited range
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_become_bt709(rgb, yuv):
    planes = yuv420p(np.full((4, 6, 3), rgb, np.uint8))
    assert [plane.shape for plane in planes] == [(4, 6), (2, 3), (2, 3)]
    assert [plane[0, 0] for plane in planes] == list(yuv)
    assert all((plane == plane[0, 0]).all() for plane in planes)


@pytest.fixture(scope="module")
def clip(scene, tmp_path_factory):
    return write_clip(scene, tmp_path_factory.mktemp("demo") / "new")


def test_the_plate_is_written_without_loss(scene, clip):
    frames = [item for item in decode(str(clip.plate), DecodeConfig()) if isinstance(item, Frame)]
    assert len(frames) == 12
    for i, frame in enumerate(frames):
        assert all(np.array_equal(a, b) for a, b in zip(frame.planes, yuv420p(scene.plate(i)), strict=True))


def test_the_video_holds_the_frames_their_colours_and_the_sound(scene, clip):
    info, *items = decode(str(clip.video), DecodeConfig())
    assert (info.format.color_range, info.format.matrix, info.format.primaries, info.format.transfer) == (1, 1, 1, 1)
    frames = [item for item in items if isinstance(item, Frame)]
    assert len(frames) == 12
    for i, frame in enumerate(frames):
        error = luma(frame).astype(float) - yuv420p(scene.frame(i))[0]
        assert np.abs(error).mean() < 4  # lossy, but this frame and no other
    seconds = [frame.pts * info.time_base[0] / info.time_base[1] for frame in frames]
    assert seconds == pytest.approx([i / 24 for i in range(12)], abs=0.0006)  # Matroska counts milliseconds
    packets = [item for item in items if isinstance(item, Packet)]
    sound = np.concatenate([packet.data for packet in packets]).view("<i2").reshape(-1, 2)
    assert np.array_equal(sound, scene.sound())


def test_sound_and_pictures_are_interleaved(clip):
    kinds = [isinstance(item, Packet) for item in decode(str(clip.video), DecodeConfig())]
    middle = kinds[len(kinds) // 4 : -len(kinds) // 4]
    assert any(middle)
    assert not all(middle)


def test_there_is_a_mask_for_every_frame(scene, clip):
    paths = sorted(clip.masks.iterdir())
    assert [path.name for path in paths] == [f"{i:05}.png" for i in range(12)]
    for i, path in enumerate(paths):
        assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), scene.mask(i))


def test_a_place_that_cannot_be_written_is_named(scene, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SinkError, match=r"the demo's folder .*file.*masks cannot be made"):
        write_clip(scene, tmp_path / "file")
