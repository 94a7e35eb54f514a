"""Every way of pointing at something, through the whole program: the object is covered, and it alone."""

import cv2
import numpy as np
import pytest

from stages.pixels import luma
from tests.deploy.bad_things import PROMPT
from tests.runs import cleanplate, frames_of

WIDTH, HEIGHT, FRAMES, SIDE = 192, 128, 24, 36
STEP = 4  # pixels a frame
SHOWN = 6  # frames without the object, so that a still camera is known to be one


def noise(seed, size, tint):
    """A texture of one tint."""
    grain = np.random.default_rng(seed).normal(0, 1, size).astype(np.float32)
    grain = sum(s * cv2.GaussianBlur(grain, (0, 0), s) for s in (1.5, 4))
    grain = cv2.normalize(grain, None, 0.5, 1.0, cv2.NORM_MINMAX)
    return (grain[..., None] * np.array(tint, np.float32)).astype(np.uint8)


def truth(seq):
    """The object's true mask: a disc that enters after some frames and moves to the right."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    if seq >= SHOWN:
        cv2.circle(mask, (24 + STEP * (seq - SHOWN), 64), SIDE // 2, 255, -1)
    return mask


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A folder of pictures, and where the disc is in its first one."""
    folder = tmp_path_factory.mktemp("scene")
    (folder / "in").mkdir()
    background, disc = noise(1, (HEIGHT, WIDTH), (80, 200, 90)), noise(2, (SIDE, SIDE), (60, 70, 230))
    for seq in range(SHOWN + FRAMES):
        picture, mask = background.copy(), truth(seq)
        if mask.any():
            x, y, width, height = cv2.boundingRect(mask)
            inside = mask[y : y + height, x : x + width] > 0
            picture[y : y + height, x : x + width][inside] = cv2.resize(disc, (width, height))[inside]
        assert cv2.imwrite(str(folder / "in" / f"{seq:03}.png"), picture)
    assert cv2.imwrite(str(folder / "first.png"), truth(SHOWN))
    return folder


def track(scene, tmp_path, *words):
    """Return the masks, (frames, H, W) of True and False."""
    done = cleanplate("remove", str(scene / "in"), "--track-only", f"{tmp_path}/masks.mkv", *words)
    assert done.returncode == 0, done.stderr
    return np.stack([luma(frame) >= 128 for frame in frames_of(tmp_path / "masks.mkv")])


@pytest.mark.parametrize(
    "words",
    [
        "--box 4,44,40,40@6f",
        "--point 24,64@6f",
        "--point 24,64@6f --not-point 60,20@6f",
        "--mask FIRST@6f",
        "--box disc=4,44,40,40@0.24 --point disc=64,64@16f",
        "--target moving",
    ],
)
def test_the_object_is_covered_from_its_first_frame_to_its_last_and_little_else_is(words, scene, tmp_path):
    masks = track(scene, tmp_path, *words.replace("FIRST", str(scene / "first.png")).split())
    true = np.stack([truth(seq) > 0 for seq in range(SHOWN + FRAMES)])
    assert not masks[:SHOWN].any()
    covered = (masks & true).sum(axis=(1, 2))[SHOWN:] / true.sum(axis=(1, 2))[SHOWN:]
    around = np.stack([cv2.dilate(mask.astype(np.uint8), np.ones((25, 25))) for mask in true]) > 0
    assert covered.min() > 0.9
    assert (masks & ~around).sum() < 0.02 * true.sum()


def test_what_is_kept_is_never_covered(scene, tmp_path):
    masks = track(scene, tmp_path, "--box", "4,44,40,40@6f", "--keep", "96,0,96,128")
    assert masks[:, :, :96].any()
    assert not masks[:, :, 96:].any()


def test_replicas_and_one_process_write_the_same_bytes(scene, tmp_path):
    what = ["--box", "4,44,40,40@6f", "--engine", "telea", "--chunk", "12", "--codec", "ffv1"]
    for name, more in (("one", ["--inline"]), ("two", ["--replicas", "2"])):
        done = cleanplate("remove", str(scene / "in"), f"{tmp_path}/{name}.nut", *what, *more)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "one.nut").read_bytes() == (tmp_path / "two.nut").read_bytes()


def test_an_object_that_is_lost_ends_the_run_if_that_was_asked_for(scene, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    gone = cv2.imread(str(scene / "in" / "000.png"))
    for seq in range(16):
        picture = cv2.imread(str(scene / "in" / f"{SHOWN + 8 + seq:03}.png")) if seq < 8 else gone
        assert cv2.imwrite(str(folder / f"{seq:03}.png"), picture)
    words = ["--box", "36,44,40,40", "--lost", "stop", "--engine", "blank", "--codec", "ffv1"]
    done = cleanplate("remove", str(folder), f"{tmp_path}/out.mkv", *words)
    assert done.returncode == 12, done.stderr
    assert "is lost; --lost hold or blur would go on; frames 0 to " in done.stderr
    assert 8 <= len(frames_of(tmp_path / "out.mkv")) < 16


@pytest.mark.parametrize("way", [(), ("--inline",)])
def test_a_frame_after_the_end_is_said_and_what_was_written_stays(scene, tmp_path, way):
    """How many frames a folder or a camera gives is known at its end only."""
    target = tmp_path / "out.mkv"
    done = cleanplate("remove", str(scene / "in"), str(target), "--point", "24,64@30f", "--engine", "blank", *way)
    assert done.returncode == PROMPT
    assert "meant for frame 30, but the video ended" in done.stderr
    assert len(frames_of(target)) == SHOWN + FRAMES


def test_what_is_pointed_at_late_is_not_filled_with_how_it_looked_before(tmp_path):
    """The disc stands still in plain sight at first: the frames before it was pointed at show nothing but it there."""
    (tmp_path / "in").mkdir()
    background, red = noise(1, (HEIGHT, WIDTH), (80, 200, 90)), (40, 40, 250)
    for seq in range(20):
        picture = background.copy()
        cv2.circle(picture, (96, 64), SIDE // 2, red, -1)
        assert cv2.imwrite(str(tmp_path / "in" / f"{seq:03}.png"), picture)
    done = cleanplate("remove", f"{tmp_path}/in", f"{tmp_path}/out/", "--box", "76,44,40,40@10f")
    assert done.returncode == 0, done.stderr
    for picture in sorted((tmp_path / "out").iterdir())[10:]:
        inside = cv2.imread(str(picture))[54:74, 86:106].astype(int)
        assert (inside[..., 2] - inside[..., 1]).max() < 60  # nothing of the red
