"""Since when each key is known: what a customer did before, they did while unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text, comparable
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.event_tables import events_of
from identity_pipeline.terms.rules import MatchCondition
from identity_pipeline.terms.unification import AnyMatchRule

KNOWN = "known"
MOMENT = "timestamp(6)"


@dataclass(frozen=True)
class Unified:
    """What unification left, for telling since when keys are known.

    Attributes:
        customers: Customer.
        alternate_keys: AlternateKey.
        history: CustomerIdHistory.
        profiles: CustomerIdRegistry.
        current: profile table -> what it holds now.
        members: profile table -> its rows with `_group`, `_key`, `_ordinal`.
        matches: table -> what its groups were attached to; not of the first table.
    """

    customers: ir.Table
    alternate_keys: ir.Table
    history: ir.Table
    profiles: ir.Table
    current: Mapping[str, ir.Table]
    members: Mapping[str, ir.Table]
    matches: Mapping[str, ir.Table]


def known_since(environment: Environment, unified: Unified) -> ir.Table:
    """Since when each key of a known customer is known.

    A key whose own row names the person (a table of `known_if.or_from`, a column of
    `known_if.any_of`) was always known. A key of a table of events is known since the first event
    that carried what linked it: the loyalty id of the sign-in. Any other is known since the
    ingestion date that brought it to a known customer. Keys of unknown customers are not there.

    Returns:
        One row a key: `identifier`, `is_always_known`, `known_since` (UTC; NULL where always).
    """
    joined = unified.alternate_keys.join(
        unified.customers.select("CustomerId", "IdentityStatus", "BecameKnownAt"), "CustomerId"
    )
    held = joined.filter(joined.IdentityStatus == KNOWN)
    parts = [_of_table(environment, unified, held, table) for table in environment.unify.order]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _of_table(environment: Environment, unified: Unified, held: ir.Table, table: str) -> ir.Table:
    source = environment.source(table)
    here = (held.DataSourceName == source.data_source) & (held.TableName == source.table)
    keys = held.filter(here).select("BecameKnownAt", identifier="Identifier", _key="AlternateValue")
    if table in environment.unify.known_if.or_from:
        return keys.select(
            "identifier", is_always_known=ibis.literal(True), known_since=ibis.null(MOMENT)
        )
    keys = _with_arrival(keys, unified)
    contacts, events = contact_columns(environment, table), events_of(environment, table)
    rows = unified.current[table]
    rows = rows.mutate(_profile=as_text(rows[environment.profile(table).primary_key]))
    named = rows.filter(ibis.or_(*(rows[column].notnull() for column in contacts)))
    if events is None:
        always = named.select("_profile").distinct().mutate(_always=ibis.literal(True))
        found = keys.left_join(always, keys._key == always._profile)
        return _as_contract(found, found._always.fill_null(False), found._arrived)
    rows = rows.mutate(_moment=rows[events.time].cast(MOMENT))
    signs = [named.select("_profile", _moment=named[events.time].cast(MOMENT))] if contacts else []
    signs += _linked_rows(environment, unified, table, rows)
    if not signs:
        return _as_contract(keys, ibis.literal(False), keys._arrived)
    moments = ibis.union(*signs) if len(signs) > 1 else signs[0]
    first = moments.group_by("_profile").aggregate(_first=moments._moment.min())
    found = keys.left_join(first, keys._key == first._profile)
    return _as_contract(found, ibis.literal(False), ibis.coalesce(found._first, found._arrived))


def _as_contract(keys: ir.Table, always: ir.BooleanValue, since: ir.TimestampValue) -> ir.Table:
    moment = always.ifelse(ibis.null(MOMENT), since)
    return keys.select("identifier", is_always_known=always, known_since=moment.cast(MOMENT))


def _with_arrival(keys: ir.Table, unified: Unified) -> ir.Table:
    """Add `_arrived`: when the key first came to a customer who was known then.

    A key that was with its customer from the beginning is known since the customer is.
    """
    moves = unified.history.filter(unified.history.event.isin(("key_added", "merged_into")))
    to = (moves.event == "merged_into").ifelse(moves.counterpart, moves.customer_id)
    moves = moves.select("ingestion_date", _to=to, _piece=moves["keys"].split(" ~ "))
    known = unified.profiles.select("became_known_on", _id="customer_id")
    joined = moves.join(known, moves._to == known._id)
    joined = joined.filter(joined.became_known_on <= joined.ingestion_date)
    pieces = joined.select("ingestion_date", "_piece").unnest("_piece")
    first = pieces.group_by("_piece").aggregate(_came=pieces.ingestion_date.min())
    found = keys.left_join(first, keys.identifier == first._piece)
    arrived = ibis.coalesce(found._came, found.BecameKnownAt)
    return found.mutate(_arrived=arrived.cast(MOMENT))


def contact_columns(environment: Environment, table: str) -> tuple[str, ...]:
    """The table's columns that feed the unified columns of `known_if.any_of`."""
    unify = environment.unify
    feeds = unify.feeds | {one.replace(".", "_", 1): (one,) for one in unify.separate}
    named = (one for name in unify.known_if.any_of for one in feeds.get(name, ()))
    sources = (reference.split(".", 1) for reference in named)
    return tuple(dict.fromkeys(column for owner, column in sources if owner == table))


def _linked_rows(
    environment: Environment, unified: Unified, table: str, rows: ir.Table
) -> list[ir.Table]:
    """Rows of the table that carry the values by which their group was linked, rule by rule."""
    found = []
    for step in environment.unify.tables[1:]:
        matches = unified.matches[step.table]
        for rule in step.match:
            for side in ("right", "left"):
                conditions = _conditions(rule, side, table, step.table)
                if not rule.active or not conditions:
                    continue
                linked = matches.filter(matches.rule == rule.name)
                if side == "left":
                    linked = linked.filter(linked.left_table == table)
                ordinals = linked.select(_of_row=linked[f"{side}_ordinal"]).distinct()
                members = unified.members[table]
                found.append(_rows_with_values(members, rows, ordinals, conditions))
    return found


def _rows_with_values(
    members: ir.Table,
    rows: ir.Table,
    ordinals: ir.Table,
    conditions: Sequence[tuple[str, MatchCondition]],
) -> ir.Table:
    """Rows of a linked group's keys that carry the same values as the row that linked it."""
    names = [f"_value_{number}" for number in range(len(conditions))]

    def values(of: ir.Table) -> dict[str, ir.Value]:
        columns = (comparable(of[column], condition) for column, condition in conditions)
        return dict(zip(names, columns, strict=True))

    linking = members.semi_join(ordinals, members._ordinal == ordinals._of_row)
    linking = linking.select(_linked="_group", **values(linking)).distinct()
    keys = members.select("_group", "_key").distinct()
    wanted = linking.join(keys, linking._linked == keys._group).drop("_linked", "_group")
    wanted = wanted.rename({f"_wanted{name}": name for name in names})
    carried = rows.select("_profile", "_moment", **values(rows))
    same = [carried[name] == wanted[f"_wanted{name}"] for name in names]
    joined = carried.join(wanted, [carried._profile == wanted._key, *same])
    return joined.select("_profile", "_moment")


def _conditions(
    rule: AnyMatchRule, side: str, table: str, lower: str
) -> list[tuple[str, MatchCondition]]:
    """The rule's conditions with their column of the table, if the table is on that side."""
    if side == "right":
        return [(one.right, one) for one in rule.conditions] if lower == table else []
    return [(one.left_column, one) for one in rule.conditions if one.left_table == table]
