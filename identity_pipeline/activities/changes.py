"""What of the timeline changed: activities of new dates, and those that are somebody else's now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment

# (source, ingestion date) -> what was delivered then, as a hash.
Delivered = Mapping[tuple[str, date], str]
DATES = {"source": "string", "ingestion_date": "date", "delivered": "string"}
# Of a timeline of which a larger share changed, all is made anew: that costs less. Of a short one
# it does not matter.
MOST, SHORT = 0.25, 1000

OF_KEYS = ("CustomerId", "is_always_known", "known_since", "is_shared")
OF_OWNERS = ("_owner", "_was_unknown")


@dataclass(frozen=True)
class Before:
    """What the timeline was made of the last time.

    Attributes:
        keys: as `owners.activity_keys`.
        owners: as `owners.owners_of`; None where no device was shared.
        delivered: of every date of each source of activities.
    """

    keys: ir.Table
    owners: ir.Table | None
    delivered: Delivered


def read_before(engine: Engine) -> Before | None:
    """What the timeline was made of the last time; None before the first."""
    if not (engine.exists(names.ACTIVITY_KEYS) and engine.exists(names.ACTIVITY_DATES)):
        return None
    owners = None
    if engine.exists(names.ACTIVITY_OWNERS) and engine.size(names.ACTIVITY_OWNERS):
        owners = engine.keep(engine.table(names.ACTIVITY_OWNERS))
    rows = engine.rows(engine.table(names.ACTIVITY_DATES).select(*DATES))
    delivered = {(str(source), _date(day)): str(known) for source, day, known in rows}
    return Before(engine.keep(engine.table(names.ACTIVITY_KEYS)), owners, delivered)


def _date(value: object) -> date:
    assert isinstance(value, date), "the column is a date"
    return value


def new_dates(before: Before, delivered: Delivered) -> dict[str, list[date]] | None:
    """Source -> the dates that were not there before; None where an old one changed, or went."""
    if any(delivered.get(place) != known for place, known in before.delivered.items()):
        return None
    found: dict[str, list[date]] = {}
    for source, day in sorted(delivered.keys() - before.delivered.keys()):
        found.setdefault(source, []).append(day)
    return found


def is_most(changed: int, all_rows: int) -> bool:
    """Whether so much of a timeline changed that all of it is made anew."""
    return changed > max(SHORT, MOST * all_rows)


def touched(
    engine: Engine,
    environment: Environment,
    activity: ir.Table,
    before: Before,
    dates: Mapping[str, Sequence[date]],
) -> ir.Table:
    """The activities that may be others than before: delivered since, or of changed keys or owners.

    A row that was delivered since may replace or delete an older one, whose id it has.

    Args:
        engine: has what was delivered, and the keys and owners of now.
        environment: the activities.
        activity: as `timeline.activities_in_force`.
        before: what the timeline was made of the last time.
        dates: as `new_dates`.

    Returns:
        One row an activity: `source` and `SourceActivityId`, and `ActivityId`.
    """
    parts = [
        _delivered_on(engine.table(names.source(one.table)), one.table, one.key, dates[one.table])
        for one in environment.activities
        if one.table in dates
    ]
    keys = engine.table(names.ACTIVITY_KEYS)
    moved = engine.keep(_differing(before.keys, keys, "identifier", OF_KEYS))
    theirs = activity.semi_join(moved, activity.profile_identifier == moved.identifier)
    parts.append(theirs.select("source", "SourceActivityId"))
    now = engine.table(names.ACTIVITY_OWNERS) if engine.exists(names.ACTIVITY_OWNERS) else None
    if now is not None and before.owners is not None:
        columns = ("_source", "_source_key", *OF_OWNERS)
        owned = _differing(before.owners, now, "_activity", columns)
        parts.append(owned.select(source="_source", SourceActivityId="_source_key"))
    elif (rows := now if before.owners is None else before.owners) is not None:
        parts.append(rows.select(source="_source", SourceActivityId="_source_key"))
    every = ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0].distinct()
    prefixes = [(one.table, environment.source(one.table).prefix) for one in environment.activities]
    own = every.source.cases(*dict.fromkeys(prefixes)) + every.SourceActivityId
    return every.mutate(ActivityId=own.hexdigest("md5"))


def _delivered_on(landed: ir.Table, source: str, key: str, dates: Sequence[date]) -> ir.Table:
    rows = landed.filter(landed["_ingestion_date"].isin(dates) & landed[key].notnull())
    return rows.select(source=ibis.literal(source), SourceActivityId=as_text(rows[key]))


def _differing(before: ir.Table, now: ir.Table, key: str, columns: Sequence[str]) -> ir.Table:
    """Rows of either table, by key, that the other has not, or has with another value."""
    old = another(before).select(_key=key, **{f"_old_{name}": name for name in columns})
    both = now.outer_join(old, now[key] == old._key)
    differs = [~both[name].identical_to(both[f"_old_{name}"]) for name in columns]
    changed = both.filter(both[key].isnull() | both._key.isnull() | ibis.or_(*differs))
    return changed.select(
        **{key: ibis.coalesce(changed[key], changed._key)},
        **{
            name: ibis.coalesce(changed[name], changed[f"_old_{name}"])
            for name in columns
            if name in ("_source", "_source_key")
        },
    )
