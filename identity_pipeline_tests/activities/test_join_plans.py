"""No statement of shared devices compares every event with every other."""

import pytest

from identity_pipeline.engine import statements
from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.engine.registry import open_engine
from identity_pipeline_tests.activities.laptop import MEMBERS, Family, Shop
from identity_pipeline_tests.activities.test_shared_devices_at_random import world
from identity_pipeline_tests.unify.story import Table, table

# What DuckDB does where no condition of a join says that two columns are equal.
EVERY_PAIR = "BLOCKWISE_NL_JOIN"


@pytest.fixture
def plans(monkeypatch):
    """The plan of each table that is made, by its name and number."""
    found = {}
    create = DuckDBEngine.create

    def explained(self, place, rows):
        self._prepare(rows)
        asked = self.connection.execute(f"explain {statements.create(place, rows)}")
        found[f"{place[-1]} {len(found)}"] = asked.fetchall()[0][1]
        return create(self, place, rows)

    monkeypatch.setattr(DuckDBEngine, "create", explained)
    return found


def test_events_and_their_people_are_looked_up_by_equal_values(plans):
    events = table("Event At:timestamp User Member Session Mail").columns
    shops = {
        "web": Shop(),
        "app": Shop({"policy": "session_switch", "session_gap": "1 hour"}),
    }
    with open_engine(None) as opened:
        story = Family(opened, shops=shops)
        story.run({"members": MEMBERS} | dict.fromkeys(shops, Table(events, world(seed=7)[:120])))
        owners = set(story.owners().values())

    assert len(owners - {None}) > 2
    assert any("activity_owners" in made for made in plans)
    assert [made for made, plan in plans.items() if EVERY_PAIR in plan] == []
