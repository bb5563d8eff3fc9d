"""Filters: AND, OR, every operator; a missing value passes only `is_null: true`."""

import datetime
from decimal import Decimal

import duckdb
import ibis
import pytest
from pydantic import TypeAdapter

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.expressions.filters import passes
from identity_pipeline.expressions.types import schema_of
from identity_pipeline.terms.errors import FilterError
from identity_pipeline.terms.filters import Filter
from identity_pipeline.terms.sources import SourceTable

SOURCE = SourceTable.model_validate(
    {
        "name": "orders",
        "data_source": "Shop",
        "table": "Orders",
        "landing": "{ingestion_date}/*",
        "primary_key": "id",
        "columns": {
            "id": "text",
            "name": "text",
            "pieces": "integer",
            "price": {"type": "decimal", "scale": 2},
            "gift": "boolean",
            "day": "date",
            "at": "timestamp",
        },
    }
)
FILTER: TypeAdapter[Filter] = TypeAdapter(Filter)
ENGINE = DuckDBEngine(duckdb.connect())
DAY, TEN = datetime.date(2022, 7, 23), datetime.datetime(2022, 7, 23, 10)
ROWS = [
    ("1", "Ann", 1, Decimal("0.10"), True, DAY, TEN),
    ("2", "ben", 2, Decimal("2.00"), False, None, None),
    ("3", None, None, None, None, None, None),
]
TABLE = ENGINE.relation({name: str(kind) for name, kind in schema_of(SOURCE).items()}, ROWS)

PASSING = [
    # filter, ids of the rows that pass
    ({"column": "name", "eq": "Ann"}, "1"),
    ({"column": "name", "eq": "BEN"}, ""),
    ({"column": "name", "eq": "BEN", "ignore_case": True}, "2"),
    ({"column": "name", "ne": "Ann"}, "2"),
    ({"column": "name", "in": ["Ann", "ben"]}, "12"),
    ({"column": "name", "in": ["ANN"], "ignore_case": True}, "1"),
    ({"column": "name", "not_in": ["Ann"]}, "2"),
    ({"column": "name", "contains": "en"}, "2"),
    ({"column": "name", "contains": "%"}, ""),
    ({"column": "name", "starts_with": "a", "ignore_case": True}, "1"),
    ({"column": "name", "is_null": True}, "3"),
    ({"column": "name", "is_null": False}, "12"),
    ({"column": "pieces", "gt": 1}, "2"),
    ({"column": "pieces", "ge": 1, "lt": 2}, "1"),
    ({"column": "pieces", "gt": 1.5}, "2"),
    ({"column": "price", "eq": 0.1}, "1"),
    ({"column": "price", "le": 2}, "12"),
    ({"column": "gift", "eq": True}, "1"),
    ({"column": "gift", "ne": True}, "2"),
    ({"column": "day", "ge": "2022-07-23"}, "1"),
    ({"column": "at", "eq": "2022-07-23T12:00:00+02:00"}, "1"),
    ({"all": [{"column": "name", "eq": "Ann"}, {"column": "pieces", "eq": 2}]}, ""),
    ({"any": [{"column": "name", "eq": "Ann"}, {"column": "pieces", "eq": 2}]}, "12"),
    ({"any": [{"column": "name", "is_null": True}, {"column": "pieces", "eq": 2}]}, "23"),
]


@pytest.mark.parametrize(("condition", "ids"), PASSING)
def test_the_rows_that_pass(condition: dict[str, object], ids: str) -> None:
    rows = TABLE.filter(passes(TABLE, FILTER.validate_python(condition))).order_by("id")

    assert "".join(str(i) for (i,) in ENGINE.rows(rows.select("id"))) == ids


REFUSED = [
    ({"column": "nmae", "eq": "x"}, "no column 'nmae'. Did you mean 'name'"),
    ({"column": "name", "gt": 1}, "'gt' does not fit column 'name', which is text"),
    ({"column": "pieces", "eq": "1"}, "'eq' does not fit column 'pieces', which is a number"),
    ({"column": "pieces", "eq": True}, "'eq' does not fit column 'pieces', which is a number"),
    ({"column": "gift", "eq": 1}, "'eq' does not fit column 'gift', which is a boolean"),
    ({"column": "pieces", "contains": "1"}, "only text can be searched"),
    ({"column": "day", "eq": "July"}, "write it as 2022-07-23"),
    ({"any": [{"column": "id", "eq": "1"}, {"column": "day", "in": [7]}]}, "of another kind"),
]


@pytest.mark.parametrize(("condition", "message"), REFUSED)
def test_a_filter_that_cannot_be_applied_is_refused_before_there_is_data(
    condition: dict[str, object], message: str
) -> None:
    table = ibis.table(schema_of(SOURCE), name="orders")

    with pytest.raises(FilterError, match=message):
        passes(table, FILTER.validate_python(condition))
