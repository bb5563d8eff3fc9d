"""Runs of segments on one day after another, for tests to tell what fits and who is who."""

import datetime

import ibis

from identity_pipeline.engine.duckdb import DuckDBEngine
from identity_pipeline.segments.changes import (
    CHANGES,
    Memory,
    changes_on,
    members_before,
    members_now,
)
from identity_pipeline.terms.names import SEGMENT_CHANGES
from identity_pipeline.terms.segments import Segment

START = datetime.date(2024, 5, 1)
PROFILES = {"customer_id": "string", "state": "string", "merged_into": "string"}


def segment(name, kind="dynamic", state="active"):
    return Segment.model_validate({"name": name, "kind": kind, "state": state, "rule": {"Age": 1}})


class Days:
    """Runs on one day after another; what fits is given, who is who too."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self.engine, self.day = engine, START
        engine.define(SEGMENT_CHANGES, CHANGES)

    def memory(self, merged):
        rows = [(old, "merged", new) for old, new in merged.items()]
        log = self.engine.table(SEGMENT_CHANGES)
        profiles = self.engine.relation(PROFILES, [*rows, ("live", "live", None)])
        return Memory(log, profiles, ibis.literal(self.day))

    def run(self, segments, fitting, customers, merged=None):
        """Members of the segments after a run: `a: 1 2`, in words."""
        return self.again(segments, fitting, customers, merged, days=1)

    def again(self, segments, fitting, customers, merged=None, days=0):
        self.day += datetime.timedelta(days=days)
        engine, memory = self.engine, self.memory(merged or {})
        columns = {"CustomerId": "string"} | dict.fromkeys(fitting, "boolean")
        rows = [
            (one, *(one in fitting[name].split() for name in fitting)) for one in customers.split()
        ]
        flags = engine.keep(engine.relation(columns, rows))
        now = engine.keep(members_now(flags, segments, memory, flags))
        changes = engine.keep(changes_on(memory, segments, now))
        engine.replace_rows(SEGMENT_CHANGES, changes, {"ingestion_date": self.day.isoformat()})
        return in_words(engine.rows(now))

    def before(self, merged=None):
        """The members that a run on the next day would find."""
        self.day += datetime.timedelta(days=1)
        found = in_words(self.engine.rows(members_before(self.memory(merged or {}))))
        self.day -= datetime.timedelta(days=1)
        return found

    def log(self, day=None):
        """The changes of a day, the last one by default, as `change segment id`."""
        table = self.engine.table(SEGMENT_CHANGES)
        rows = table.filter(table.ingestion_date == (day or self.day))
        found = self.engine.rows(rows.select("change", "segment", "CustomerId"))
        return sorted(" ".join(str(part) for part in row if part) for row in found)


def in_words(rows):
    found: dict[str, list[str]] = {}
    for name, customer in sorted(rows):
        found.setdefault(name, []).append(customer)
    return ", ".join(f"{name}: {' '.join(ids)}" for name, ids in found.items())
