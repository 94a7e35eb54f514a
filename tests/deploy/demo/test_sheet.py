import cv2
import numpy as np
import pytest

from deploy.demo.sheet import CELL, Row, contact_sheet, mark, side_by_side, write_sheet
from stages.errors import SinkError


def plain(colour, width=60, height=40):
    return np.full((height, width, 3), colour, np.uint8)


def find(sheet, colour):
    """The box of a colour: left, top, width, height."""
    return cv2.boundingRect((sheet == colour).all(axis=2).astype(np.uint8))


def test_every_picture_is_whole_and_in_its_row_and_column():
    colours = [[(200, 0, 0), (0, 200, 0), (0, 0, 200)], [(200, 200, 0), (0, 200, 200), (200, 0, 200)]]
    rows = [Row(label=str(r), pictures=[plain(colour) for colour in line]) for r, line in enumerate(colours)]
    sheet = contact_sheet(rows, ["0 s", "1 s", "2 s"])
    places = [[find(sheet, colour) for colour in line] for line in colours]
    assert all(place[2:] == (60, 40) for line in places for place in line)
    assert places[0][0][0] < places[0][1][0] < places[0][2][0]
    assert [place[0] for place in places[0]] == [place[0] for place in places[1]]
    assert places[0][0][1] < places[1][0][1]


def test_labels_and_captions_are_written_beside_the_pictures():
    rows = [Row(label="before", pictures=[plain((9, 9, 9))])]
    empty = contact_sheet([Row(label="", pictures=[plain((9, 9, 9))])], [""])
    labelled, captioned = contact_sheet(rows, [""]), contact_sheet(rows, ["1 s"])
    left, top, *_ = find(empty, (9, 9, 9))
    assert (labelled[top:, :left] != empty[top:, :left]).any()
    assert (captioned[:top, left:] != labelled[:top, left:]).any()
    assert np.array_equal(captioned[top:, left:], empty[top:, left:])


def test_large_pictures_are_shrunk_in_proportion():
    sheet = contact_sheet([Row(label="", pictures=[plain((200, 0, 0), 4 * CELL, 2 * CELL)])])
    assert find(sheet, (200, 0, 0))[2:] == (CELL, CELL // 2)


def test_a_ragged_sheet_is_refused():
    rows = [Row(label="a", pictures=[plain(1), plain(2)]), Row(label="b", pictures=[plain(3)])]
    with pytest.raises(ValueError, match="a sheet of 2 columns"):
        contact_sheet(rows)


def test_the_mask_stands_out_and_the_rest_is_dimmed():
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 10:20] = 255
    marked = mark(plain((100, 100, 100)), mask).astype(int)
    assert (marked[mask == 0] == 55).all()
    assert (marked[mask > 0][:, 0] > 200).all()
    assert (marked[mask > 0][:, 1] < 80).all()


def test_two_pictures_stand_side_by_side_with_even_sides():
    both = side_by_side(plain((200, 0, 0), 301, 201), plain((0, 0, 200), 301, 201))
    assert both.shape[0] % 2 == both.shape[1] % 2 == 0
    assert (both[100, :301] == (200, 0, 0)).all()
    assert (both[100, -300:] == (0, 0, 200)).all()


def test_a_sheet_is_written_as_a_png_with_its_colours(tmp_path):
    path = tmp_path / "sheet.png"
    write_sheet([plain((200, 10, 0))], [np.zeros((40, 60), np.uint8)], [plain((0, 10, 200))], path, ["0 s"])
    sheet = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    before, after = find(sheet, (200, 10, 0)), find(sheet, (0, 10, 200))
    assert before[2:] == after[2:] == (60, 40)
    assert before[1] < after[1]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(SinkError, match=r"sheet .*nowhere.* cannot be written: No such file"):
        write_sheet([plain(0)], [np.zeros((40, 60), np.uint8)], [plain(0)], tmp_path / "nowhere" / "sheet.png")
