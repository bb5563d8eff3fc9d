"""A text is taken as a value exactly, or not at all."""

import datetime
from decimal import Decimal

import duckdb
import ibis
import pytest
from pydantic import ValidationError

from identity_pipeline.expressions.parse import parse, present
from identity_pipeline.terms.sources import Column

CONNECTION = ibis.duckdb.from_connection(duckdb.connect())
US, GERMAN = "%m-%d-%Y %H:%M:%S", "%d.%m.%y"
DAY = datetime.date(2022, 7, 23)
TEN = datetime.datetime(2022, 7, 23, 10)


def when(hour: int, *rest: int, month: int = 7, day: int = 23) -> datetime.datetime:
    """A time of 2022."""
    return datetime.datetime(2022, month, day, hour, *rest)


TYPED = [
    # declaration, text, value; None where the text does not fit
    ({"type": "integer"}, "707", 707),
    ({"type": "integer"}, "007", 7),
    ({"type": "integer"}, "-5", -5),
    ({"type": "integer"}, "999999999999999999", 999999999999999999),
    ({"type": "integer"}, "9999999999999999999", None),
    ({"type": "integer"}, "12.5", None),  # DuckDB reads 13
    ({"type": "integer"}, "1e3", None),
    ({"type": "integer"}, "1,000", None),
    ({"type": "integer"}, "1_000", None),
    ({"type": "integer"}, "0x1F", None),
    ({"type": "integer"}, " 1", None),
    ({"type": "integer"}, "1\n", None),
    ({"type": "decimal", "scale": 2}, "1.5", Decimal("1.50")),
    ({"type": "decimal", "scale": 2}, "1.5000", Decimal("1.50")),
    ({"type": "decimal", "scale": 2}, ".5", Decimal("0.50")),
    ({"type": "decimal", "scale": 2}, "-0.07", Decimal("-0.07")),
    (
        {"type": "decimal", "scale": 2},
        "12345678901234567890.12", Decimal("12345678901234567890.12"),
    ),
    ({"type": "decimal", "scale": 2}, "1.555", None),  # DuckDB reads 1.56
    ({"type": "decimal", "scale": 2}, "5.", None),
    ({"type": "decimal", "scale": 2}, ".", None),
    ({"type": "decimal", "scale": 2}, "1e3", None),
    ({"type": "decimal", "scale": 2}, "1,5", None),
    ({"type": "decimal", "scale": 2}, "9" * 37, None),
    ({"type": "decimal", "scale": 0}, "7.0", Decimal("7")),
    ({"type": "decimal", "scale": 0}, "7.5", None),
    ({"type": "boolean"}, "YES", True),
    ({"type": "boolean"}, "0", False),
    ({"type": "boolean"}, "t", None),
    ({"type": "date"}, "2022-07-23", DAY),
    ({"type": "date"}, "2022-02-30", None),
    ({"type": "date"}, "2022-7-23", None),
    ({"type": "date"}, "2022-07-23 10:00:00", None),
    ({"type": "date"}, "epoch", None),
    ({"type": "date", "format": GERMAN}, "23.07.22", DAY),
    ({"type": "date", "format": GERMAN}, "30.02.22", None),
    ({"type": "date", "format": "%d %b %Y"}, "23 jul 2022", DAY),
    ({"type": "timestamp"}, "2022-07-23T10:00:00", TEN),
    ({"type": "timestamp"}, "2022-07-23 10:00", TEN),
    ({"type": "timestamp"}, "2022-07-23", when(0)),
    ({"type": "timestamp"}, "2022-07-23T10:00:00.123456789Z", when(10, 0, 0, 123456)),
    ({"type": "timestamp"}, "2022-07-23T10:00:00+02:00", when(8)),  # DuckDB overlooks the offset
    ({"type": "timestamp"}, "2022-07-23T10:00:00-0430", when(14, 30)),
    ({"type": "timestamp"}, "2022-07-23T10:00:00+02", when(8)),
    ({"type": "timestamp"}, "2022-07-23T10:00:00+25:00", None),
    ({"type": "timestamp"}, "2022-07-23T24:00:00", None),
    ({"type": "timestamp"}, "2022-07-23T10:00:60", None),
    ({"type": "timestamp", "zone": "Europe/Berlin"}, "2022-07-23T10:00:00", when(8)),
    ({"type": "timestamp", "zone": "Europe/Berlin"}, "2022-07-23T10:00:00Z", TEN),
    ({"type": "timestamp", "zone": "Europe/Berlin"}, "2022-07-23", when(22, day=22)),
    # skipped and repeated local times: the winter offset
    (
        {"type": "timestamp", "zone": "Europe/Berlin"},
        "2022-03-27T02:30:00", when(1, 30, month=3, day=27),
    ),
    (
        {"type": "timestamp", "zone": "Europe/Berlin"},
        "2022-10-30T02:30:00", when(1, 30, month=10, day=30),
    ),
    ({"type": "timestamp", "format": US}, "07-23-2022 10:00:00", TEN),
    ({"type": "timestamp", "format": US}, "7-23-2022 10:00:00", TEN),
    ({"type": "timestamp", "format": US}, "07-23-22 10:00:00", None),  # DuckDB reads the year 22
    ({"type": "timestamp", "format": US}, "07-23-2022 10:00:00 ", None),
    ({"type": "timestamp", "format": US}, "02-30-2022 10:00:00", None),
    ({"type": "timestamp", "format": US}, "23-07-2022 10:00:00", None),
    ({"type": "timestamp", "format": US, "zone": "Asia/Tokyo"}, "07-23-2022 19:00:00", TEN),
    (
        {"type": "timestamp", "format": US + " %z", "zone": "Asia/Tokyo"},
        "07-23-2022 12:00:00 +0200", TEN,
    ),
    ({"type": "timestamp", "format": "%d/%m/%Y %I:%M %p"}, "23/07/2022 10:00 PM", when(22)),
    ({"type": "text"}, " Ann ", " Ann "),
]  # fmt: skip


def test_a_text_is_its_exact_value_or_does_not_fit() -> None:
    answers = {}
    for place, (declared, text, _) in enumerate(TYPED):
        found = parse(ibis.literal(text), Column.model_validate(declared))
        answers[f"a{place}"] = found.fits.fill_null(False).ifelse(
            found.value.cast("string"), ibis.null("string")
        )
    row = CONNECTION.execute(ibis.literal(1).name("one").as_table().select(**answers))

    expected = [None if value is None else str(value) for _, _, value in TYPED]
    assert [plain(row[f"a{n}"][0]) for n in range(len(TYPED))] == list(map(plain, expected))


def plain(text: object) -> str | None:
    """Booleans are written in lower case by the engine."""
    return text.lower() if isinstance(text, str) else None


MARKED = [("", None), ("--", None), (" --", " --"), ("n/a", "n/a"), (None, None)]


@pytest.mark.parametrize(("text", "kept"), MARKED)
def test_null_markers_and_empty_texts_are_absent(text: str | None, kept: str | None) -> None:
    found = CONNECTION.execute(present(ibis.literal(text, "string"), ("--",)))

    assert (None if found is None or found != found else found) == kept


REFUSED = [
    ({"type": "date", "format": "%d.%m.%Y %H"}, "'%H' in a date's format is not understood"),
    ({"type": "timestamp", "format": "%q"}, "'%q' in a timestamp's format is not understood"),
    ({"type": "timestamp", "format": "%H:%M"}, "a format needs the year"),
    ({"type": "text", "format": "%Y"}, "'format' is for dates and timestamps"),
]


@pytest.mark.parametrize(("declared", "message"), REFUSED)
def test_a_format_that_cannot_be_read_is_refused(declared: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Column.model_validate(declared)
