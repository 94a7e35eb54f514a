"""VINet as an engine: the right pictures in the right colours in, pixels for the hole out; regions, states, errors."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.errors import ModelError, OptionError  # noqa: E402
from stages.inpaint.chunks import ChunkPlan, chunked  # noqa: E402
from stages.inpaint.engine import EngineOptions, Picture  # noqa: E402
from stages.inpaint.engines import find_engine  # noqa: E402
from stages.inpaint.inpaint import inpaint  # noqa: E402
from stages.inpaint.vinet.kind import FEATURES, HELD, SPAN, state_bytes  # noqa: E402
from stages.inpaint.window import windows  # noqa: E402
from stages.nets.vinet.net import VINet  # noqa: E402
from tests.parity.vinet import seeded, wired  # noqa: E402
from tests.stages.fills import filled, same  # noqa: E402
from tests.stages.scenes import GREEN, MAGENTA, Scene, play  # noqa: E402
from transport.messages import PictureFormat  # noqa: E402

WIDTH, HEIGHT, COUNT = 64, 32, 20
LEVELS = 3.5  # half a pixel of the slope below, and the rounding of chroma
SHAPES = {name: tuple(tensor.shape) for name, tensor in VINet(double=False).state_dict().items()}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


def folder_with(path, values, name="save_agg_rec.pth"):
    torch.save({"state_dict": {f"module.{key}": value for key, value in values.items()}, "epoch": 3}, path / name)
    return path


@pytest.fixture(scope="module")
def random(tmp_path_factory):
    """Weights of the double size, which are four times as fast."""
    return folder_with(tmp_path_factory.mktemp("random"), seeded.weights(SHAPES), "save_agg_rec_512.pth")


def engine(folder, **options):
    return find_engine("vinet", EngineOptions(**{"weights": str(folder), "precision": "f32", **options}))


def slope(seq):
    """A picture that rises to the right in the first component and falls in the others."""
    across = np.broadcast_to(np.linspace(0, 1, WIDTH), (HEIGHT, WIDTH))
    return np.stack((80 + 80 * across, 148 - 40 * across, 108 + 30 * across), axis=2).astype(np.uint8)


def strip(seq):
    """A hole that runs to the right, its own width every three frames."""
    hole = np.zeros((HEIGHT, WIDTH), np.bool_)
    hole[8:24, 2 + 2 * seq : 8 + 2 * seq] = True
    return hole


RUN = Scene(background=slope, hole=strip, count=COUNT)


def rows(scene, colour=MAGENTA, pixel_format="yuv420p", look_ahead=SPAN):
    """The windows of every frame, seen as what a chunk only looks at, so that none begins a shot."""
    pictures = [Picture(replace(masked, emit=False)) for masked in play(scene, colour, pixel_format)]
    return list(windows(pictures, range(-SPAN, look_ahead + 1)))


def error(pixels, window):
    """By how many levels the filled pixels are off, in the hole."""
    now = window[SPAN]
    box = now.mask.box
    truth = slope(now.seq)[box.y : box.y + box.height, box.x : box.x + box.width, : pixels.shape[2]]
    return np.abs(pixels - truth)[now.mask.alpha > 0].max()


@pytest.mark.parametrize(
    ("reference", "look_ahead", "expected"),
    [(0, 6, 3), (1, 6, 6), (2, 6, 12), (3, 6, 15), (2, 2, 10), (3, 2, 7), (3, 4, 11), (2, 0, 6), (3, 0, 3)],
)
def test_references_are_where_the_network_was_taught_them_or_mirrored(tmp_path, reference, look_ahead, expected):
    """Frame 9 is filled from one that shows its number."""
    told = Scene(
        background=lambda seq: np.full((HEIGHT, WIDTH, 3), (40 + 10 * seq, 128, 128), np.uint8),
        hole=lambda seq: strip(6 * (seq % 4)),
        count=COUNT,
    )
    kind = engine(folder_with(tmp_path, wired.weights(SHAPES, reference)), look_ahead=look_ahead)
    assert kind.reach.look_ahead == look_ahead
    pixels = kind.start().fill(rows(told, look_ahead=look_ahead)[9])
    assert np.median(pixels[..., 0]) == pytest.approx(40 + 10 * expected, abs=1)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "nv12", "yuv422p10le", "rgb24", "bgra", "gray"])
def test_what_was_behind_the_hole_is_shown_in_the_sources_colours(tmp_path, pixel_format):
    window = rows(RUN, pixel_format=pixel_format)[9]
    kind = engine(folder_with(tmp_path, wired.weights(SHAPES, 0)))
    assert error(kind.start().fill(window), window) < LEVELS


def test_a_shrunk_region_is_put_back_in_its_place(tmp_path):
    window = rows(RUN)[9]
    kind = engine(folder_with(tmp_path, wired.weights(SHAPES, 0)), working=32)
    assert error(kind.start().fill(window), window) < 2 * LEVELS


def test_nothing_that_lies_under_the_hole_shows(random):
    one, other = (filled(play(RUN, colour)[:2], engine(random, look_ahead=1)) for colour in (MAGENTA, GREEN))
    assert all(same(*pair) for pair in zip(one, other, strict=True))


def test_every_answer_is_seen_with_the_next_frame(random):
    began, late = engine(random).start(), engine(random).start()
    began.fill(rows(RUN)[8])
    assert np.abs(began.fill(rows(RUN)[9]) - late.fill(rows(RUN)[9])).max() > 0.5


@pytest.mark.parametrize("hidden", [False, True])
def test_the_picture_before_is_seen_where_it_had_no_hole(random, hidden):
    """Frame 8 is no reference of frame 9."""
    bare = replace(RUN, hole=lambda seq: strip(seq) if hidden or seq != 8 else np.zeros((HEIGHT, WIDTH), np.bool_))
    dark = replace(bare, background=lambda seq: slope(seq) if seq != 8 else slope(seq) // 2)
    one, other = (engine(random).start().fill(rows(scene)[9]) for scene in (bare, dark))
    assert np.array_equal(one, other) is hidden


def test_a_shot_begins_with_its_first_frames_filled_backwards(random):
    shown = [Picture(masked) for masked in play(RUN)[:3]]
    begun, late = engine(random).start(), engine(random).start()
    first = next(windows(shown, range(-SPAN, SPAN + 1)))
    assert not np.array_equal(begun.fill(first), late.fill(rows(replace(RUN, count=3))[0]))
    assert begun._stream.last.time == late._stream.last.time == 0


def test_a_chunk_is_the_same_wherever_it_is_filled(random):
    kind = engine(random, look_ahead=1)
    plan = ChunkPlan(length=2, lead_in=2, look_ahead=kind.reach.look_ahead)
    one, other = ([clean for chunk in chunked(play(RUN)[:4], plan) for clean in inpaint(chunk, kind)] for _ in range(2))
    assert len(one) == 4
    assert all(same(*pair) for pair in zip(one, other, strict=True))


def test_the_state_stays_bounded_while_the_region_wanders(random):
    wide = Scene(
        background=lambda seq: cv2.resize(slope(seq), (320, 32)),
        hole=lambda seq: np.roll(np.pad(strip(0), ((0, 0), (0, 256))), 20 * seq, axis=1),
        count=16,
    )
    started = engine(random, working=32).start()
    regions = set()
    for row in rows(wide):
        started.fill(row)
        regions.add(region := started._region)
        held = started._stream._held
        assert len(held) <= HELD
        taken = sum(tensor.nbytes for features in held.values() for tensor in features)
        assert taken == len(held) * FEATURES["vinet_512"] * 4 * region.width * region.height  # as the budget is told
    assert 1 < len(regions) < 8


def test_half_the_bits_are_near_to_all_of_them(tmp_path):
    folder, window = folder_with(tmp_path, wired.weights(SHAPES, 0)), rows(RUN)[9]
    full, half = (engine(folder, precision=precision).start().fill(window) for precision in ("f32", "bf16"))
    assert 0 < np.abs(full - half).max() <= 3


def test_without_its_weights_it_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANPLATE_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ModelError, match=r"vinet_512 is absent: save_agg_rec_512\.pth was looked for.*without it"):
        find_engine("vinet")


def test_another_networks_weights_are_refused(tmp_path):
    kind = engine(folder_with(tmp_path, {"conv.weight": torch.zeros(3)}))
    with pytest.raises(ModelError, match=r"lacks encoder1\.ec0\.conv\.weight"):
        kind.start()


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    kind = engine(folder_with(tmp_path, {name: value * torch.nan for name, value in seeded.weights(SHAPES).items()}))
    with pytest.raises(ModelError, match="weights"):
        kind.start().fill(rows(RUN)[9])


def test_a_device_that_is_not_there_is_refused(random):
    if torch.cuda.device_count() > 7:
        pytest.skip("there is a device cuda:7")
    with pytest.raises(OptionError, match="VINet cannot run on cuda:7"):
        engine(random, device="cuda:7").start()


@pytest.mark.parametrize("name", ["vinet_512", "vinet_256"])
def test_numbers_of_half_the_bits_take_less_memory_and_auto_counts_all_where_only_torch_could_tell(name):
    picture = PictureFormat(width=1920, height=1080, pixel_format="yuv420p")
    half, full, unknown = (
        state_bytes(picture, name, EngineOptions(precision=precision, device="cuda"))
        for precision in ("bf16", "f32", "auto")
    )
    assert 0.5 * full < half < 0.7 * full
    assert unknown == full
