"""How long something takes, as people write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.durations import GRAMMAR, LONGEST_SECONDS, read_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("800ms", 0.8),
        ("2s", 2.0),
        ("1.5s", 1.5),
        ("1m", 60.0),
        ("0s", 0.0),
        ("0ms", 0.0),
        ("005s", 5.0),
        (" 2s ", 2.0),
        ("1h", LONGEST_SECONDS),
        ("60m", LONGEST_SECONDS),
        ("3600s", LONGEST_SECONDS),
        ("3600000ms", LONGEST_SECONDS),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert read_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "s", "2", "2 s", "2s\n", "\t2s", "1d", "1S", "1MS", ".5s", "5.s", "1.5.5s", "1,5s", "1e3s", "1s1ms"),
        *("-1s", "+1s", "nan", "inf", "infs", "٢s", "\uff12s", "3600.000001s", "61m", "999999999m", "9" * 5000 + "s"),
    ],
)
def test_anything_else_is_refused_with_what_was_found_and_the_grammar(text: str) -> None:
    with pytest.raises(ValueError) as refusal:
        read_duration(text)
    found, _, expected = str(refusal.value).partition(", expected ")
    assert expected == GRAMMAR
    assert found == f"found {text!r}" if len(text) < 40 else len(found) < 100


@given(st.integers(0, 3_600_000))
def test_every_millisecond_up_to_an_hour_can_be_written_in_each_unit(milliseconds: int) -> None:
    seconds = Decimal(milliseconds) / 1000
    for text in (f"{milliseconds}ms", f"{seconds}s", f"{milliseconds // 60_000}m"):
        expected = milliseconds // 60_000 * 60 if text.endswith("m") else milliseconds / 1000
        assert read_duration(text) == pytest.approx(expected)


@given(st.text() | st.from_regex(r"[0-9]{0,12}(\.[0-9]{0,8})?(ms|s|m|h)?", fullmatch=True))
def test_no_text_gives_a_duration_out_of_bounds_or_another_error(text: str) -> None:
    try:
        seconds = read_duration(text)
    except ValueError as refusal:
        assert str(refusal).endswith(GRAMMAR)  # noqa: PT017 - some texts are durations
    else:
        assert 0 <= seconds <= LONGEST_SECONDS
