"""The output clock: a picture for every tick, each at its time, whatever comes and does not come."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.encode.pace import EARLY_S, MOST_BEHIND_S, Pacer
from tests.stages.test_decode_live import INFO, PICTURE, packet
from transport.messages import Box, CleanFrame, Frame, Mask, Packet, Patch, StreamInfo

LATENCY = 2.0
START = 1_000_000.0  # the clock
NOTHING = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))


def clean(seq, at):
    """A clean frame that was captured `at` seconds after START; its number is in its pixels."""
    planes = (np.full((2, 4), seq % 256, np.uint8),)
    frame = Frame(
        seq=seq, pts=round(100 * at) + 500, duration=4, key=False, format=PICTURE, planes=planes, captured=START + at
    )
    return CleanFrame(frame=frame, patch=Patch(seq=seq, mask=NOTHING, pixels=None))


def played(arrivals, until, *, step=0.01, latency=LATENCY):
    """Return what comes out, (seconds after START, item), of items that come in at (seconds after START, item)."""
    pacer, out = Pacer(latency), []
    coming, now = sorted(arrivals, key=lambda arrival: arrival[0]), 0.0

    def messages():
        nonlocal now
        yield INFO
        while now < until:
            while coming and coming[0][0] <= now:
                yield coming.pop(0)[1]
            yield None
            now += step

    def clock():
        return START + now

    for item in pacer.play(messages(), clock):
        out.append((now, item))
    return pacer, out


def pictures(out):
    return [(now, item.frame) for now, item in out if isinstance(item, CleanFrame)]


def steady(count, delay=0.5):
    return [(k / 25 + delay, clean(k, k / 25)) for k in range(count)]


def test_every_frame_is_shown_once_a_fixed_time_after_it_was_captured():
    pacer, out = played(steady(100), 8.0)
    first = pictures(out)[:100]
    assert [int(frame.planes[0][0, 0]) for _, frame in first] == list(range(100))
    assert all(abs(now - (k / 25 + LATENCY)) < 0.05 for k, (now, _) in enumerate(first))
    assert [frame.pts for _, frame in first] == [4 * k + 500 for k in range(100)]
    assert pacer.late == 0


def test_the_last_clean_picture_is_shown_again_while_none_comes():
    gap = [(at, item) for at, item in steady(100) if not 1.0 <= item.frame.captured - START < 3.0]
    pacer, out = played(gap, 6.0)
    shown = [int(frame.planes[0][0, 0]) for _, frame in pictures(out)]
    assert shown[20:80] == [*range(20, 25), *[24] * 50, *range(75, 80)]
    assert pacer.repeated == 50
    assert all(abs((b - a) - 0.04) < 0.02 for (a, _), (b, _) in pairwise(pictures(out)))


def test_a_frame_that_comes_too_late_is_not_shown():
    arrivals = steady(100)
    arrivals[50] = (50 / 25 + 2 * LATENCY, arrivals[50][1])
    arrivals[51] = (50 / 25 + 2 * LATENCY, arrivals[51][1])
    rest = [(max(at, 6.0), item) if item.frame.seq > 51 else (at, item) for at, item in arrivals]
    pacer, out = played(rest, 8.0)
    shown = [int(frame.planes[0][0, 0]) for _, frame in pictures(out)]
    assert shown == sorted(shown)
    assert len(set(shown)) + pacer.late == 100
    assert len(shown) == len(set(shown)) + pacer.repeated


def test_the_clock_goes_on_where_a_sources_times_fall_behind():
    """A camera that paused for five seconds, and whose times do not show it."""
    late = [
        (at + 5, CleanFrame(frame=replace(item.frame, captured=item.frame.captured + 5), patch=item.patch))
        for at, item in steady(200)
        if item.frame.seq >= 50
    ]
    _, out = played([*steady(50), *late], 14.0)
    moments = [now for now, _ in pictures(out)]
    assert max(b - a for a, b in pairwise(moments)) < 0.06


def test_what_was_shown_later_for_a_while_is_soon_in_time_again_though_most_frames_are_let_go():
    """Its first frames stood in a queue for 2.5 s before they were looked at."""
    early = [
        (at + 2.5, CleanFrame(frame=replace(item.frame, captured=item.frame.captured + 2.5), patch=item.patch))
        for at, item in steady(50)
    ]
    later = [(at, item) for at, item in steady(1250) if item.frame.seq >= 125 and item.frame.seq % 8 == 0]
    _, out = played([*early, *later], 48.0)
    delays = [now - (frame.pts - 500) / 100 for now, frame in pictures(out) if now < 47]
    assert abs(delays[0] - (LATENCY + 2.5)) < 0.1
    assert abs(delays[-1] - LATENCY) < 0.1


def test_no_more_is_held_than_the_latency_and_a_little_however_late_the_first_frames_were_looked_at():
    early = [
        (at + 30, CleanFrame(frame=replace(item.frame, captured=item.frame.captured + 30), patch=item.patch))
        for at, item in steady(50)
    ]
    later = [(at, item) for at, item in steady(1250) if item.frame.seq >= 830]
    _, out = played([*early, *later], 48.0)
    delays = {now: now - (frame.pts - 500) / 100 for now, frame in pictures(out) if now < 47}
    assert max(delays.values()) > 30
    # They come half a second after they were captured, and a tenth of what is left is caught up with in a second.
    assert max(delay for now, delay in delays.items() if now > 35) < LATENCY + EARLY_S + 0.6
    assert list(delays.values())[-1] < LATENCY + EARLY_S + 0.6 - 0.1 * 12


def test_sound_leaves_with_the_picture():
    sounds = [(k / 50 + 0.1, packet(20 * k + 5000)) for k in range(100)]
    _, out = played([*steady(60), *sounds], 5.0)
    shown = 0.0
    for _, item in out:
        if isinstance(item, CleanFrame):
            shown = item.frame.pts / 100
        elif isinstance(item, Packet) and shown:
            assert abs(item.pts / 1000 - shown) <= 0.0401


def test_a_stop_of_the_process_itself_is_not_caught_up_with():
    arrivals = steady(50) + [(50 / 25 + k / 25 + 60, clean(50 + k, 60 + 2 + k / 25)) for k in range(50)]
    pacer, coming = Pacer(LATENCY), iter(arrivals)
    moments = iter([START + at for at, _ in arrivals])
    now = START

    def messages():
        yield INFO
        nonlocal now
        for _, item in coming:
            now = next(moments)
            yield item

    out = list(pacer.play(messages(), lambda: now))
    assert sum(isinstance(item, CleanFrame) for item in out) < 25 * (MOST_BEHIND_S + 6)


def test_a_source_without_a_rate_is_shown_at_the_usual_one():
    found = next(iter(Pacer(1.0).play([replace(INFO, frame_rate=(90_000, 1))])))
    assert isinstance(found, StreamInfo)
    assert found.frame_rate == (25, 1)


@given(st.lists(st.tuples(st.floats(0, 0.3), st.floats(0, 5)), max_size=30), st.floats(0.1, 3))
def test_whatever_comes_is_shown_or_counted_and_times_rise(steps, latency):
    at, arrivals, ready = 0.0, [], 0.0
    for seq, (step, delay) in enumerate(steps):
        at += step + 0.01
        ready = max(ready, at + delay)
        arrivals.append((ready, clean(seq, at)))
    pacer, out = played(arrivals, ready + latency + 1, step=0.1, latency=latency)
    shown = [int(frame.planes[0][0, 0]) for _, frame in pictures(out)]
    assert shown == sorted(shown)
    assert len(set(shown)) + pacer.late == len(steps)
    assert len(shown) == len(set(shown)) + pacer.repeated
    assert all(a.pts < b.pts and b.seq == a.seq + 1 for (_, a), (_, b) in pairwise(pictures(out)))
