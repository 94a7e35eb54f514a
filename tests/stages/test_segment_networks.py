"""Device and precision mean the same for every network that points or follows."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.errors import OptionError  # noqa: E402
from stages.nets.aot.net import AOT, VARIANTS  # noqa: E402
from stages.nets.numbers import PRECISIONS, number_type  # noqa: E402
from stages.nets.siammask import SiamMask  # noqa: E402
from stages.segment.choose import make_tracker  # noqa: E402
from stages.segment.config import SegmentConfig  # noqa: E402


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Where both trackers find weights, of which all are 0."""
    folder = tmp_path_factory.mktemp("weights")
    with torch.device("meta"):
        nets = {"SiamMask_DAVIS.pth": SiamMask(), "AOTT_PRE_YTB_DAV.pth": AOT(VARIANTS["aott"])}
    for name, net in nets.items():
        state = {key: torch.zeros_like(one, device="cpu") for key, one in net.state_dict().items()}
        torch.save(state, folder / name)
    return SegmentConfig(weights=str(folder))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_trackers_compute_in_the_numbers_asked_for(config, precision):
    asked = replace(config, precision=precision)
    siammask, aott = (make_tracker(replace(asked, tracker=tracker)) for tracker in ("siammask", "aott"))
    (shared,) = siammask._make.args
    assert next(shared.parameters()).dtype == aott._like.dtype == number_type("cpu", precision)


@pytest.mark.parametrize(("tracker", "name"), [("siammask", "SiamMask"), ("aott", "AOT")])
def test_trackers_are_refused_a_device_that_is_not_there(config, tracker, name):
    with pytest.raises(OptionError, match=f"^{name} cannot run on nowhere: "):
        make_tracker(replace(config, tracker=tracker, device="nowhere"))


def test_a_precision_that_there_is_not_is_one_sentence():
    with pytest.raises(OptionError, match="there is no precision 'f16'; the known ones are auto, f32, bf16"):
        SegmentConfig(precision="f16")
