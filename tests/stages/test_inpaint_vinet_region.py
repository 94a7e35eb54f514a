"""What part of a picture VINet is shown of a hole."""

from hypothesis import given
from hypothesis import strategies as st

from stages.inpaint.vinet.region import CONTEXT, LEAST, STRIDE, largest, longest_for, region_for, serves, size_of
from stages.pixels import align
from transport.messages import Box, PictureFormat

HD = PictureFormat(width=1920, height=1080, pixel_format="yuv420p")


@st.composite
def holes(draw):
    """A picture and a hole in it, on the chroma grid as masks are."""
    width, height = draw(st.integers(1, 900)), draw(st.integers(1, 900))
    picture = PictureFormat(
        width=width, height=height, pixel_format=draw(st.sampled_from(["yuv420p", "yuv410p", "gray"]))
    )
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = Box(x=x, y=y, width=draw(st.integers(1, width - x)), height=draw(st.integers(1, height - y)))
    return picture, align(box, picture)


def covers(outer, inner):
    across = outer.x <= inner.x and inner.x + inner.width <= outer.x + outer.width
    return across and outer.y <= inner.y and inner.y + inner.height <= outer.y + outer.height


@given(holes(), st.sampled_from([32, 256, 512]))
def test_it_holds_the_hole_on_the_grid_at_a_size_that_the_network_takes(given_hole, longest):
    picture, hole = given_hole
    region = region_for(hole, picture, longest)
    assert covers(region.box, hole)
    assert covers(Box(x=0, y=0, width=picture.width, height=picture.height), region.box)
    assert align(region.box, picture) == region.box
    assert region.width % STRIDE == region.height % STRIDE == 0
    assert max(region.width, region.height) <= longest
    assert region.width * region.height <= largest(picture, longest)


@given(holes())
def test_it_serves_the_hole_that_it_was_made_for(given_hole):
    picture, hole = given_hole
    region = region_for(hole, picture, 512)
    assert serves(region, hole, picture, region)


@given(x=st.integers(0, 900), y=st.integers(0, 400), side=st.integers(1, 120))
def test_a_small_hole_in_a_large_picture_is_shown_as_it_is_with_its_surroundings(x, y, side):
    hole = align(Box(x=2 * x, y=2 * y, width=side, height=side), HD)
    region = region_for(hole, HD, 512)
    assert (region.width, region.height) == (region.box.width, region.box.height)
    assert region.width >= LEAST
    margin = round(CONTEXT * max(hole.width, hole.height))
    for low, length, start, size, limit in (
        (hole.x, hole.width, region.box.x, region.box.width, HD.width),
        (hole.y, hole.height, region.box.y, region.box.height, HD.height),
    ):
        assert start <= max(low - margin + 1, 0)
        assert start + size >= min(low + length + margin - 1, limit)


def test_it_stays_while_the_hole_moves_a_little_and_goes_along_when_it_moves_far():
    hole = Box(x=800, y=400, width=100, height=100)
    region = region_for(hole, HD, 512)
    for x, stays in ((800, True), (820, True), (780, True), (900, False)):
        moved = Box(x=x, y=400, width=100, height=100)
        assert serves(region, moved, HD, region_for(moved, HD, 512)) is stays


def test_it_shrinks_when_the_hole_has_become_much_smaller():
    large, small = Box(x=800, y=400, width=400, height=400), Box(x=900, y=500, width=100, height=100)
    assert not serves(region_for(large, HD, 512), small, HD, region_for(small, HD, 512))


def test_the_user_may_choose_how_large_it_is_shown():
    assert (longest_for(512, 0), longest_for(256, 0), longest_for(512, 100), longest_for(512, 10)) == (512, 256, 96, 32)
    assert size_of(1920, 1080, 512) == (512, 288)
    assert size_of(1080, 1920, 256) == (160, 256)
    assert size_of(1, 1, 512) == (32, 32)
