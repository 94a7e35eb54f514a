"""The budget of the default engine on large pictures: what is refused, with which number, and that the number holds."""

import re
from pathlib import Path

import pytest

from deploy.budget import Shares, share
from deploy.cli import main
from stages.errors import OptionError
from stages.inpaint.engine import EngineKind, EngineOptions
from stages.inpaint.engines import find_engine
from stages.pixels import frame_bytes
from tests.clips import Clip, make
from tests.deploy.bad_things import OPTION
from tests.runs import frames_of
from transport.messages import PictureFormat

MIB = 1 << 20
KINDS = {
    f"{fill}, {frames} ahead": find_engine("propagate", EngineOptions(fill=fill, look_ahead=frames))
    for fill in ("sharp", "faithful")
    for frames in (0, 6)
}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_format = pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "rgb24"])
every_count = pytest.mark.parametrize("replicas", [1, 3])


def uhd(pixel_format: str) -> PictureFormat:
    return PictureFormat(width=3840, height=2160, pixel_format=pixel_format)


def shares(memory: int, picture: PictureFormat, kind: EngineKind, replicas: int = 1, chunk: int = 0) -> Shares:
    return share(memory, picture=picture, kind=kind, replicas=replicas, chunk=chunk, info_bytes=4096)


def enough(picture: PictureFormat, kind: EngineKind, replicas: int = 1, chunk: int = 0) -> int:
    """Return the bytes that the refusal of a hopeless budget says would do."""
    with pytest.raises(OptionError) as caught:
        shares(MIB, picture, kind, replicas, chunk)
    said = re.search(r": (\d+)MiB would do$", str(caught.value))
    assert said, caught.value
    return int(said[1]) * MIB


@every_kind
def test_too_little_for_4k_is_refused_with_what_was_asked_for_and_the_number_that_would_do(kind: EngineKind) -> None:
    with pytest.raises(OptionError) as caught:
        shares(256 * MIB, uhd("yuv420p"), kind)
    assert re.fullmatch(
        r"--memory 256MiB is too small for 3840x2160 yuv420p, 1 replica and chunks of 12 frames: \d+MiB would do",
        str(caught.value),
    )
    assert 256 * MIB < enough(uhd("yuv420p"), kind) < 4096 * MIB


@every_kind
@every_format
@every_count
@pytest.mark.parametrize("chunk", [0, 50])
def test_the_number_is_enough_and_hardly_more(kind: EngineKind, pixel_format: str, replicas: int, chunk: int) -> None:
    picture = uhd(pixel_format)
    memory = enough(picture, kind, replicas, chunk)
    shares(memory, picture, kind, replicas, chunk)
    with pytest.raises(OptionError):
        shares(memory - 3 * MIB, picture, kind, replicas, chunk)


@every_kind
@every_format
@every_count
@pytest.mark.parametrize("spare", [0, 700 * MIB])
def test_the_parts_with_window_and_state_are_within_the_whole(
    kind: EngineKind, pixel_format: str, replicas: int, spare: int
) -> None:
    picture = uhd(pixel_format)
    memory = enough(picture, kind, replicas) + spare
    parts = shares(memory, picture, kind, replicas)
    window = (kind.reach.look_ahead - kind.reach.offsets[0] + 1) * frame_bytes(picture)
    replica = parts.work + parts.patches + window + kind.state_bytes(picture)
    assert 2 * parts.link + replicas * replica + parts.store <= memory
    needed = parts.lead_in + parts.chunk + parts.look_ahead
    assert needed * frame_bytes(picture) <= parts.store


def test_looking_less_far_ahead_takes_less_memory() -> None:
    needs = [enough(uhd("yuv420p"), find_engine("propagate", EngineOptions(look_ahead=n))) for n in range(7)]
    assert needs == sorted(set(needs))


def test_a_4k_clip_is_cleaned_in_the_memory_that_its_refusal_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = Clip(width=3840, height=2160, frames=2, codec="mpeg4")
    source, target = make(tmp_path / "in.mkv", clip), tmp_path / "out.mkv"
    words = ["remove", str(source), str(target), "--region", "300,200,60,40", "--inline", "--memory"]
    assert main([*words, "256MiB"]) == OPTION
    assert not list(tmp_path.glob("out*"))
    said = re.search(r"--memory 256MiB is too small for 3840x2160 .*: (\w+) would do", capfd.readouterr().err)
    assert said
    assert main([*words, said[1]]) == 0
    assert len(frames_of(target)) == 2
