"""The original code of SiamMask, opened from a clone of its repository, on today's versions of what it stands on.

    git clone https://github.com/foolwood/SiamMask && git -C SiamMask checkout a2b3ce3

Nothing of it is changed; what it imports and does not need here (compiled parts of its evaluation) is stood in for,
and so are names that numpy and OpenCV have dropped since.
"""

import json
import sys
import types
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

EXPERIMENT = "experiments/siammask_sharp"


def open_net(clone: Path) -> Any:
    """Return its network, in evaluation mode, with the weights that it happens to begin with."""
    sys.path[:0] = [str(clone / EXPERIMENT), str(clone)]
    return import_module("custom").Custom(anchors=_config(clone)["anchors"]).eval()


def open_tracker(clone: Path) -> tuple[Any, Any, dict[str, Any]]:
    """Return its functions siamese_init and siamese_track and the numbers for DAVIS; after open_net."""
    region = types.ModuleType("utils.pyvotkit.region")
    region.vot_overlap = region.vot_float2str = None  # type: ignore[attr-defined]
    helper = types.ModuleType("utils.benchmark_helper")
    helper.load_dataset, helper.dataset_zoo = None, []  # type: ignore[attr-defined]
    sys.modules |= {"utils.pyvotkit.region": region, "utils.benchmark_helper": helper}
    vars(np)["float"] = float
    cv2.__version__ = "4.0.0"  # it looks at one character of this to know how many things findContours returns
    tools = import_module("tools.test")
    return tools.siamese_init, tools.siamese_track, _config(clone)["hp"]


def fill(net: torch.nn.Module, weights: dict[str, Any]) -> torch.nn.Module:
    """Return the network with these weights, all of which and no others it must have."""
    net.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return net


def _config(clone: Path) -> Any:
    return json.loads((clone / EXPERIMENT / "config_davis.json").read_text())
