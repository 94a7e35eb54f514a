"""Segment Anything: a checkpoint and what was pointed at in, the outline out, through the package segment-anything.

A. Kirillov et al., Segment Anything, ICCV 2023. Checkpoints: sam_vit_b_01ec64.pth, sam_vit_l_0b3195.pth,
sam_vit_h_4b8939.pth of facebookresearch/segment-anything. The window is not looked at: the network knows objects
from still pictures.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.errors import ModelError
from stages.nets.checkpoint import load, read
from stages.nets.numbers import place
from stages.network import making
from stages.segment.point.fallback import fallback
from stages.segment.point.segmenter import Hint
from stages.segment.point.vision import prepare
from stages.segment.spot import SURE, Spot, crop
from stages.segment.view import View
from transport.messages import Box, Frame

WIDTHS: Final = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}  # channels of the image encoder's first layer
FIRST_LAYER: Final = "image_encoder.patch_embed.proj.weight"
CERTAIN: Final = 10.0  # the logit of what an older outline says, as SAM 2 gives masks to the same kind of decoder

Logits = NDArray[np.float32]  # (H, W), above 0 is the object


def build(width: int) -> Any:
    """Return segment-anything's own network of an encoder's width, with random weights; ModelError without it."""
    if not prepare():
        raise ModelError("SAM needs torchvision, which is not installed")
    try:
        from segment_anything import sam_model_registry
    except ImportError as error:
        raise ModelError(f"SAM needs the package segment-anything, which cannot be imported: {error}") from error
    return sam_model_registry[WIDTHS[width]]()


class Sam:
    """Keeps to Segmenter; holds the network, and the embedding of the last frame that it was asked about."""

    def __init__(
        self,
        checkpoint: str | Path,
        *,
        device: str = "cpu",
        precision: str = "auto",
        build: Callable[[int], Any] = build,
    ) -> None:
        """Take a checkpoint of any size; ModelError if it holds no SAM, OptionError if there is no such device.

        `build` makes the network for the width that the checkpoint's encoder has. Only the encoder, which is nearly all
        of the work, is of that precision.
        """
        with making("SAM"):
            self._network = place(_loaded(str(checkpoint), build), device, "f32")
            self._encoder = place(self._network.image_encoder, device, precision)
        self._like: Tensor = self._encoder.patch_embed.proj.weight  # where pictures are to be, and of what precision
        self._side: int = self._encoder.img_size
        self._embedded: tuple[Frame, Tensor] | None = None

    def segment(self, view: View, hint: Hint, window: Sequence[View] = ()) -> Spot:
        """Return the object, 0 to 255 with 128 as its outline; see Segmenter."""
        values = np.rint(255 / (1 + np.exp(-np.clip(self.logits(view, hint), -20, 20)))).astype(np.uint8)
        spot = crop(values)
        return spot if spot is not None and (spot.values >= SURE).any() else fallback(view, hint)

    @torch.inference_mode()
    def logits(self, view: View, hint: Hint) -> Logits:
        """Return the (H, W) logits of the best of the three answers."""
        answers, scores = self._answers(self.embed(view), view, hint)
        shape = self._shape(view)
        small = functional.interpolate(answers[:, None], (self._side, self._side), mode="bilinear")
        shares = small[:, 0, : shape[0], : shape[1]].cpu().numpy()  # (3, h, w), without the padding
        best = max(range(len(shares)), key=lambda index: float(scores[index]) + agreement(shares[index], view, hint))
        whole = cv2.resize(shares[best], (view.width, view.height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(whole, np.float32)

    @torch.inference_mode()
    def embed(self, view: View) -> Tensor:
        """Return the (1, C, h, w) embedding of a frame; asked for the same frame again, no work is done."""
        if self._embedded is None or self._embedded[0] is not view.frame:
            self._embedded = None  # not two of them at once
            height, width = self._shape(view)
            how = cv2.INTER_AREA if width < view.width else cv2.INTER_LINEAR
            rgb = cv2.resize(view.bgr[..., ::-1], (width, height), interpolation=how)
            picture = torch.from_numpy(rgb).to(self._network.device).permute(2, 0, 1)[None].float()  # (1, 3, h, w)
            padded = self._network.preprocess(picture).to(self._like, memory_format=torch.channels_last)
            self._embedded = view.frame, self._encoder(padded).float()
        return self._embedded[1]

    def _shape(self, view: View) -> tuple[int, int]:
        """Return height and width of the picture in the network's square: its longer side fills it."""
        scale = self._side / max(view.width, view.height)
        return max(1, round(view.height * scale)), max(1, round(view.width * scale))

    def _answers(self, embedding: Tensor, view: View, hint: Hint) -> tuple[Tensor, Tensor]:
        """Return three (3, h, w) logits of the padded square, and what the network thinks of each, (3,)."""
        encoder, prompts = self._network.prompt_encoder, self._prompts(view, hint)
        sparse, dense = encoder(**prompts)
        answers, scores = self._network.mask_decoder(
            image_embeddings=embedding,
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        )
        return answers[0].float(), scores[0].float()

    def _prompts(self, view: View, hint: Hint) -> Mapping[str, Any]:
        height, width = self._shape(view)
        scale = torch.tensor([width / view.width, height / view.height], device=self._network.device)
        box = hint.box or (hint.spot.box if hint.spot else None)  # a mask alone is not what SAM was trained on
        points = [(point.x + 0.5, point.y + 0.5) for point in (*hint.points, *hint.background)]
        labels = [1] * len(hint.points) + [0] * len(hint.background)
        return {
            "points": (torch.tensor([points]).to(scale) * scale, torch.tensor([labels]).to(scale)) if points else None,
            "boxes": torch.tensor([_corners(box)]).to(scale) * scale.repeat(2) if box else None,
            "masks": self._older(view, hint.spot) if hint.spot else None,
        }

    def _older(self, view: View, spot: Spot) -> Tensor:
        """Return an older outline as the (1, 1, h, w) logits of an answer, far below 0 in the padding."""
        whole = np.zeros((view.height, view.width), np.float32)
        box = spot.box
        whole[box.y : box.y + box.height, box.x : box.x + box.width] = spot.values / np.float32(255)
        height, width = self._shape(view)
        rows, columns = self._network.prompt_encoder.mask_input_size
        logits = np.full((rows, columns), -CERTAIN, np.float32)
        small = max(1, round(width * columns / self._side)), max(1, round(height * rows / self._side))
        logits[: small[1], : small[0]] = (cv2.resize(whole, small, interpolation=cv2.INTER_AREA) * 2 - 1) * CERTAIN
        return torch.from_numpy(logits)[None, None].to(self._network.device)


def _loaded(checkpoint: str, build: Callable[[int], Any]) -> Any:
    first = read(checkpoint).get(FIRST_LAYER)
    if first is None or first.shape[0] not in WIDTHS:
        raise ModelError(f"{checkpoint} is not one of SAM vit_b, vit_l or vit_h: it lacks their {FIRST_LAYER}")
    return load(build(first.shape[0]), [checkpoint])


def agreement(logits: Logits, view: View, hint: Hint) -> float:
    """Return, 0 to 1, how well an answer of any size fits the prompt: points in, background out, box and outline."""
    within = logits > 0
    rows, columns = within.shape
    points = [(point, True) for point in hint.points] + [(point, False) for point in hint.background]
    marks = [
        float(within[point.y * rows // view.height, point.x * columns // view.width] == wanted)
        for point, wanted in points
    ]
    if hint.box is not None:
        x, y, width, height = cv2.boundingRect(within.view(np.uint8))
        answered = x / columns, y / rows, (x + width) / columns, (y + height) / rows
        left, top, right, bottom = _corners(hint.box)
        given = left / view.width, top / view.height, right / view.width, bottom / view.height
        marks.append(_overlap(answered, given))
    if hint.spot is not None:
        older = np.zeros((view.height, view.width), np.uint8)
        box = hint.spot.box
        older[box.y : box.y + box.height, box.x : box.x + box.width] = hint.spot.values
        known = cv2.resize(older, (columns, rows), interpolation=cv2.INTER_AREA) >= SURE
        marks.append(float((known & within).sum() / max(1, int((known | within).sum()))))
    return sum(marks) / max(1, len(marks))


def _corners(box: Box) -> tuple[float, float, float, float]:
    return float(box.x), float(box.y), float(box.x + box.width), float(box.y + box.height)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the intersection over union of two boxes given by their corners."""
    width, height = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(corners[2] - corners[0]) * (corners[3] - corners[1]) for corners in (one, other)]
    return shared / max(sum(areas) - shared, 1e-9)
