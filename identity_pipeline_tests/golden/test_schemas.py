"""What validate binds to before there is data has the columns that a run then makes."""

import duckdb
import pytest
from ibis.backends.sql.datatypes import DuckDBType

from identity_pipeline.config import load_environment
from identity_pipeline.expressions.schemas import activity_schema, customer_schema
from identity_pipeline_tests.golden.scenario import SAMPLE

EXPECTED = [("Customer", customer_schema), ("UnifiedActivity", activity_schema)]


@pytest.mark.parametrize(("table", "schema"), EXPECTED)
def test_columns_and_types_are_known_before_anything_runs(on, table, schema):
    with duckdb.connect(str(on.published["r4"]), read_only=True) as connection:
        described = connection.execute(f'describe "{table}"').fetchall()

    found = {name: str(DuckDBType.from_string(kind)) for name, kind, *_ in described}
    assert found == {
        name: kind
        for name, kind in schema(load_environment(SAMPLE)).items()
        if not name.startswith("_")
    }
