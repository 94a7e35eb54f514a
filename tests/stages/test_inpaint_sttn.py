"""The engine `sttn`, with weights that are wired by hand to show what they are shown, or seeded to depend on all."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.errors import ModelError, OptionError  # noqa: E402
from stages.inpaint.chunks import ChunkPlan, chunked  # noqa: E402
from stages.inpaint.engine import EngineKind, EngineOptions, Picture  # noqa: E402
from stages.inpaint.inpaint import inpaint  # noqa: E402
from stages.inpaint.sttn.engine import Sttn  # noqa: E402
from stages.inpaint.sttn.kind import reach, sttn  # noqa: E402
from stages.inpaint.sttn.stretch import BEHIND, REFERENCES  # noqa: E402
from stages.nets.sttn import STTN  # noqa: E402
from tests.parity.sttn import seeded, wired  # noqa: E402
from tests.stages.fills import filled, off, same  # noqa: E402
from tests.stages.scenes import GREEN, MAGENTA, Scene, box, none, play  # noqa: E402
from transport.messages import PictureFormat  # noqa: E402

AHEAD = 6
STRETCH = 5


def network(weights):
    """A network of one block: the others do the same again."""
    torch.set_num_threads(1)
    net = STTN()
    net.transformer = net.transformer[:1]
    net.load_state_dict(
        {name: torch.from_numpy(value) for name, value in weights(shapes(net)).items()},
    )
    return net.eval().to(memory_format=torch.channels_last)


def shapes(net):
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


@pytest.fixture(scope="module")
def mean():
    return network(wired.weights)


@pytest.fixture(scope="module")
def entangled():
    return network(seeded.weights)


def kind(net, look_ahead=AHEAD, references=REFERENCES):
    return EngineKind(
        reach=reach(look_ahead, references),
        state_bytes=lambda picture: 0,
        start=lambda: Sttn(net, look_ahead=look_ahead, references=references),
    )


def smooth(seq):
    """A picture, 48x48, that shrinking takes nothing from."""
    y, x = np.mgrid[:48, :48] / 48
    return np.stack([100 + 60 * x, 128 + 30 * np.cos(2 * y), 128 + 25 * (x - y)], axis=-1).astype(np.uint8)


def moving(seq):
    """A hole that covers every place once in four frames."""
    return box(12 * (seq % 4), 8, 12, 32)[:, :48]


def standing(seq):
    return box(16, 16, 12, 12)[:, :48]


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "nv12", "rgb24", "gbrp10le", "gray", "p010le"])
def test_a_hole_shows_what_the_other_frames_show_there(mean, pixel_format):
    scene = Scene(background=smooth, hole=moving, count=7)
    cleaned = filled(play(scene, pixel_format=pixel_format), kind(mean))
    darker = 60 * 2 / 7  # of 60 levels from grey, where 2 of 7 frames show a hole, which is grey
    assert off(cleaned, scene) < darker + 8


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv410p", "p010le", "bgra"])
def test_nothing_that_lies_under_a_hole_has_a_share_in_any_picture(entangled, pixel_format):
    scene = Scene(background=smooth, hole=lambda seq: box(7 + 3 * seq, 9, 13, 15)[:, :48], count=4)
    one, other = (filled(play(scene, colour, pixel_format), kind(entangled)) for colour in (MAGENTA, GREEN))
    assert all(same(*pair) for pair in zip(one, other, strict=True))
    assert not any(same(*pair) for pair in pairwise(one))


def test_a_frame_without_a_hole_between_others_serves_and_costs_nothing(mean):
    calls = completed(mean)
    scene = Scene(background=smooth, hole=lambda seq: standing(seq) if seq in (1, 3) else none()[:, :48], count=5)
    assert off(filled(play(scene), kind(mean)), scene) < 60 * 2 / 5 + 8
    assert calls == [2]


def counted(module, count=len):
    """Return the list to which every call of a module adds a count of what it is given."""
    calls = []
    module.register_forward_hook(lambda _, given, __: calls.append(count(*given)))
    return calls


def completed(net):
    """Return the list to which every pass adds how many frames it makes."""
    return counted(net.transformer[-1], lambda features, wanted: wanted)


def test_a_frame_is_encoded_once_while_the_hole_stays_where_it_is(mean):
    encoded, passes = counted(mean.encoder), completed(mean)
    filled(play(Scene(background=smooth, hole=standing, count=23)), kind(mean))
    assert encoded == [1] * 23
    assert passes == [STRETCH] * 4 + [3]


def test_a_frame_is_encoded_again_for_another_region(mean):
    encoded = counted(mean.encoder)
    wide = Scene(
        background=lambda seq: np.tile(smooth(seq), (4, 12, 1)),
        hole=lambda seq: np.pad(box(0, 0, 20, 20), ((0, 144), (0, 512)))[:, :: 1 if seq < 5 else -1],
        count=10,
    )
    filled(play(wide), kind(mean))
    assert encoded == [1] * (7 + 10)  # the first region is shown the first window, the second one all


def test_the_latest_references_are_held_and_no_more(mean):
    engine = Sttn(mean, look_ahead=AHEAD, references=2)
    pictures = [Picture(masked) for masked in play(Scene(background=smooth, hole=standing, count=40))]
    for now in range(BEHIND, 40 - AHEAD):
        engine.fill(pictures[now - BEHIND : now + AHEAD + 1])
        assert len(engine._made) < STRETCH
    assert list(engine._held) == [10, 20, *range(28, 40)]


def test_a_reference_shows_what_the_window_does_not(mean):
    scene = Scene(background=smooth, hole=lambda seq: standing(seq) if seq > 1 else none()[:, :48], count=16)
    frames = play(scene)
    with_it, without = (filled([*frames], kind(mean, references=count))[-1] for count in (1, 0))
    assert not same(with_it, without)
    assert off([with_it], scene) < off([without], scene)


def test_chunks_have_no_seams(entangled):
    """Frames 16 to 29 have no hole: what was seen before them is too old for those that come after, in any chunk."""
    scene = Scene(
        background=lambda seq: np.roll(smooth(seq), seq, axis=1),
        hole=lambda seq: none()[:, :48] if 16 <= seq < 30 else standing(seq),
        count=46,
    )
    frames, seamless = play(scene), kind(entangled, references=1)
    whole = filled(frames, seamless)
    for length in (9, 20):
        plan = ChunkPlan(length=length, lead_in=seamless.reach.lead_in, look_ahead=seamless.reach.look_ahead)
        pieces = [clean for chunk in chunked(frames, plan) for clean in inpaint(chunk, seamless)]
        assert all(same(*pair) for pair in zip(whole, pieces, strict=True))


def test_what_a_chunk_only_looks_at_is_not_made(mean):
    passes = completed(mean)
    frames = play(Scene(background=smooth, hole=standing, count=40))
    list(inpaint([replace(frame, emit=17 <= frame.frame.seq < 21) for frame in frames], kind(mean)))
    assert passes == [STRETCH, STRETCH]  # 15 to 19 and 20 to 24


@pytest.mark.parametrize(("look_ahead", "at_once"), [(0, 1), (1, 1), (2, 1), (3, 2), (6, 5)])
def test_every_frame_that_is_made_sees_two_after_it_where_the_look_ahead_allows(mean, look_ahead, at_once):
    passes = completed(mean)
    filled(play(Scene(background=smooth, hole=standing, count=10)), kind(mean, look_ahead))
    assert passes[0] == at_once


@pytest.mark.parametrize(("width", "height"), [(16, 16), (17, 23), (2, 2), (1, 1), (64, 3), (5, 48)])
def test_any_size_is_filled_even_when_everything_is_covered(entangled, width, height):
    scene = Scene(
        background=lambda seq: np.full((height, width, 3), 100, np.uint8),
        hole=lambda seq: np.ones((height, width), bool),
        count=2,
    )
    one, other = (filled(play(scene, colour), kind(entangled)) for colour in (MAGENTA, GREEN))
    assert all(same(*pair) for pair in zip(one, other, strict=True))


def test_weights_that_lead_to_no_numbers_are_said_to(entangled):
    net = network(lambda wanted: {name: np.full(shape, 3e38, np.float32) for name, shape in wanted.items()})
    with pytest.raises(ModelError, match="STTN makes no picture of frame 0"):
        filled(play(Scene(background=smooth, hole=standing, count=2)), kind(net))


def test_the_kind_says_how_far_it_looks_and_finds_its_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"checkpoint sttn is absent: sttn\.pth was looked for in "):
        sttn(EngineOptions())
    net = STTN()
    torch.save({"netG": net.state_dict()}, tmp_path / "sttn.pth")
    for look_ahead in range(AHEAD + 1):
        assert sttn(EngineOptions(look_ahead=look_ahead)).reach.offsets == (*range(-BEHIND, look_ahead + 1),)
    assert sttn(EngineOptions()).start()._net.state_dict().keys() == net.state_dict().keys()
    with pytest.raises(OptionError, match="STTN cannot run on cuda:7"):
        sttn(EngineOptions(device="cuda:7")).start()
    small, large = (PictureFormat(width=width, height=width // 2, pixel_format="yuv420p") for width in (96, 1920))
    full, half, unknown = (
        sttn(EngineOptions(precision=precision, device="cuda")).state_bytes for precision in ("f32", "bf16", "auto")
    )
    assert full(small) < full(large) < 1 << 30
    assert 0.5 * full(large) < half(large) < 0.7 * full(large)
    assert unknown(large) == full(large)  # what a GPU multiplies fast, only torch knows
