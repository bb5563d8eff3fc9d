"""The timeline: what customers did, from the tables that say so."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.expressions.filters import passes
from identity_pipeline.expressions.json_texts import json_text, json_value
from identity_pipeline.expressions.types import type_of
from identity_pipeline.terms.activities import Activity
from identity_pipeline.terms.environment import Environment

# Where a row was delivered; it tells which rows a source holds now.
PLACE = ("ingestion_date", "file", "line")
# Columns of the warehouse's activity table, without attributes.
PLAIN = (
    *("ActivityId", "source", "SourceTableName", "SourceActivityId", "ActivityType"),
    *("ActivityTimeStamp", "Title", "Description", "URL", "SemanticData"),
    *("profile_identifier", "is_shown", *PLACE),
)

NO_KEY, NO_TIME, CLOCK_AHEAD = "no key", "no time", "clock ahead"


def attribute_types(environment: Environment) -> dict[str, str]:
    """Attribute -> its Ibis type, of all activities, in order of appearance."""
    found: dict[str, str] = {}
    for activity in environment.activities:
        columns = environment.source(activity.table).columns
        for name, column in activity.attributes.items():
            found.setdefault(name, str(type_of(columns[column])))
    return found


def activity_rows(environment: Environment, landed: Mapping[str, ir.Table]) -> ir.Table:
    """Every delivered row of all activity tables, in one shape.

    A row says which profile it belongs to, never which customer: who that is may change tomorrow.

    Args:
        environment: activities and their sources.
        landed: source -> every accepted row of every delivery.

    Returns:
        PLAIN and the attributes, one row a delivered row. Rows without a key or time are there
        too; `problem_rows` tells them.
    """
    types = attribute_types(environment)
    parts = []
    for activity in environment.activities:
        rows = landed[activity.table]
        rows = rows.filter(rows._change == "upsert")
        if condition := environment.source(activity.table).row_filter:
            rows = rows.filter(passes(rows, condition))
        parts.append(_in_one_shape(environment, activity, rows, types))
    return _together(parts)


def activities_in_force(environment: Environment, current: Mapping[str, ir.Table]) -> ir.Table:
    """The activities that their sources hold now, each once; columns as `activity_rows`.

    A row that a later delivery replaced or deleted is not in force. Of several rows with one
    ActivityId the one delivered last counts; rows without key or time do not.

    Args:
        environment: activities and their sources.
        current: source -> what it holds now.
    """
    types = attribute_types(environment)
    once: list[ir.Table] = []
    contested: list[ir.Table] = []
    for activity in environment.activities:
        rows = _in_one_shape(environment, activity, current[activity.table], types)
        rows = rows.filter(rows.SourceActivityId.notnull() & rows.ActivityTimeStamp.notnull())
        (once if has_each_id_once(environment, activity) else contested).append(rows)
    return _together([*once, *([_each_once(_together(contested))] if contested else [])])


def has_each_id_once(environment: Environment, activity: Activity) -> bool:
    """Whether ids need no look: an incremental source holds each key once, and nobody else it."""
    source = environment.source(activity.table)
    users = [one for one in environment.activities if one.table == activity.table]
    is_key = activity.key == source.primary_key
    return source.refresh == "incremental" and is_key and len(users) == 1


def _together(parts: Sequence[ir.Table]) -> ir.Table:
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _in_one_shape(
    environment: Environment, activity: Activity, rows: ir.Table, types: Mapping[str, str]
) -> ir.Table:
    source, link = environment.source(activity.table), activity.link
    profile = environment.source(link.table)
    key = as_text(rows[activity.key])
    own, owner = ibis.literal(source.prefix), ibis.literal(profile.prefix)
    attributes = {name: rows[column] for name, column in activity.attributes.items()}
    return rows.select(
        ActivityId=(own + key).hexdigest("md5"),
        source=ibis.literal(activity.table),
        SourceTableName=ibis.literal(f"{source.data_source}_{source.table}"),
        SourceActivityId=key,
        ActivityType=ibis.literal(activity.type),
        ActivityTimeStamp=rows[activity.time].cast("timestamp(6)"),
        Title=_text(rows, activity.event, activity.name),
        Description=_text(rows, activity.detail, None),
        URL=_text(rows, activity.web_address, None),
        SemanticData=semantic_data(attributes),
        profile_identifier=owner + as_text(rows[link.column]),
        is_shown=ibis.literal(activity.show),
        ingestion_date=rows._ingestion_date,
        file=rows._file,
        line=rows._line,
        **{name: attributes.get(name, ibis.null(kind)) for name, kind in types.items()},
    )


def _text(rows: ir.Table, column: str | None, otherwise: str | None) -> ir.StringValue:
    fallback = ibis.null("string") if otherwise is None else ibis.literal(otherwise)
    if column is None:
        return fallback
    return ibis.coalesce(as_text(rows[column]), fallback)


def semantic_data(attributes: Mapping[str, ir.Value]) -> ir.StringValue:
    """Attributes as one JSON object, those without a value left out; NULL where none has one."""
    pieces = [
        json_text(ibis.literal(name)) + ibis.literal(":") + json_value(value)
        for name, value in attributes.items()
    ]
    if not pieces:
        return ibis.null("string")
    present = ibis.array(pieces).filter(lambda piece: piece.notnull())
    inner = ibis.literal(",").join(present)
    whole = ibis.literal("{") + inner + ibis.literal("}")
    return (present.length() > 0).ifelse(whole, ibis.null("string"))


def _each_once(rows: ir.Table) -> ir.Table:
    """Only ids that repeat are ordered: a table of unique ids costs one grouping, no sort."""
    times = rows.group_by("ActivityId").aggregate(_times=rows.count())
    repeated = times.filter(times._times > 1)
    once, contested = rows.anti_join(repeated, "ActivityId"), rows.semi_join(repeated, "ActivityId")
    order = [contested[name].desc() for name in PLACE]
    place = ibis.row_number().over(group_by="ActivityId", order_by=order)
    ranked = contested.mutate(_place=place)
    return once.union(ranked.filter(ranked._place == 0).drop("_place"))


def unified_activity(
    activity: ir.Table, keys: ir.Table, attributes: Sequence[str], owners: ir.Table | None = None
) -> ir.Table:
    """The product's UnifiedActivity, with the customer that each activity belongs to now.

    Args:
        activity: as `activities_in_force`.
        keys: as `owners.activity_keys`; a key counts whether its record is a winner or not.
        attributes: the names of attributes.
        owners: as `owners.owners_of`, of events whose device is shared; None for none.

    Returns:
        One row an activity: `CustomerId` (NULL where no customer has the key), the product's
        columns, `was_unknown_at_event`: nobody could have told then who it was.
    """
    joined = activity.left_join(keys, activity.profile_identifier == keys.identifier)
    before = joined.ActivityTimeStamp < joined.known_since
    unknown = ~joined.is_always_known.fill_null(False) & before.fill_null(True)
    joined = joined.mutate(was_unknown_at_event=unknown)
    if owners is not None:
        joined = _with_owners(joined, owners)
    plain = [name for name in PLAIN if name not in ("source", "file", "line")]
    return joined.select(
        "CustomerId",
        *plain,
        *attributes,
        UnifiedActivityId="ActivityId",
        RangeIndex=joined.ActivityTimeStamp.epoch_seconds().cast("int64"),
        was_unknown_at_event=joined.was_unknown_at_event,
    )


def _with_owners(activity: ir.Table, owners: ir.Table) -> ir.Table:
    """Activities with the owners of some in place of those who hold their keys."""
    # Ids of events of other devices need not be computed to look for owners that are not there.
    shared = activity.is_shared.ifelse(activity.ActivityId, ibis.null("string"))
    joined = activity.left_join(owners, shared == owners._activity)
    is_theirs = joined._activity.notnull()
    return joined.mutate(
        CustomerId=is_theirs.ifelse(joined._owner, joined.CustomerId),
        was_unknown_at_event=is_theirs.ifelse(joined._was_unknown, joined.was_unknown_at_event),
    )


def problem_rows(activity: ir.Table) -> ir.Table:
    """Delivered rows that are no proper activities: set aside, or kept with a doubt.

    Returns:
        `source`, `ingestion_date`, `file`, `line`, `problem`, `is_kept`. Without a key or a time a
        row is set aside. A row dated after the day that follows its delivery comes from a clock
        that is ahead: the timeline keeps it, windows do not see it.
    """
    latest = activity.ingestion_date.cast("timestamp") + ibis.interval(days=2)
    problem = ibis.cases(
        (activity.SourceActivityId.isnull(), NO_KEY),
        (activity.ActivityTimeStamp.isnull(), NO_TIME),
        (activity.ActivityTimeStamp >= latest, CLOCK_AHEAD),
        else_=ibis.null("string"),
    )
    rows = activity.mutate(problem=problem)
    kept = rows.problem == CLOCK_AHEAD
    return rows.filter(rows.problem.notnull()).select("source", *PLACE, "problem", is_kept=kept)


def late_rows(environment: Environment, activity: ir.Table) -> ir.BooleanValue:
    """Whether an activity arrived later than its table's `late_after` allows."""
    arrived = activity.ingestion_date.cast("timestamp")
    late = [
        (activity.source == one.table)
        & (activity.ActivityTimeStamp + ibis.interval(one.late_after.days, unit="D") < arrived)
        for one in environment.activities
    ]
    return ibis.or_(*late)
