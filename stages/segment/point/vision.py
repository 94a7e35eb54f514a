"""torchvision, and what is built on it, made importable where its compiled operators are not of this torch's build."""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import library

SUPPRESSION = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
MISSING = ("nms", "qnms")  # of the compiled operators, those whose schema torchvision's own Python code asks for

_declared: list[library.Library] = []  # a schema lives as long as its library


def prepare() -> bool:
    """Make `import torchvision` work, and return whether torchvision is there at all; call it before the import.

    torchvision's wheel on PyPI is built against CUDA; beside a CPU build of torch its compiled library does not load,
    and its import fails for want of two schemas that it only adds meta functions to. Here they are declared where they
    are missing, and no installed file is touched. Calling such an operator still fails.
    """
    if find_spec("torchvision") is None:
        return False
    if not _declared and not _compiled():
        schemas = library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for name in MISSING:
            schemas.define(f"{name}{SUPPRESSION}")  # type: ignore[no-untyped-call]
        _declared.append(schemas)
    return True


def _compiled() -> bool:
    """Return whether torchvision's compiled library loads; it registers the operators as it does."""
    spec = find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    for file in sorted(Path(spec.origin).parent.glob("_C.*")):
        try:
            torch.ops.load_library(str(file))  # type: ignore[no-untyped-call]
        except OSError:
            return False
    return hasattr(torch.ops.torchvision, "nms")
