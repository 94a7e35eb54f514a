"""SAM through segment-anything's own classes, at a size at which random weights are quick."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="SAM needs the extra `learned`")

from stages.errors import ModelError, OptionError  # noqa: E402
from stages.nets.numbers import number_type  # noqa: E402
from stages.segment.point.sam import Sam, agreement  # noqa: E402
from stages.segment.point.segmenter import Hint, Point  # noqa: E402
from stages.segment.point.vision import prepare  # noqa: E402
from stages.segment.spot import Spot, rectangle  # noqa: E402
from stages.segment.view import View  # noqa: E402
from transport.messages import Box, Frame, PictureFormat  # noqa: E402

if not prepare():
    pytest.skip("torchvision is not installed", allow_module_level=True)
modeling = pytest.importorskip("segment_anything.modeling", reason="segment-anything is not installed")

SIDE, PATCH, CHANNELS = 64, 16, 16
WIDTH, HEIGHT = 90, 60
BOX = Box(x=20, y=10, width=40, height=30)


def tiny(width):
    """SAM with an encoder of one layer, for pictures of 64x64."""
    norm = partial(torch.nn.LayerNorm, eps=1e-6)
    side = SIDE // PATCH
    return modeling.Sam(
        image_encoder=modeling.ImageEncoderViT(
            img_size=SIDE,
            patch_size=PATCH,
            embed_dim=width,
            depth=1,
            num_heads=12,
            mlp_ratio=0.1,
            out_chans=CHANNELS,
            norm_layer=norm,
            use_rel_pos=True,
            window_size=2,
        ),
        prompt_encoder=modeling.PromptEncoder(
            embed_dim=CHANNELS, image_embedding_size=(side, side), input_image_size=(SIDE, SIDE), mask_in_chans=4
        ),
        mask_decoder=modeling.MaskDecoder(
            transformer_dim=CHANNELS,
            transformer=modeling.TwoWayTransformer(depth=1, embedding_dim=CHANNELS, mlp_dim=16, num_heads=2),
            iou_head_hidden_dim=16,
        ),
        pixel_mean=[123.675, 116.28, 103.53],
        pixel_std=[58.395, 57.12, 57.375],
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("sam") / "tiny.pth"
    torch.save(tiny(768).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def sam(checkpoint):
    return Sam(checkpoint, precision="f32", build=tiny)


def a_view(seed=0):
    samples = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH * 3), np.uint8)
    form = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format="bgr24")
    return View(Frame(seq=seed, pts=seed, duration=1, key=True, format=form, planes=(samples,)))


def test_its_logits_are_those_of_the_packages_own_predictor(sam, checkpoint):
    """Same weights, the same picture, a box, points of both kinds; the predictor resizes through Pillow."""
    from segment_anything import SamPredictor

    network = tiny(768)
    network.load_state_dict(torch.load(checkpoint, weights_only=True))
    predictor = SamPredictor(network.eval())
    view = a_view()
    view.bgr[:] = 7 * (np.arange(WIDTH) // 15)[None, :, None]  # broad bands: resizing hardly matters
    predictor.set_image(np.ascontiguousarray(view.bgr[..., ::-1]))
    hint = Hint(box=BOX, points=(Point(x=30, y=20),), background=(Point(x=5, y=50),))
    masks, scores, _ = predictor.predict(
        point_coords=np.array([[30.5, 20.5], [5.5, 50.5]]),
        point_labels=np.array([1, 0]),
        box=np.array([20, 10, 60, 40]),
        return_logits=True,
    )
    best = max(range(3), key=lambda index: scores[index] + agreement(masks[index], view, hint))
    ours = sam.logits(view, hint)
    assert ours.shape == (HEIGHT, WIDTH)
    assert np.corrcoef(ours.ravel(), masks[best].ravel())[0, 1] > 0.99
    assert np.abs(ours - masks[best]).mean() < 0.05 * masks[best].std()


@pytest.mark.parametrize(
    "hint",
    [
        Hint(box=BOX),
        Hint(points=(Point(x=0, y=0), Point(x=WIDTH - 1, y=HEIGHT - 1))),
        Hint(background=(Point(x=1, y=1),)),
        Hint(spot=rectangle(BOX)),
        Hint(box=BOX, points=(Point(x=30, y=20),), background=(Point(x=25, y=38),), spot=rectangle(BOX)),
    ],
)
def test_every_kind_of_hint_gives_a_spot_inside_the_picture(sam, hint):
    spot = sam.segment(a_view(), hint)
    assert (spot.values >= 128).any()
    assert spot.values.shape == (spot.box.height, spot.box.width)
    assert spot.box.x + spot.box.width <= WIDTH
    assert spot.box.y + spot.box.height <= HEIGHT


def test_where_nothing_is_found_the_box_itself_is_given(checkpoint):
    sam = Sam(checkpoint, build=_blind)
    assert sam.logits(a_view(), Hint(box=BOX)).max() < 0
    spot = sam.segment(a_view(), Hint(box=BOX))
    assert spot.box == BOX
    assert (spot.values == 255).all()


class Blind(torch.nn.Module):
    """A decoder that sees background everywhere."""

    def forward(self, **_):
        return torch.full((1, 3, 16, 16), -5.0), torch.zeros(1, 3)


def _blind(width):
    network = tiny(width)
    network.mask_decoder = Blind()
    return network


def test_a_frame_is_embedded_once_and_only_the_last_is_kept(sam):
    one, other = a_view(1), a_view(2)
    first = sam.embed(one)
    assert sam.embed(View(one.frame)) is first
    second = sam.embed(other)
    assert sam.embed(one) is not first
    assert torch.equal(sam.embed(one), first)
    assert not torch.equal(second, first)


def test_the_older_outline_and_the_points_change_the_answer(sam):
    view = a_view()
    plain = sam.logits(view, Hint(box=BOX))
    older = Spot(box=BOX, values=np.full((BOX.height, BOX.width), 255, np.uint8))
    assert not np.allclose(plain, sam.logits(view, Hint(box=BOX, spot=older)))
    assert not np.allclose(plain, sam.logits(view, Hint(box=BOX, points=(Point(x=25, y=15),))))


def test_half_the_bits_give_nearly_the_same_logits(checkpoint, sam):
    rounded = Sam(checkpoint, precision="bf16", build=tiny).logits(a_view(), Hint(box=BOX))
    exact = sam.logits(a_view(), Hint(box=BOX))
    assert np.abs(rounded - exact).mean() < 0.1 * exact.std()  # 8 bits of mantissa, one layer
    assert np.abs(rounded - exact).max() > 0


def test_by_itself_it_takes_half_the_bits_where_that_is_fast(checkpoint):
    assert Sam(checkpoint, build=tiny)._like.dtype == number_type("cpu", "auto")


def test_an_answer_agrees_when_it_fits_box_points_and_outline():
    view = a_view()
    logits = np.full((HEIGHT, WIDTH), -1, np.float32)
    logits[10:40, 20:60] = 1
    fits = Hint(box=BOX, points=(Point(x=30, y=20),), background=(Point(x=5, y=5),), spot=rectangle(BOX))
    assert agreement(logits, view, fits) == pytest.approx(1)
    assert agreement(logits, view, replace(fits, points=(Point(x=5, y=5),))) == pytest.approx(0.75)
    half = replace(fits, box=Box(x=20, y=10, width=40, height=60))
    assert agreement(logits, view, half) == pytest.approx((1 + 1 + 30 / 50 + 1) / 4, abs=0.03)


class Code:
    """What a pickle with code in it does."""

    def __reduce__(self):
        return print, ("code was run",)


def test_files_that_hold_no_sam_are_refused_in_one_sentence(checkpoint, tmp_path, capsys):
    data = checkpoint.read_bytes()
    (tmp_path / "cut.pth").write_bytes(data[: len(data) // 2])
    torch.save({"features.0.weight": torch.zeros(2)}, tmp_path / "other.pth")
    torch.save(Code(), tmp_path / "code.pth")
    torch.save({**tiny(768).state_dict(), "mask_decoder.iou_token.weight": torch.zeros(2, 2)}, tmp_path / "shape.pth")
    for name in ("cut", "other", "code", "shape", "absent"):
        with pytest.raises(ModelError, match=name) as caught:
            Sam(tmp_path / f"{name}.pth", build=tiny)
        assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_a_device_that_is_not_there_is_refused_by_name(checkpoint):
    with pytest.raises(OptionError, match="SAM cannot run on nowhere"):
        Sam(checkpoint, device="nowhere", build=tiny)
