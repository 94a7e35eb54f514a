import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
vision = pytest.importorskip("stages.segment.point.vision")
if not vision.prepare():
    pytest.skip("needs torchvision", allow_module_level=True)

from torchvision.models import segmentation  # noqa: E402
from torchvision.transforms._presets import SemanticSegmentation  # noqa: E402

from stages.errors import ModelError, OptionError  # noqa: E402
from stages.nets.numbers import number_type  # noqa: E402
from stages.segment.detect.choose import WAYS  # noqa: E402
from stages.segment.detect.classes import VOC, label  # noqa: E402
from stages.segment.detect.semantic import Semantic, prepared  # noqa: E402
from stages.segment.view import View  # noqa: E402
from transport.messages import Frame, PictureFormat  # noqa: E402

NAME = "deeplabv3_mobilenet_v3_large"


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(1)
    return segmentation.__dict__[NAME](weights=None, weights_backbone=None, num_classes=21, aux_loss=True).eval()


@pytest.fixture(scope="module")
def checkpoint(net, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(net.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(3).integers(0, 255, (60, 97, 3), np.uint8).repeat(2, axis=0).repeat(2, axis=1)


def view(picture):
    height, width = picture.shape[:2]
    named = PictureFormat(width=width, height=height, pixel_format="bgr24")
    planes = (picture.reshape(height, -1),)
    return View(Frame(seq=0, pts=0, duration=1, key=True, format=named, planes=planes))


def colours(picture):
    return torch.from_numpy(np.ascontiguousarray(picture[..., ::-1])).permute(2, 0, 1)[None]


@pytest.mark.parametrize("upright", [False, True])
def test_pictures_are_prepared_as_torchvisions_own_preset_does(picture, upright):
    picture = np.ascontiguousarray(picture.transpose(1, 0, 2)) if upright else picture
    assert torch.equal(prepared(picture), SemanticSegmentation(resize_size=520)(colours(picture)))


@pytest.mark.parametrize(
    ("precision", "alike"), [("f32", 0.999), ("bf16", 0.97)]
)  # few bits decide near ties otherwise
def test_the_likeliest_class_is_that_of_torchvisions_network(net, checkpoint, picture, precision, alike):
    torch.set_num_threads(1)
    detector = WAYS[NAME].make(checkpoint, VOC, "cpu", precision)
    made = []
    detector._net.classifier.register_forward_hook(lambda _, __, scores: made.append(scores.dtype))
    shares = np.stack(detector._shares(view(picture)))
    with torch.inference_mode():
        scores = net(SemanticSegmentation(resize_size=520)(colours(picture)))["out"].softmax(dim=1)
        whole = torch.nn.functional.interpolate(scores, picture.shape[:2], mode="bilinear")[0]
    expected = whole.argmax(dim=0).numpy()
    ours = np.where(shares.max(axis=0) >= 128, 1 + shares.argmax(axis=0), 0)
    assert (ours == expected).mean() > alike
    assert made == [number_type("cpu", precision)]


def test_classes_lie_in_the_order_of_the_checkpoints_channels():
    named = segmentation.DeepLabV3_ResNet50_Weights.DEFAULT.meta["categories"]
    assert tuple(label(name) for name in named[1:]) == VOC


def test_a_checkpoint_of_another_network_is_refused(checkpoint):
    with pytest.raises(ModelError, match=r"^fcn_resnet50: .* lacks"):
        Semantic("fcn_resnet50", checkpoint, ["person"])


def test_a_device_that_is_not_there_is_refused(checkpoint):
    with pytest.raises(OptionError, match=f"^{NAME} cannot run on nowhere: "):
        WAYS[NAME].make(checkpoint, VOC, "nowhere", "auto")
