"""Which numbers a network is to have where, told with torch and without."""

import pytest

from stages.nets import numbers
from stages.nets.numbers import FAST, PRECISIONS, number_bytes

FLAGS = "flags\t\t: fpu avx2 avx512f {}\n"


@pytest.mark.parametrize("flag", [*FAST, "avx512_bf16_not"])
def test_auto_takes_half_the_bytes_where_the_processor_is_known_to_be_fast(tmp_path, monkeypatch, flag):
    (tmp_path / "cpuinfo").write_text(FLAGS.format(flag))
    monkeypatch.setattr(numbers, "PROCESSORS", tmp_path / "cpuinfo")
    assert number_bytes("cpu", "auto") == (2 if flag in FAST else 4)
    assert number_bytes("cuda", "auto") == 4  # which one it is, only torch knows
    assert (number_bytes("cuda", "bf16"), number_bytes("cpu", "f32")) == (2, 4)


def test_a_processor_that_nobody_can_tell_of_counts_as_slow(tmp_path, monkeypatch):
    monkeypatch.setattr(numbers, "PROCESSORS", tmp_path / "nothing")
    assert number_bytes("cpu", "auto") == 4


@pytest.mark.parametrize("precision", PRECISIONS)
def test_no_network_has_larger_numbers_than_was_told_without_torch(precision):
    pytest.importorskip("torch", reason="needs torch")
    assert numbers.number_type("cpu", precision).itemsize <= number_bytes("cpu", precision)


def test_a_network_is_placed_as_it_was_asked_for_or_the_device_is_named():
    torch = pytest.importorskip("torch", reason="needs torch")
    net = numbers.place(torch.nn.Conv2d(4, 4, 3), "cpu", "bf16")
    assert net.weight.dtype == torch.bfloat16
    assert net.weight.is_contiguous(memory_format=torch.channels_last)
    for device in ("nowhere", "cuda:99"):
        with pytest.raises(numbers.DeviceError, match=f"^cannot run on {device}: "):
            numbers.place(net, device, "auto")
