"""Outlines of Pascal VOC's classes by torchvision's FCN (Long et al. 2015) and DeepLabv3 (Chen et al. 2017).

Pixels, not objects: those of a class that touch are one. Fed as torchvision's own preset does: the shorter side 520
pixels, ImageNet's mean and deviation.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stages.errors import ModelError
from stages.network import making
from stages.segment.detect.classes import VOC
from stages.segment.detect.detector import Detection
from stages.segment.detect.regions import pieces
from stages.segment.view import Colours, View

if TYPE_CHECKING:
    import torch

SIDE = 520  # pixels
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, in [0, 1], red first
FIRST = 1  # channel of VOC's first class; before it is the background's


class Semantic:
    """A detector that knows outlines; bfloat16 changes hardly one."""

    def __init__(
        self, name: str, path: Path, labels: Sequence[str], *, device: str = "cpu", precision: str = "auto"
    ) -> None:
        """Take the network's name in torchvision, its checkpoint and the classes wanted."""
        self._net, self._type = load(name, path, device, precision)
        self._device = device
        self._labels = tuple(labels)

    def detect(self, view: View) -> list[Detection]:
        """Return the pieces of picture that belong to the wanted classes, best first."""
        shares = self._shares(view)
        found = [piece for label, share in zip(self._labels, shares, strict=True) for piece in pieces(label, share)]
        return sorted(found, key=lambda detection: -detection.score)

    def _shares(self, view: View) -> list[NDArray[np.uint8]]:
        """Return for each class an (H, W) picture, 128 and more where no other is as likely."""
        import torch

        rounded = torch.autocast(self._device.partition(":")[0], torch.bfloat16, self._type == torch.bfloat16)
        with torch.inference_mode(), rounded:
            scores = self._net(prepared(view.bgr).to(self._device))["out"]  # (1, 21, h, w)
        likely = scores.float().softmax(dim=1)
        whole = torch.nn.functional.interpolate(likely, (view.height, view.width), mode="bilinear")[0]
        shares = []
        for label in self._labels:
            channel = FIRST + VOC.index(label)
            mine, others = whole[channel], torch.cat([whole[:channel], whole[channel + 1 :]]).amax(dim=0)
            shares.append((mine / (mine + others) * 255).round().to(torch.uint8).cpu().numpy())
        return shares


def load(name: str, path: Path, device: str, precision: str) -> "tuple[Any, torch.dtype]":
    """Return the network with the weights of a checkpoint, and in which numbers it is to multiply.

    ModelError if the weights are not its own, OptionError if there is no such device. Its own numbers stay in f32:
    statistics of batches are to be exact.
    """
    try:
        from stages.nets.checkpoint import load as filled
        from stages.nets.numbers import number_type, place
        from stages.segment.point.vision import prepare
    except ImportError as error:
        raise ModelError(f"detector {name} needs torch: install cleanplate[learned]") from error
    if not prepare():
        raise ModelError(f"detector {name} needs torchvision, which is not installed")
    from torchvision.models import segmentation

    make = getattr(segmentation, name)
    net = make(weights=None, weights_backbone=None, num_classes=FIRST + len(VOC), aux_loss=False)
    with making(name):
        place(filled(net, [str(path)]), device, "f32")
    return net, number_type(device, precision)


def prepared(picture: Colours) -> "torch.Tensor":
    """Return (H, W, 3) blue, green, red as the (1, 3, h, w) that the networks were trained on."""
    import torch

    height, width = picture.shape[:2]
    short, long = min(height, width), max(height, width)
    size = (SIDE, int(SIDE * long / short)) if height == short else (int(SIDE * long / short), SIDE)
    colours = torch.from_numpy(np.ascontiguousarray(picture[..., ::-1])).permute(2, 0, 1)[None].float()
    colours = torch.nn.functional.interpolate(colours, size, mode="bilinear", antialias=True)  # (1, 3, h, w)
    mean, deviation = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    return ((colours.round() / 255 - mean) / deviation).contiguous(memory_format=torch.channels_last)
