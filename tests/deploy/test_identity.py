"""The same bytes however the work is spread: inline, one replica, two, four, and with replicas that are killed."""

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from deploy.supervisor import Supervisor
from stages.inpaint.engine import EngineOptions
from stages.pixels import component
from tests.clips import Clip, make, number
from tests.runs import frames_of, job, kill, packets_of, run, run_inline, times_of

FRAMES = 96
SEEDS = 20
KILLS: list[int] = []  # of each seed: on a busy machine a run may be over before its moment is noticed


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with sound."""
    clip = Clip(width=160, height=120, frames=FRAMES, audio=("aac",), codec="libx264")
    return make(tmp_path_factory.mktemp("source") / "clip.mkv", clip)


@pytest.fixture(scope="module")
def reference(source: Path) -> bytes:
    """What the one-process run writes."""
    target = source.with_name("inline.nut")
    assert run_inline(job(source, target, engine="telea")).code == 0
    return target.read_bytes()


@pytest.mark.parametrize("replicas", [1, 2, 4])
def test_any_number_of_replicas_writes_the_bytes_of_the_inline_run(
    source: Path, reference: bytes, tmp_path: Path, replicas: int
) -> None:
    target = tmp_path / "clean.nut"
    outcome = run(job(source, target, engine="telea", replicas=replicas))
    assert (outcome.code, outcome.ledger.frames_in, outcome.ledger.frames_out) == (0, FRAMES, FRAMES)
    assert target.read_bytes() == reference


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_replica_killed_at_a_random_moment_changes_no_byte(
    source: Path, reference: bytes, tmp_path: Path, seed: int
) -> None:
    dice, killed = random.Random(seed), [0]
    moments = sorted(dice.sample(range(1, FRAMES // 2), 2))

    def show(supervisor: Supervisor) -> None:
        encode = supervisor.children.get("encode")
        victim = f"inpaint-{dice.randrange(2)}"
        alive = victim in supervisor.children and supervisor.children[victim].process.poll() is None
        if encode and alive and len(moments) > killed[0] and encode.progress.written >= moments[killed[0]]:
            killed[0] += 1
            kill(victim)(supervisor)

    target = tmp_path / "clean.nut"
    outcome = run(job(source, target, engine="telea", replicas=2), show)
    assert (outcome.code, outcome.sentence) == (0, "")
    assert target.read_bytes() == reference
    KILLS.append(killed[0])


def test_replicas_were_killed_in_those_runs() -> None:
    if len(KILLS) < SEEDS:
        pytest.skip("not all of those runs were asked for")
    assert sum(KILLS) >= SEEDS


@pytest.mark.parametrize("look_ahead", [0, 6])
def test_replicas_write_the_bytes_of_the_inline_run_however_far_the_default_engine_looks(
    source: Path, tmp_path: Path, look_ahead: int
) -> None:
    changes = {"engine": "propagate", "inpaint": EngineOptions(look_ahead=look_ahead, fill="faithful"), "chunk": 30}
    inline, distributed = tmp_path / "inline.nut", tmp_path / "clean.nut"
    assert run_inline(job(source, inline, **changes)).code == 0
    assert run(job(source, distributed, replicas=3, **changes)).code == 0
    assert distributed.read_bytes() == inline.read_bytes()


CLIPS = {
    "yuv420p": Clip(pixel_format="yuv420p", codec="ffv1"),
    "yuv422p10": Clip(pixel_format="yuv422p10le", codec="ffv1"),
    "yuv444p": Clip(pixel_format="yuv444p", codec="ffv1"),
    "nv12": Clip(pixel_format="nv12", codec="rawvideo"),
    "rgb24": Clip(pixel_format="rgb24", codec="rawvideo"),
    "gbrp10": Clip(pixel_format="gbrp10le", codec="ffv1"),
    "odd": Clip(width=63, height=37, codec="ffv1"),
    "rotated": Clip(codec="ffv1", rotation=90),
    "one frame": Clip(codec="ffv1", frames=1),
    "five frames": Clip(codec="ffv1", frames=5),
    "thirteen frames": Clip(codec="ffv1", frames=13),
}


@pytest.mark.parametrize("name", CLIPS)
def test_pixels_outside_the_mask_are_the_decoders_own(tmp_path: Path, name: str) -> None:
    clip = CLIPS[name]
    suffix = ".nut" if clip.codec == "rawvideo" else ".mkv"
    source, target = make(tmp_path / f"in{suffix}", clip), tmp_path / "out.mkv"
    assert run(job(source, target, replicas=2)).code == 0
    before, after = frames_of(source), frames_of(target)
    assert len(before) == len(after) == clip.frames
    assert [number(frame) for frame in after] == list(range(clip.frames))
    assert times_of(target) == times_of(source)
    for old, new in zip(before, after, strict=True):
        assert old.format.rotation == new.format.rotation
        letters = "RGB" if "rgb" in name or name == "gbrp10" else "YUV"
        for letter in letters:
            a, b = component(old, letter), component(new, letter)
            scale_x, scale_y = clip.width / a.shape[1], clip.height / a.shape[0]
            outside = np.ones(a.shape, bool)  # the region, its 4 px of growth and 3 of feather, and a chroma cell
            outside[int(12 / scale_y) : int(41 / scale_y), int(12 / scale_x) : int(45 / scale_x)] = False
            assert (a[outside] == b[outside]).all()
        assert (component(old, letters[0])[25:30, 25:30] != component(new, letters[0])[25:30, 25:30]).any()


def test_variable_frame_rate_keeps_every_pts_and_sound_keeps_every_byte(tmp_path: Path) -> None:
    pts = tuple(int(n * 40 + (n % 3) * 7) for n in range(30))
    clip = Clip(frames=30, codec="ffv1", pts=pts, time_base=Fraction(1, 1000), audio=("aac",))
    source, target = make(tmp_path / "in.mkv", clip), tmp_path / "out.mkv"
    assert run(job(source, target)).code == 0
    assert [frame.pts for frame in frames_of(target)] == [frame.pts for frame in frames_of(source)]
    before, after = packets_of(source), packets_of(target)
    assert [bytes(packet.data) for packet in after] == [bytes(packet.data) for packet in before]
    assert [packet.pts for packet in after] == [packet.pts for packet in before]
