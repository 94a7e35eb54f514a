import pytest

from stages.errors import PromptError
from stages.segment.prompts import Prompts, check, parse_box
from transport.messages import Box, PictureFormat

PICTURE = PictureFormat(width=640, height=360, pixel_format="yuv420p")


def test_four_numbers_are_a_box():
    assert parse_box("412,96,60,200") == Box(x=412, y=96, width=60, height=200)
    assert parse_box(" 0 , 0,1, 1 ") == Box(x=0, y=0, width=1, height=1)


def test_fractions_are_widened_to_whole_pixels():
    assert parse_box("10.5,20,3,4.25") == Box(x=10, y=20, width=4, height=5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "box '' has 0 numbers, four are needed: x,y,width,height in pixels"),
        ("7", "has 1 number, four"),
        ("1,2,3", "has 3 numbers, four"),
        ("1,2,3,4,5", "has 5 numbers, four"),
        ("1;2;3;4", "has 1 number, four"),
        ("1,2,x,4", "has 'x' where a number of pixels should be"),
        ("1,,3,4", "has '' where a number"),
        ("-1,2,3,4", "begins at -1,2, its corner must be at 0,0"),
        ("1,2,-3,4", "is -3 wide and 4 high, both must be more than 0"),
        ("1,2,0,4", "is 0 wide"),
        ("nan,2,3,4", "has nan, a number from 0 to 32767"),
        ("1,2,inf,4", "has inf, a number"),
        ("1,2,1e99,4", "has 1e99, a number"),
    ],
)
def test_words_that_are_no_box_are_refused_in_one_sentence(words, sentence):
    with pytest.raises(PromptError) as caught:
        parse_box(words)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("kind", ["boxes", "regions"])
def test_what_fits_the_picture_stays_as_it_is(kind, caplog):
    prompts = Prompts(**{kind: (Box(x=0, y=0, width=640, height=360), Box(x=639, y=359, width=1, height=1))})
    assert check(prompts, PICTURE) == prompts
    assert not caplog.messages


def test_a_part_outside_is_cut_off_with_a_warning(caplog):
    prompts = Prompts(boxes=(Box(x=600, y=300, width=100, height=100),), mask="masks")
    assert check(prompts, PICTURE) == Prompts(boxes=(Box(x=600, y=300, width=40, height=60),), mask="masks")
    assert caplog.messages == [
        "box 600,300,100,100 reaches outside the picture, which is 640x360: that part is ignored"
    ]


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        (Box(x=640, y=0, width=9, height=9), "region 640,0,9,9 lies outside the picture, which is 640x360"),
        (Box(x=0, y=400, width=9, height=9), "region 0,400,9,9 lies outside the picture, which is 640x360"),
        (Box(x=0, y=0, width=641, height=9), "region 0,0,641,9 is larger than the picture, which is 640x360"),
        (Box(x=0, y=0, width=9, height=361), "region 0,0,9,361 is larger than the picture, which is 640x360"),
        (Box(x=0, y=0, width=0, height=9), "region 0,0,0,9 is empty"),
    ],
)
def test_a_region_elsewhere_is_refused_with_the_size_of_the_picture(box, sentence):
    with pytest.raises(PromptError, match=sentence):
        check(Prompts(regions=(box,)), PICTURE)
