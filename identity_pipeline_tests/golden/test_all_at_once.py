"""Four days of files read first and unified once: the same records as day by day."""

import dagster as dg
import duckdb
import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.defs.location import Home, definitions_of
from identity_pipeline_tests.golden.scenario import DATES, environment


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("at_once")
    source = environment(folder, include_unknown=True)
    home = Home(folder, "contoso")
    definitions = definitions_of(load_environment(source), home)
    with dg.DagsterInstance.ephemeral() as instance:
        for job, date in [*(("ingest", date) for date in DATES[:3]), ("refresh", DATES[3])]:
            built = definitions.resolve_job_def(job)
            built.execute_in_process(instance=instance, partition_key=date.isoformat())
    with duckdb.connect(str(home.published), read_only=True) as connection:
        yield connection


# What does not depend on which runs there were: everything but ids and their history.
EVERY_TABLE = """
    select table_name from duckdb_tables()
    where table_name not in
        ('CustomerIdHistory', 'CustomerIdRegistry', 'UnificationMetrics', 'MatchStatistics',
        'ExportRuns')
        and table_name not in
            (select table_name from duckdb_columns() where column_name = 'CustomerId')
    order by all
"""


def test_every_table_without_ids_is_the_same(at_once, on):
    names = [name for (name,) in at_once.execute(EVERY_TABLE).fetchall()]

    found = {name: sorted(at_once.execute(f'from "{name}"').fetchall(), key=repr) for name in names}
    assert len(names) > 15
    by_days = on.tables("r4")
    assert found == {name: by_days[name] for name in names}


def test_customers_have_the_same_keys_and_values(at_once, on):
    query = "select * exclude (CustomerId, PreviousCustomerId, BecameKnownAt) from Customer"

    found = sorted(at_once.execute(query).fetchall(), key=repr)

    assert found == sorted(on.rows("r4", query), key=repr)
