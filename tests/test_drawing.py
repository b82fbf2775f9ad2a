"""Pictures of numbers, and the markup around them."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked.curves import MOST, Curve, Curves
from tracked.drawing import card, details, element, link, search_chart, shown, spark_text, sparkline, table


@given(st.text())
def test_any_text_is_text(text):
    """Whatever a person has named, no markup comes of it."""
    told = shown(text)
    assert "<" not in told
    assert '"' not in told
    assert "<" not in element("b", text)[3:-4]


def test_markup_is_escaped_once():
    """What is markup already stays it, inside other markup too."""
    assert "<b>a &amp; b</b>" == element("b", "a & b")
    assert "<i><b>a</b>&lt;</i>" == element("i", element("b", "a"), "<")
    assert '<a href="&quot;&gt;">x</a>' == element("a", "x", href='">')


def test_values_are_short():
    """Numbers have four digits, long texts end in an ellipsis."""
    assert "0.3333" == shown(1 / 3)
    assert 200 == len(shown("x" * 1000))


@given(st.lists(st.floats(), max_size=300))
def test_any_numbers_are_a_picture(values):
    """NaN, infinities and the largest numbers too: well-formed, inside the frame, or nothing at all."""
    for drawn in (sparkline(values), search_chart(values, values)):
        if not drawn:
            continue
        points = ET.fromstring(drawn).find(".//{http://www.w3.org/2000/svg}polyline").get("points").split()
        places = [tuple(map(float, point.split(","))) for point in points]
        assert all(0 <= x <= 420 and 0 <= y <= 90 for x, y in places)
    assert len(spark_text(values)) <= 20


def test_fewer_than_two_numbers_are_no_picture():
    """There is no course of one value, and none of none."""
    for values in ([], [1.0], [math.nan, 1.0]):
        assert "" == sparkline(values) == spark_text(values)


def test_a_course_in_text():
    """It rises where the numbers rise, and needs no more than ASCII where there is no more."""
    assert "▁▂▃▄▅▆▇█" == spark_text(range(8))
    assert spark_text(range(100), ascii_only=True).isascii()


def test_what_is_empty_is_left_out():
    """A table without rows, a fold without a body, a part of a card without words."""
    assert "" == table(("a",), [])
    assert "" == details("title", "")
    assert card("a", "", "b").count("<div>") == 2


@pytest.mark.parametrize(
    ("address", "begins"),
    [("https://x/#/y", "<a "), ("mlflow ui --x", "<code"), ("javascript:x", "<code"), ("", "")],
)
def test_only_an_address_is_a_link(address, begins):
    """Anything else is shown as what it is."""
    assert link(address).startswith(begins)


@given(st.lists(st.integers(), min_size=1, max_size=2000))
def test_a_curve_keeps_its_ends(values):
    """However long, it is a few hundred points in their order, with the first and the last."""
    curve = Curve()
    for value in values:
        curve.add(value)
    kept = curve.values
    assert len(kept) <= MOST + 1
    assert (values[0], values[-1]) == (kept[0], kept[-1])
    remaining = iter(values)
    assert all(any(value == other for other in remaining) for value in kept)


def test_metrics_without_end_are_not_followed():
    """A run that logs a thousand metrics does not fill the memory of a notebook."""
    curves = Curves()
    curves.add({f"m{n}": 1.0 for n in range(1000)})
    assert [1.0] == curves.of("m0")
    assert [] == curves.of("m999")
