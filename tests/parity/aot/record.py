"""Write what the original AOT computes, as test data: names and shapes of its weights, and its answers on seeded ones.

Recipe: have the code of yoxu515/aot-benchmark (601c138 or later) in a folder outside of this repository, with what its
networks import installed (torch, numpy, Pillow, opencv). Then, in this repository,

    python -m tests.parity.aot.record FOLDER

writes `shapes.json`, the names and shapes of the state dicts, and `answers.npz`: for each variant a run of FRAMES
pictures of `seeded.picture`, with seeded weights, through the original's own AOTEngine. Frame 0 is given with two
objects, SECOND again with three, every GAP-th is remembered for long, and each frame's labels are what the engine
predicts. Stored are these labels, the scores of the identities in use (of LOOKED_AT), and samples of encoder features,
identity embeddings, transformer outputs and memories.

It computes in float64, whatever type it asks for: the seeded weights amplify what processors round differently, so that
in float32 the original is further than 1e-4 from its own exact answers.

Where spatial_correlation_sampler is not installed, the original falls back on MultiheadLocalAttentionV3, which fails in
that commit (its last sum adds shapes that do not fit). MultiheadLocalAttentionV2 has a fallback of its own that works
and computes what the sampler would; it is put in its place.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.parity.aot import seeded

HERE = Path(__file__).parent
VARIANTS = ("aott", "aots", "aotl", "r50_aotl")


def main(folder: str) -> None:
    """Write both files."""
    sys.path.insert(0, folder)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # type: ignore[assignment]
    shapes, answers = {}, {}
    for variant in VARIANTS:
        net = original(variant)
        shapes[variant] = {key: list(tensor.shape) for key, tensor in net.state_dict().items()}
        answers |= {f"{variant}/{key}": value for key, value in run(net).items()}
    lines = (f' "{variant}": {json.dumps(found)}' for variant, found in shapes.items())
    (HERE / "shapes.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    small = {key: value.astype(np.float32) if value.dtype == np.float64 else value for key, value in answers.items()}
    np.savez_compressed(HERE / "answers.npz", **small)


def original(name: str) -> Any:
    """Return the original's network with seeded weights."""
    transformer = importlib.import_module("networks.layers.transformer")
    transformer.MultiheadLocalAttentionV3 = transformer.MultiheadLocalAttentionV2  # type: ignore[attr-defined]
    config = importlib.import_module("configs.default").DefaultEngineConfig("parity", name)
    net = importlib.import_module("networks.models").build_vos_model("aot", config).eval()
    shapes = {key: tuple(tensor.shape) for key, tensor in net.state_dict().items()}
    net.load_state_dict({key: torch.from_numpy(value) for key, value in seeded.weights(shapes).items()})
    return net.double()


def run(net: Any) -> dict[str, Any]:
    """Return what is stored of a run."""
    engine = importlib.import_module("networks.engines.aot_engine").AOTEngine(net, long_term_mem_gap=seeded.GAP).eval()
    stored: dict[str, Any] = {}
    for number in range(seeded.FRAMES):
        picture = torch.from_numpy(seeded.picture(number)).double()
        if number:
            engine.match_propogate_one_frame(picture)
            scores = engine.decode_current_logits()[0, : 1 + engine.obj_nums[0]].numpy()
            found = engine.predict_current_mask().float()
            stored[f"labels/{number}"] = found[0].byte().numpy()
            stored[f"embeddings/{number}"] = samples(engine.curr_lstt_output[0])
            if number in seeded.LOOKED_AT:
                stored[f"scores/{number}"] = scores
            engine.update_short_term_memory(found[None])
        else:
            stored["features"] = samples(net.encode_image(picture))
        if number in (0, seeded.SECOND):
            given = torch.from_numpy(seeded.labels(number))[None, None].float()
            count = int(given.max())
            engine.add_reference_frame(picture, given, obj_nums=[count], frame_step=number)
            stored[f"identity/{number}"] = seeded.sampled(engine.curr_id_embs.numpy())
    stored["long"] = samples([tensor for layer in engine.long_term_memories for tensor in layer])
    stored["short"] = samples([tensor for layer in engine.short_term_memories for tensor in layer])
    return stored


def samples(tensors: Any) -> seeded.Array:
    """Return SAMPLES of each, in rows; tokens are (N, 1, C) in the original, grids (1, C, h, w)."""
    return np.stack([seeded.sampled(tensor.numpy()) for tensor in tensors])


if __name__ == "__main__":
    main(sys.argv[1])
