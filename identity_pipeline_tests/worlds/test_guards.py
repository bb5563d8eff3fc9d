"""What the default guards make of the traps of a generated world, where everything linked fuses."""

import duckdb
import pytest

from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline.worlds.generate import generate
from identity_pipeline.worlds.plan import Traps, World

TRAPS = ["guest_address=2%", "tablet=2%", "placeholder_phones=5%", "kiosks=8x30"]
# The persons of each customer, and how many customer records are of which.
PAIRS = """
    with held as (
        select CustomerId, Person from read_csv('{truth}', all_varchar = true) as truth
        join AlternateKey on DataSourceName = DataSource and TableName = "Table"
            and AlternateValue = Key
        where DataSource != 'Web'
    ),
    one as (select count(*) as n from held group by CustomerId, Person),
    whole as (select count(*) as n from held group by CustomerId)
    select (select sum(n * (n - 1)) from one) / (select sum(n * (n - 1)) from whole)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A small world with all traps, unified by components, with the truth as `{truth}`."""
    folder = tmp_path_factory.mktemp("trapped")
    world = World(people=1_500, events_per_person=1.0, days=1, traps=Traps.read(TRAPS))
    generate(world, folder / "trapped", lambda *_: None)
    unify = folder / "trapped" / "unify.yaml"
    text = unify.read_text(encoding="utf-8")
    unify.write_text(text.replace("linking: assignment", "linking: components"), encoding="utf-8")
    assert run_dates(folder / "trapped", folder / "home", Dates())
    published = folder / "home" / "published" / "trapped.duckdb"
    with duckdb.connect(str(published), read_only=True) as opened:
        yield lambda query: opened.execute(
            query.replace("{truth}", str(folder / "trapped" / "truth.csv"))
        ).fetchall()


def test_trap_values_are_set_aside_as_placeholders(shop):
    found = shop("select value from GuardedValues where reason = 'placeholder' order by value")

    phones = ["10000000000", "11234567890", "19999999999"]
    assert [value for (value,) in found] == [*phones, "guest@shop.example"]


def test_no_link_compares_a_trap_value(shop):
    values = "list_concat(left_values, right_values)"
    traps = "(select list(value) from GuardedValues)"

    assert shop(f"select count(*) from MatchEdges where list_has_any({values}, {traps})") == [(0,)]


def test_devices_of_many_people_fuse_nobody(shop):
    [(precision,)] = shop(PAIRS)
    [(largest,)] = shop(
        "select max(n) from (select count(*) n from AlternateKey group by CustomerId)"
    )

    assert (precision > 0.85, largest < 30) == (True, True)
