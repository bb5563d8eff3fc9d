"""What is known of changes of published tables, so that they need not be written whole."""

import datetime

import ibis.expr.types as ir

from identity_pipeline.engine.base import Changes, Engine
from identity_pipeline.expressions.ledger import last_applied
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.names import TableName

# Tables published as they are of which a run changes rows, with what has the keys of those.
TOUCHED = {
    names.CUSTOMERS: names.CUSTOMERS_TOUCHED,
    names.ALTERNATE_KEY: names.KEYS_TOUCHED,
    names.PROFILE_REGISTRY: names.PROFILES_TOUCHED,
    names.MATCH_EDGES: names.EDGES_TOUCHED,
}


def changes_of(engine: Engine, stored: TableName, rows: ir.Table) -> Changes | None:
    """What changed of a table that is published as it is; None where nobody knows."""
    if stored not in TOUCHED or not engine.exists(TOUCHED[stored]):
        return None
    touched = engine.table(TOUCHED[stored])
    [key] = touched.columns
    return Changes((str(stored),), key, touched, rows.semi_join(touched, key))


def changes_of_winners(engine: Engine, table: str, rows: ir.Table) -> Changes | None:
    """What changed of the winners of a source, published with `Deduplication_GroupId`."""
    if not engine.exists(names.groups_touched(table)):
        return None
    key = "Deduplication_GroupId"
    groups = engine.table(names.groups_touched(table))
    gone = groups.select(**{key: groups._group.cast("string")})
    return Changes((str(names.winners(table)),), key, gone, rows.semi_join(gone, key))


def changes_of_records(engine: Engine, table: str, rows: ir.Table) -> Changes | None:
    """What changed of the rows of a source, published with `_group` and their record."""
    touched = (names.groups_touched(table), names.RECORDS_TOUCHED)
    if not all(engine.exists(name) for name in touched):
        return None
    groups, records = (engine.table(name) for name in touched)
    held = engine.table(names.CONSOLIDATED)
    theirs = held.filter(held.table == table).semi_join(records, "record")
    gone = groups.union(theirs.select(_group="group"), distinct=True)
    tables = (str(names.members(table)), str(names.KEYS))
    return Changes(tables, "_group", gone, rows.semi_join(another(gone), "_group"))


def changes_of_pairs(engine: Engine) -> Changes | None:
    """What changed of ConflationMatchPairs: of records that changed, and the date of all."""
    if not engine.exists(names.MATCH_PAIRS_CHANGED):
        return None
    gone = engine.table(names.MATCH_PAIRS_TOUCHED)
    [(day,)] = engine.rows(last_applied(engine.table(names.DELIVERIES)))
    assert isinstance(day, datetime.date), "the day of the data is a date"
    rows = engine.table(names.MATCH_PAIRS_CHANGED)
    everywhere = {"ConflationMatchPairs_ModifiedOn": day}
    return Changes((str(names.MATCH_PAIRS),), "TrueObjectId", gone, rows, everywhere)
