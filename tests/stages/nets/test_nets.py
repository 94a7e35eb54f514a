"""LPIPS and I3D: they take the published checkpoints, and compute what is known without them."""

import pytest

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.checkpoint import CheckpointError, load, picture_tensor  # noqa: E402
from stages.nets.i3d import FEATURES, InceptionI3d, features, pool  # noqa: E402
from stages.nets.lpips import SHIFT, Lpips, distance  # noqa: E402

ALEXNET = {  # torchvision's alexnet, as far as the classifier
    "features.0.weight": (64, 3, 11, 11),
    "features.0.bias": (64,),
    "features.3.weight": (192, 64, 5, 5),
    "features.3.bias": (192,),
    "features.6.weight": (384, 192, 3, 3),
    "features.6.bias": (384,),
    "features.8.weight": (256, 384, 3, 3),
    "features.8.bias": (256,),
    "features.10.weight": (256, 256, 3, 3),
    "features.10.bias": (256,),
}
HEADS = {f"lin{i}.model.1.weight": (1, width, 1, 1) for i, width in enumerate((64, 192, 384, 256, 256))}


def tensors(shapes, seed=0):
    torch.manual_seed(seed)
    return {name: torch.rand(shape) / shape[0] for name, shape in shapes.items()}


def noise(seed, height=64, width=72):
    return torch.randint(0, 256, (height * width * 3,), generator=torch.Generator().manual_seed(seed)).byte()


def lpips(tmp_path):
    torch.save(tensors(ALEXNET) | {"classifier.1.weight": torch.zeros(3)}, tmp_path / "alexnet.pth")
    torch.save(tensors(HEADS), tmp_path / "alex.pth")
    return load(Lpips(), [str(tmp_path / "alexnet.pth"), str(tmp_path / "alex.pth")])


def test_lpips_has_the_names_of_both_checkpoints_and_no_others():
    state = {name: tuple(tensor.shape) for name, tensor in Lpips().state_dict().items()}
    assert state == ALEXNET | HEADS


def test_equal_pictures_have_no_distance_and_others_have_the_same_both_ways(tmp_path):
    net = lpips(tmp_path)
    one, other = (bytes(noise(seed).tolist()) for seed in (1, 2))
    assert distance(net, one, one, 64, 72) == 0
    assert distance(net, one, other, 64, 72) == pytest.approx(distance(net, other, one, 64, 72))
    assert distance(net, one, other, 64, 72) > 0


def test_the_distance_is_the_sum_of_weighed_squares_of_unit_features(tmp_path):
    """One channel alone: a first layer that passes red on, as it is, and heads that see the first tap only."""
    net = Lpips().eval()
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        net.features[0].weight[0, 0, 5, 5] = 1  # red
        net.features[0].weight[1, 1, 5, 5] = 1  # green
        net.lin0.model[1].weight[0, 0] = 3
    red, green = torch.zeros(2, 1, 3, 64, 64) + torch.tensor(SHIFT).view(3, 1, 1)  # 0 to the network
    red[:, 0] += 0.5
    green[:, 1] += 0.5
    assert net(red, green).item() == pytest.approx(3)  # a unit vector along red against one along green, weight 3


def test_pictures_become_tensors_of_the_right_order():
    tensor = picture_tensor(bytes([255, 0, 0, 0, 51, 0]), 1, 2)
    assert tensor.shape == (1, 3, 1, 2)
    assert tensor[0, :, 0].T.tolist() == [[1, 0, 0], [0, pytest.approx(0.2), 0]]


def test_i3d_has_the_size_and_the_names_of_the_published_checkpoint():
    """i3d_rgb_imagenet.pt is 50.9 MB of float32."""
    state = InceptionI3d().state_dict()
    assert sum(tensor.numel() * tensor.element_size() for tensor in state.values()) == pytest.approx(50.9e6, rel=5e-3)
    assert state["Conv3d_1a_7x7.conv3d.weight"].shape == (64, 3, 7, 7, 7)
    assert state["Mixed_3b.b1b.bn.running_var"].shape == (128,)
    assert state["Mixed_5c.b3b.conv3d.weight"].shape == (128, 832, 1, 1, 1)
    assert state["logits.conv3d.bias"].shape == (400,)
    parts = {name.split(".", 2)[1] for name in state if name.startswith("Mixed_")}
    assert parts == {"b0", "b1a", "b1b", "b2a", "b2b", "b3b"}


def test_a_video_has_one_feature_whatever_its_length_and_size():
    net = InceptionI3d().eval()
    for frames, height, width in ((1, 32, 40), (9, 33, 47)):
        clip = [bytes(noise(seed, height, width).tolist()) for seed in range(frames)]
        assert len(features(net, clip, height, width)) == FEATURES


def test_pooling_rounds_sizes_up_and_pads_behind():
    """TensorFlow's SAME: of 5 values, in steps of 2 by cells of 2, the last cell has one value and a zero."""
    line = torch.tensor([1.0, 2, 3, 4, 5]).view(1, 1, 1, 1, 5)
    assert pool(line, (1, 1, 2), (1, 1, 2)).flatten().tolist() == [2, 4, 5]
    assert pool(line, (1, 1, 3), (1, 1, 2)).flatten().tolist() == [2, 4, 5]  # one zero before, one behind
    assert pool(-line, (1, 1, 2), (1, 1, 2)).flatten().tolist() == [-1, -3, 0]


def test_a_file_that_is_no_checkpoint_is_one_sentence(tmp_path):
    path = tmp_path / "a.pth"
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        load(Lpips(), [str(path)])
    path.write_bytes(b"words")
    with pytest.raises(CheckpointError, match=r"a\.pth is not a checkpoint of plain tensors"):
        load(Lpips(), [str(path)])
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match=r"a\.pth holds no tensors by name"):
        load(Lpips(), [str(path)])


def test_a_checkpoint_of_another_network_is_one_sentence(tmp_path):
    path = str(tmp_path / "a.pth")
    torch.save(tensors(ALEXNET), path)
    with pytest.raises(CheckpointError, match=r"lacks lin0\.model\.1\.weight and 4 more, which Lpips needs"):
        load(Lpips(), [path])
    torch.save(tensors(ALEXNET | HEADS | {"features.0.bias": (65,)}), path)
    with pytest.raises(CheckpointError, match=r"has features\.0\.bias of shape \(65,\), Lpips needs \(64,\)"):
        load(Lpips(), [path])


def test_a_checkpoint_that_holds_more_than_tensors_is_not_run(tmp_path):
    torch.save({"features.0.weight": print}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="plain tensors"):
        load(Lpips(), [str(tmp_path / "a.pth")])


def test_what_every_relu_gives_is_compared_and_bytes_are_spread_over_minus_one_to_one(tmp_path):
    net, taps = lpips(tmp_path), []
    for layer in net.features:
        if isinstance(layer, torch.nn.ReLU):
            layer.register_forward_hook(lambda _, __, out: taps.append(out / out.square().sum(1, keepdim=True).sqrt()))
    one, other = noise(1), noise(2)
    found = distance(net, bytes(one.tolist()), bytes(other.tolist()), 64, 72)
    pair = [2 * picture.float().reshape(1, 64, 72, 3).permute(0, 3, 1, 2) / 255 - 1 for picture in (one, other)]
    heads = [net.lin0, net.lin1, net.lin2, net.lin3, net.lin4]
    assert len(taps) == 10
    expected = sum(
        (head.model[1].weight * (a - b) ** 2).sum(dim=1).mean()
        for head, a, b in zip(heads, taps[:5], taps[5:], strict=True)
    )
    assert found == pytest.approx(expected.item(), rel=1e-4)
    assert net(*pair).item() == pytest.approx(found, rel=1e-5)
