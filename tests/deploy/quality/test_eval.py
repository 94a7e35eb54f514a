"""`cleanplate eval`: files in, a table and files out; whatever is wrong is said in one sentence with its exit code."""

import json
import re
import shlex
import shutil

import cv2
import numpy as np
import pytest

from deploy.cli import main
from deploy.quality.psnr import CAP, psnr
from stages.decode.config import DecodeConfig
from stages.decode.decode import probe
from tests.clips import Clip, make
from tests.deploy.bad_things import OPTION, OUTPUT, PROMPT, SOURCE, USAGE
from tests.runs import frames_of

SIZE = (80, 96)
FRAMES = 5


def picture(seq):
    y, x, channel = np.mgrid[: SIZE[0], : SIZE[1], :3]
    return np.rint(127 + 50 * np.sin((x + seq) / 6 + channel) + 40 * np.cos(y / 5)).astype(np.uint8)


def hole():
    mask = np.zeros(SIZE, np.uint8)
    mask[30:50, 40:70] = 255
    return mask


def filled(seq):
    """Return the picture with something in its hole that is wrong by 12 in every sample."""
    return np.where(hole()[..., None] > 0, picture(seq) + np.uint8(12), picture(seq))


@pytest.fixture
def at(tmp_path, monkeypatch):
    """A folder with a reference, an output that is wrong in the hole, and the mask."""
    monkeypatch.chdir(tmp_path)
    for name, drawn in (("ref", picture), ("out", filled)):
        (tmp_path / name).mkdir()
        for seq in range(FRAMES):
            cv2.imwrite(f"{name}/{seq:03}.png", drawn(seq)[..., ::-1])
    cv2.imwrite("mask.png", hole())
    make(tmp_path / "small.mkv", Clip(codec="ffv1", frames=FRAMES))
    return tmp_path


def run(words):
    try:
        return main(shlex.split(f"eval {words}"))
    except SystemExit as leaving:
        return int(str(leaving.code))


def test_all_values_are_in_the_file_and_the_means_in_the_table(at, capfd):
    assert run("--reference ref --output out --mask mask.png --json s.json") == 0
    said = json.loads((at / "s.json").read_text())
    assert [score["seq"] for score in said["frames"]] == list(range(FRAMES))
    expected = np.mean([psnr(picture(seq), filled(seq)) for seq in range(FRAMES)])
    in_hole = psnr(np.zeros(1, np.uint8), np.full(1, 12, np.uint8))
    assert said["clip"]["psnr"] == pytest.approx(expected)
    assert said["clip"]["hole_psnr"] == pytest.approx(in_hole)
    assert said["clip"]["ssim"] == pytest.approx(np.mean([score["ssim"] for score in said["frames"]]))
    assert said["frames"][0]["flicker"]["hole"] is None
    assert said["frames"][1]["flicker"]["hole"] is not None
    table = capfd.readouterr().out
    assert f"{expected:.2f}" in table
    assert f"{in_hole:.2f}" in table
    assert f"{FRAMES} frames, {FRAMES} with a hole" in table


def test_equal_videos_are_said_to_be(at, capfd):
    assert run("--reference ref --output ref --json s.json") == 0
    assert f"{FRAMES} of {FRAMES} frames are identical, counted as {CAP:g} dB each" in capfd.readouterr().out
    clip = json.loads((at / "s.json").read_text())["clip"]
    assert (clip["identical"], clip["psnr"], clip["masked"], clip["hole_psnr"]) == (FRAMES, CAP, 0, None)


def test_small_pictures_are_measured_without_ssim(at, capfd):
    assert run("--reference small.mkv --output small.mkv") == 0
    assert "no SSIM: the pictures are smaller than its window of 65 pixels" in capfd.readouterr().out


def test_the_sheet_shows_moments_over_the_whole_clip_with_black_where_nothing_differs(at):
    assert run("--reference ref --output out --mask mask.png --sheet s.png") == 0
    sheet = cv2.imread("s.png")
    assert sheet.shape[1] > FRAMES * SIZE[1]
    assert sheet.shape[0] > 3 * SIZE[0]
    last = sheet[-8 - SIZE[0] : -8, -8 - SIZE[1] : -8]  # the difference at the last moment; the sheet's gap is 8
    assert last[35:45, 45:65].min() == last[35:45, 45:65].max() == 48  # four times twelve
    assert last[:20].max() == 0


def test_the_video_of_differences_has_the_references_frames_and_times(at):
    make(at / "a.mkv", Clip(codec="ffv1", width=96, height=80, frames=6, fps=10))
    make(at / "b.mkv", Clip(codec="ffv1", width=96, height=80, frames=6, fps=10, first=1))
    assert run("--reference a.mkv --output b.mkv --difference d.mkv") == 0
    frames = frames_of(at / "d.mkv")
    assert len(frames) == 6
    info = probe("d.mkv", DecodeConfig())
    assert frames[5].pts * info.time_base[0] / info.time_base[1] == pytest.approx(0.5)
    assert max(frame.planes[0].max() for frame in frames) > 60


def test_force_replaces_files_and_a_failing_run_does_not(at):
    (at / "s.json").write_text("precious")
    (at / "s.png").write_text("precious")
    assert run("--reference ref --output small.mkv --json s.json --sheet s.png --force") == SOURCE
    assert run("--reference ref --output out --mask gone.png --json s.json --sheet s.png --force") == PROMPT
    assert (at / "s.json").read_text() == (at / "s.png").read_text() == "precious"
    assert run("--reference ref --output out --json s.json --sheet s.png --force") == 0
    assert json.loads((at / "s.json").read_text())["clip"]["frames"] == FRAMES
    assert cv2.imread("s.png") is not None


def test_flow_of_the_output_is_another_measure(at):
    assert run("--reference ref --output out --mask mask.png --json a.json") == 0
    shutil.copytree("ref", "still")
    for seq in range(FRAMES):
        cv2.imwrite(f"still/{seq:03}.png", picture(0)[..., ::-1])
    assert run("--reference ref --output still --mask mask.png --json b.json") == 0
    assert run("--reference ref --output still --mask mask.png --json c.json --flow output") == 0
    b, c = (json.loads((at / name).read_text())["clip"]["flicker"]["whole"] for name in ("b.json", "c.json"))
    assert c == 0
    assert b > 0  # a still picture does not follow the reference


def test_learned_measures_join_where_their_weights_are_given(at, capfd):
    """Random weights: equal videos are at no distance from each other whatever they are."""
    torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")
    from stages.nets.i3d import InceptionI3d
    from stages.nets.lpips import Lpips

    torch.save(Lpips().state_dict(), "lpips.pth")
    torch.save(InceptionI3d().state_dict(), "i3d.pt")
    weights = "--lpips-weights lpips.pth --vfid-weights i3d.pt"
    assert run(f"--reference ref --output ref {weights} --json same.json") == 0
    assert run(f"--reference ref --output out {weights} --json other.json") == 0
    same, other = (json.loads((at / name).read_text()) for name in ("same.json", "other.json"))
    assert (same["clip"]["lpips"], same["clip"]["vfid"]) == (0, 0)
    assert other["clip"]["vfid"] > 0
    assert all(score["lpips"] != 0 for score in other["frames"])
    assert "a single one has no spread" in capfd.readouterr().out


CASES = {
    "a reference that is not there": ("--reference gone --output out", SOURCE, r"gone.*no such file"),
    "an output that is not there": ("--reference ref --output gone.mp4", SOURCE, r"gone\.mp4.*no such file"),
    "another size": ("--reference ref --output small.mkv", SOURCE, r"ref is 96x80, small\.mkv is 64x48: they must be"),
    "another length": ("--reference ref --output short", SOURCE, r"short ends after 4 frames, ref goes on"),
    "no more reference": ("--reference short --output ref", SOURCE, r"short ends after 4 frames, ref goes on"),
    "standard input twice": ("--reference - --output -", OPTION, r"cannot both be standard input"),
    "a mask that is not there": ("--reference ref --output out --mask no.png", PROMPT, r"no\.png does not exist"),
    "a mask of another size": ("--reference ref --output out --mask wide.png", PROMPT, r"wide\.png is 99x80"),
    "a mask of nothing": ("--reference ref --output out --mask dark.png", PROMPT, r"dark\.png marks nothing in any of"),
    "too few masks": ("--reference ref --output out --mask one", PROMPT, r"frame 1 has no mask: one ends after 1"),
    "a file that exists": (
        "--reference ref --output out --json mask.png",
        OUTPUT,
        r"mask\.png already exists; --force",
    ),
    "an input as a file": (
        "--reference small.mkv --output small.mkv --json small.mkv --force",
        OUTPUT,
        r"small\.mkv is the reference itself",
    ),
    "a folder as a file": ("--reference ref --output out --sheet one", OUTPUT, r"one is a folder, a file expected"),
    "a file in no folder": ("--reference ref --output out --sheet no/s.png", OUTPUT, r"there is no folder .*/no"),
    "a video that exists": (
        "--reference ref --output out --difference small.mkv",
        OUTPUT,
        r"small\.mkv already exists; --force",
    ),
    "a video of no kind": ("--reference ref --output out --difference d.xyz", OUTPUT, r"the suffix \.xyz"),
    "a flow of nobody": ("--reference ref --output out --flow mine", OPTION, r"there is no flow of 'mine'"),
    "weights that are not there": (  # or no torch to read them with
        "--reference ref --output out --lpips-weights gone.pth",
        OPTION,
        r"LPIPS: checkpoint gone\.pth cannot be read|need torch; pip install 'cleanplate\[learned\]'",
    ),
    "weights of a picture": (
        "--reference ref --output out --vfid-weights mask.png",
        OPTION,
        r"VFID: mask\.png is not a checkpoint|need torch",
    ),
    "no output": ("--reference ref", USAGE, r"--output"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_ends_in_one_sentence_and_leaves_no_file(at, capfd, name):
    words, code, says = CASES[name]
    cv2.imwrite("wide.png", np.full((80, 99), 255, np.uint8))
    cv2.imwrite("dark.png", np.full(SIZE, 100, np.uint8))
    (at / "one").mkdir()
    cv2.imwrite("one/0.png", hole())
    shutil.copytree("ref", "short")
    (at / "short" / "004.png").unlink()
    before = sorted(at.rglob("*"))
    more = "" if "--json" in words else " --json s.json"
    assert run(words + more) == code
    out, err = capfd.readouterr()
    said = [line for line in err.splitlines() if line.startswith("cleanplate: ")]
    assert len(said) == 1
    assert re.search(says, said[0])
    assert "Traceback" not in out + err
    assert sorted(at.rglob("*")) == before
