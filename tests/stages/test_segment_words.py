import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import PromptError
from stages.segment.point.segmenter import Point
from stages.segment.prompts import Moment, Prompt
from stages.segment.words import parse_box, parse_mask, parse_object_box, parse_point, parse_region
from transport.messages import Box


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


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("1,2,3,4", Moment()),
        ("1,2,3,4@0", Moment()),
        ("1,2,3,4@12.5", Moment(seconds=12.5)),
        ("1,2,3,4@1:30", Moment(seconds=90)),
        ("1,2,3,4@1:02:03.25", Moment(seconds=3723.25)),
        ("1,2,3,4 @ 7", Moment(seconds=7)),
        ("1,2,3,4@300f", Moment(frame=300)),
    ],
)
def test_a_time_may_follow_in_seconds_or_as_a_clock_or_as_a_frame(words, moment):
    prompt = parse_object_box(words)
    assert (prompt.moment, prompt.box) == (moment, Box(x=1, y=2, width=3, height=4))


@pytest.mark.parametrize("time", ["", "x", "-1", "1:2:3:4", "1e3", "nan", "12.5f", "f", "1.2.3", "١"])
def test_what_is_no_time_is_refused_with_what_would_be_one(time):
    with pytest.raises(PromptError, match=r"which is no time; 12\.5, 1:30 or 300f would be"):
        parse_object_box(f"1,2,3,4@{time}")


def test_a_name_may_come_first():
    prompt = parse_point("dog=10,20@3")
    assert (prompt.name, prompt.point, prompt.moment.seconds) == ("dog", Point(x=10, y=20), 3)
    assert prompt.words == "point dog=10,20@3"


def test_a_minus_before_a_point_is_a_point_of_the_background():
    assert not parse_point("10,20").background
    assert parse_point("-10,20") == Prompt(words="point -10,20", point=Point(x=10, y=20), background=True)
    assert parse_point("10,20", background=True).background
    assert parse_point("-0,0").background


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "has 0 numbers, two are needed: x,y in pixels"),
        ("1,2,3", "has 3 numbers, two"),
        ("1,-2", "is at 1,-2, both must be 0 or more"),
        ("a,2", "has 'a' where"),
        ("--1,2", "is at -1,2"),
    ],
)
def test_words_that_are_no_point_are_refused_in_one_sentence(words, sentence):
    with pytest.raises(PromptError) as caught:
        parse_point(words)
    assert sentence in str(caught.value)


def test_a_mask_is_one_picture_of_an_object_or_a_folder_or_video_of_all(tmp_path):
    assert parse_mask("first.png@2") == Prompt(words="mask first.png@2", moment=Moment(seconds=2), picture="first.png")
    assert parse_mask("cat=first.PNG").name == "cat"
    assert parse_mask("masks/") == "masks/"
    assert parse_mask("masks.mkv") == "masks.mkv"
    (tmp_path / "odd@9.png").write_bytes(b"")
    assert parse_mask(f"{tmp_path}/odd@9.png").picture == f"{tmp_path}/odd@9.png"
    (tmp_path / "folder.png").mkdir()
    assert parse_mask(f"{tmp_path}/folder.png") == f"{tmp_path}/folder.png"


def test_masks_for_every_frame_have_no_time_and_no_name():
    for words in ("masks/@3", "dog=masks.mkv"):
        with pytest.raises(PromptError, match="gives a name or a time to a mask for every frame"):
            parse_mask(words)


def test_a_url_for_a_mask_is_left_whole():
    assert parse_mask("http://user:secret@host/x.mkv") == "http://user:secret@host/x.mkv"


def test_a_region_is_a_box_or_a_picture():
    assert parse_region("1,2,3,4") == Box(x=1, y=2, width=3, height=4)
    assert parse_region("logo.png") == "logo.png"
    with pytest.raises(PromptError, match="region 'logo' has 1 number"):
        parse_region("logo")


@given(st.text(max_size=30))
def test_whatever_is_typed_is_understood_or_refused_in_one_sentence(words):
    for parse in (parse_object_box, parse_point, parse_mask, parse_region):
        with contextlib.suppress(PromptError):  # any other error fails
            assert parse(words) is not None
