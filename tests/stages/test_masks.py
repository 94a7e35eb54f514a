import cv2
import numpy as np
import pytest

from stages.errors import PromptError
from stages.segment.masks import GivenMasks, read_mask
from transport.messages import Frame, PictureFormat

WIDTH, HEIGHT = 32, 24


def frame(seq, width=WIDTH, height=HEIGHT):
    picture = PictureFormat(width=width, height=height, pixel_format="gray")
    return Frame(seq=seq, pts=seq, duration=1, key=True, format=picture, planes=(np.zeros((height, width), np.uint8),))


def pattern(i):
    """A mask that says which one it is."""
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[i : i + 5, 3:9] = 255
    return values


def save(path, image):
    done, data = cv2.imencode(".png", image)
    assert done
    path.write_bytes(data.tobytes())


def folder_of(tmp_path, count, name="mask{}.png"):
    for i in range(count):
        save(tmp_path / name.format(i), pattern(i))
    return GivenMasks(str(tmp_path))


def read(tmp_path, image):
    save(tmp_path / "one.png", image)
    return read_mask(str(tmp_path / "one.png"), frame(0, image.shape[1], image.shape[0]).format)


def test_a_folder_is_dealt_out_as_people_count(tmp_path):
    masks = folder_of(tmp_path, 12)
    (tmp_path / "readme.txt").write_text("not a mask")
    (tmp_path / "._mask3.png").write_text("left by another system")
    for i in range(12):
        assert np.array_equal(masks.next(frame(i)), pattern(i))
    assert masks.is_used_up()


def test_the_first_frame_without_a_mask_is_named(tmp_path):
    masks = folder_of(tmp_path, 2)
    masks.next(frame(0)), masks.next(frame(1))
    with pytest.raises(PromptError, match=r"^frame 2 has no mask: .* ends after 2, every frame needs one$"):
        masks.next(frame(2))


def test_masks_left_over_are_noticed(tmp_path):
    masks = folder_of(tmp_path, 2)
    masks.next(frame(0))
    assert not masks.is_used_up()


def test_one_picture_must_be_as_large_as_the_video(tmp_path):
    save(tmp_path / "logo.PNG", pattern(4))
    assert np.array_equal(read_mask(str(tmp_path / "logo.PNG"), frame(0).format), pattern(4))
    with pytest.raises(PromptError, match=r"mask .*logo\.PNG is 32x24, the video is 64x24"):
        read_mask(str(tmp_path / "logo.PNG"), frame(0, width=64).format)


def test_masks_are_read_one_at_a_time(tmp_path):
    masks = folder_of(tmp_path, 3)
    masks.next(frame(0))
    save(tmp_path / "mask1.png", pattern(9))
    assert np.array_equal(masks.next(frame(1)), pattern(9))


def test_an_unreadable_mask_in_the_middle_is_named_with_its_frame(tmp_path):
    masks = folder_of(tmp_path, 4)
    whole = (tmp_path / "mask2.png").read_bytes()
    (tmp_path / "mask2.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "mask3.png").write_bytes(b"")
    for i in range(2):
        assert np.array_equal(masks.next(frame(i)), pattern(i))
    with pytest.raises(PromptError, match=r"mask .*mask2\.png cannot be read as a picture \(mask of frame 2\)"):
        masks.next(frame(2))


def test_a_mask_that_vanished_is_named(tmp_path):
    masks = folder_of(tmp_path, 2)
    masks.next(frame(0))
    (tmp_path / "mask1.png").unlink()
    with pytest.raises(PromptError, match=r"mask1\.png cannot be read: No such file or directory \(mask of frame 1\)"):
        masks.next(frame(1))


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path):
    masks = folder_of(tmp_path, 2)
    masks.next(frame(0))
    with pytest.raises(PromptError, match=r"mask .*mask1\.png is 32x24, frame 1 of the video is 64x24"):
        masks.next(frame(1, width=64))


def test_places_without_masks_are_refused(tmp_path):
    with pytest.raises(PromptError, match="holds no PNG, one for every frame is needed"):
        GivenMasks(str(tmp_path))
    with pytest.raises(PromptError, match="nowhere does not exist, a folder of PNGs or a video is needed"):
        GivenMasks(str(tmp_path / "nowhere"))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(PromptError, match=r"broken\.png cannot be read as a picture"):
        read_mask(str(tmp_path / "broken.png"), frame(0).format)


def test_grey_of_8_and_16_bits_is_taken_as_it_is(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    assert np.array_equal(read(tmp_path, grey), grey)
    assert np.array_equal(read(tmp_path, grey.astype(np.uint16) * 256 + 77), grey)


def test_black_and_white_of_one_bit_is_full(tmp_path):
    done, data = cv2.imencode(".png", pattern(5), [cv2.IMWRITE_PNG_BILEVEL, 1])
    assert done
    (tmp_path / "bits.png").write_bytes(data.tobytes())
    assert np.array_equal(GivenMasks(str(tmp_path / "bits.png")).next(frame(0)), pattern(5))


def test_a_picture_of_zeros_and_ones_holds_labels(tmp_path):
    assert np.array_equal(read(tmp_path, pattern(5) // 255), pattern(5))
    assert np.array_equal(read(tmp_path, (pattern(5) // 255).astype(np.uint16)), pattern(5))


def test_any_colour_but_black_is_the_object(tmp_path):
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[2:4, :, 2] = 128  # the first colour of the PASCAL palette, whose grey is only 38
    image[6:8, :, 0] = 255
    assert np.array_equal(read(tmp_path, image), image.max(axis=2))


def test_transparency_counts_only_where_the_colour_says_nothing(tmp_path):
    layer = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    layer[..., 3] = pattern(2)
    assert np.array_equal(read(tmp_path, layer), pattern(2))
    opaque = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    opaque[..., :3] = pattern(7)[..., None]
    assert np.array_equal(read(tmp_path, opaque), pattern(7))


def test_an_empty_mask_is_empty(tmp_path):
    assert not read(tmp_path, np.zeros((HEIGHT, WIDTH), np.uint8)).any()
    assert not read(tmp_path, np.zeros((HEIGHT, WIDTH, 4), np.uint8)).any()


def video(path, count):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for i in range(count):
            picture = av.VideoFrame.from_ndarray(pattern(i), "gray").reformat(format="yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def test_a_video_is_dealt_out_frame_by_frame(tmp_path):
    video(tmp_path / "masks.mkv", 5)
    masks = GivenMasks(str(tmp_path / "masks.mkv"))
    for i in range(5):
        values = masks.next(frame(i))
        assert np.array_equal(values >= 128, pattern(i) > 0)
        assert values[pattern(i) == 0].max() < 64
    with pytest.raises(PromptError, match="frame 5 has no mask"):
        masks.next(frame(5))


def test_a_video_that_is_none_is_refused_with_its_name(tmp_path):
    (tmp_path / "masks.mkv").write_text("these are not the masks")
    with pytest.raises(PromptError, match=r"mask video .*masks\.mkv cannot be read"):
        GivenMasks(str(tmp_path / "masks.mkv")).next(frame(0))
