"""Numbers and dates as they are shown."""

from __future__ import annotations

import pytest

from amltui.config import profiles
from amltui.config.display import Display, display, number_format_of


@pytest.mark.parametrize(
    ("example", "text", "shown"),
    [
        ("1,234.56", "1234567.891", "1,234,567.89"),
        ("1,234.56", "-12345", "-12,345"),
        ("1,234.56", "0.005", "0.00"),
        ("1,234.56", "99999.999", "100,000.00"),
        ("1,234.56", "2026", "2026"),
        ("1,234", "1234567.891", "1,234,567.891"),
        ("1.234", "1234567.891", "1.234.567,891"),
        ("1 234,", "1234567.891", "1 234 567,891"),
        ("1 234,5", "+12345.25", "+12 345,2"),
        ("1234.567", "12345.6", "12345.600"),
        ("1,234.5", "1" * 60 + ".55", ",".join(["111"] * 20) + ".6"),
        ("1,234.5", "007", "007"),
        ("1,234.5", "1e5", "1e5"),
        ("1,234.5", "NaN", "NaN"),
        ("1,234.5", "12345.", "12345."),
    ],
)
def test_a_number_is_shown_as_the_example_has_it(example, text, shown):
    formats = Display(number_format_of(example, "it"))
    assert formats.show(text, "float") == shown
    assert formats.show(text, "text") == text


@pytest.mark.parametrize(
    ("example", "text", "notation", "shown"),
    [
        ("31.12.2026", "2026-02-01", "", "01.02.2026"),
        ("31 Dec 2026", "2026-02-01T10:30:00Z", "with zone", "01 Feb 2026 10:30:00Z"),
        ("12/31/2026", "1.2.2026 10:30", "day/month/year", "02/01/2026 10:30"),
        ("2026-12-31", "1/2/2026", "month/day/year", "2026-01-02"),
        ("31/12/2026", "2026/1/2", "year/month/day", "02/01/2026"),
        ("31/12/2026", "soon", "", "soon"),
        ("31/12/2026", "2026-13-01", "", "2026-13-01"),
    ],
)
def test_a_date_is_shown_as_the_last_day_of_2026_is_written(example, text, notation, shown):
    assert Display(dates=example).show(text, "date", notation) == shown
    assert Display(dates=example).show(text, "text", notation) == text


def test_the_file_says_both():
    path = profiles.profiles_file()
    assert display() == Display()
    path.parent.mkdir()
    path.write_text('number_format = "1 234,5"\ndate_format = "31.12.2026"\n')
    assert display().show("12345.67", "float") == "12 345,7"
    assert display().moment("2026-11-28 01:02") == "28.11.2026 01:02"
