"""Pixel formats that cleanplate does not work in are read as the same samples in other places."""

from fractions import Fraction

import av
import av.filter
import numpy as np
import pytest
from av.video.format import names

from stages.decode.picture import loses, picture_format, planes, worked_in
from stages.errors import SourceError
from stages.pixels import layout, plane_shapes

WIDTH, HEIGHT = 32, 6


def packed(pixel_format, rows, full_range=False):
    """Return a frame of one plane that holds the given rows of bytes."""
    frame = av.VideoFrame(WIDTH, HEIGHT, pixel_format)
    frame.color_range = 2 if full_range else 1
    plane = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
    data = np.ascontiguousarray(rows).view(np.uint8)
    plane[:, : data.shape[1]] = data
    return frame


def read(frame):
    picture = picture_format(frame, (0, 1))
    return picture.pixel_format, planes(frame, picture)


def noise(samples, dtype=np.uint8, top=256):
    return np.random.default_rng(7).integers(0, top, (HEIGHT, samples)).astype(dtype)


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize(("name", "y", "u", "v"), [("yuyv422", 0, 1, 3), ("uyvy422", 1, 0, 2), ("yvyu422", 0, 3, 1)])
def test_packed_422_is_taken_apart(name, y, u, v, full_range):
    rows = noise(2 * WIDTH)
    found, (luma, blue, red) = read(packed(name, rows, full_range))
    assert found == "yuv422p"
    np.testing.assert_array_equal(luma, rows[:, y::2])
    np.testing.assert_array_equal(blue, rows[:, u::4])
    np.testing.assert_array_equal(red, rows[:, v::4])


def test_packed_10_bit_keeps_its_depth():
    rows = noise(2 * WIDTH, np.uint16, 1024)
    found, (luma, blue, red) = read(packed("y210le", rows << 6))
    assert found == "yuv422p10le"
    np.testing.assert_array_equal(luma, rows[:, 0::2])
    np.testing.assert_array_equal(blue, rows[:, 1::4])
    np.testing.assert_array_equal(red, rows[:, 3::4])


def test_big_endian_words_are_turned_round():
    rows = noise(3 * WIDTH, np.uint16, 65536)
    found, (plane,) = read(packed("rgb48be", rows.astype(">u2")))
    assert found == "rgb48le"
    np.testing.assert_array_equal(plane, rows)


@pytest.mark.parametrize(("name", "white"), [("monob", 1), ("monow", 0)])
def test_bits_become_black_and_white(name, white):
    rows = noise(WIDTH // 8)
    found, (plane,) = read(packed(name, rows))
    assert found == "gray"
    np.testing.assert_array_equal(plane, np.where(np.unpackbits(rows, axis=1) == white, 255, 0))


def test_a_palette_is_looked_up_with_its_transparency():
    rows = noise(WIDTH)
    frame = packed("pal8", rows)
    palette = np.frombuffer(frame.planes[1], np.uint8).reshape(256, 4)
    palette[:] = np.random.default_rng(8).integers(0, 256, (256, 4))
    found, (plane,) = read(frame)
    assert found == "bgra"
    np.testing.assert_array_equal(plane.reshape(HEIGHT, WIDTH, 4), palette[rows])


def test_grey_with_alpha_keeps_both():
    rows = noise(2 * WIDTH)
    found, (green, blue, red, alpha) = read(packed("ya8", rows))
    assert found == "gbrap"
    for plane in (green, blue, red):
        np.testing.assert_array_equal(plane, rows[:, 0::2])
    np.testing.assert_array_equal(alpha, rows[:, 1::2])


def test_p010_keeps_its_words():
    frame = av.VideoFrame(63, 37, "p010le")
    shapes = plane_shapes(picture_format(frame, (0, 1)))
    wanted = []
    for plane, (rows, samples) in zip(frame.planes, shapes, strict=True):
        words = np.random.default_rng(9).integers(0, 1024, (rows, samples)).astype(np.uint16) << 6
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        lines[:rows, : 2 * samples] = words.view(np.uint8)
        wanted.append(words)
    found, taken = read(frame)
    assert found == "p010le"
    for plane, words in zip(taken, wanted, strict=True):
        np.testing.assert_array_equal(plane, words)


def test_a_picture_that_is_stored_bottom_up_is_not_upside_down():
    rows = noise(WIDTH)
    graph = av.filter.Graph()
    source = graph.add_buffer(width=WIDTH, height=HEIGHT, format="gray", time_base=Fraction(1, 25))
    flip, sink = graph.add("vflip"), graph.add("buffersink")  # turns it round by a negative line size alone
    source.link_to(flip)
    flip.link_to(sink)
    graph.configure()
    source.push(packed("gray", rows))
    flipped = sink.pull()
    assert flipped.planes[0].line_size < 0
    _, (plane,) = read(flipped)
    np.testing.assert_array_equal(plane, rows[::-1])


def test_planes_are_copies_that_outlive_the_decoder():
    frame = packed("gray", noise(WIDTH))
    _, (plane,) = read(frame)
    before = plane.copy()
    np.frombuffer(frame.planes[0], np.uint8)[:] = 0
    np.testing.assert_array_equal(plane, before)


def test_every_format_is_read_as_one_of_no_less_depth_or_said_to_lose():
    read_as = 0
    for name in names:
        try:
            found = worked_in(name)
        except SourceError:
            continue
        read_as += 1
        bits = max(component.bits for component in av.VideoFormat(name, 16, 16).components)
        assert layout(found).bits >= bits or loses(name), f"{name} becomes {found}"
        assert not found.endswith("be")
    assert read_as > 180


@pytest.mark.parametrize("name", ["cuda", "vaapi", "gray32le", "yaf32le"])
def test_a_format_that_cannot_be_worked_in_is_named(name):
    with pytest.raises(SourceError, match=name):
        worked_in(name)
