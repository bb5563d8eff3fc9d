"""From the environment to the work of each step."""

import datetime
import os
from dataclasses import replace
from typing import cast

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import (
    ValueLists,
    canonical_aliases,
    made_comparable,
)
from identity_pipeline.expressions.ledger import last_applied
from identity_pipeline.expressions.record_names import record_of
from identity_pipeline.expressions.value_guards import guards_by_table
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.unify import overrides
from identity_pipeline.unify.candidates import Side
from identity_pipeline.unify.changed_rows import difference
from identity_pipeline.unify.compared import compared_columns
from identity_pipeline.unify.customer_id import IdMaker, keyed_ids, plain_ids
from identity_pipeline.unify.devices import device_task
from identity_pipeline.unify.guards import value_guards
from identity_pipeline.unify.keyring import Contribution
from identity_pipeline.unify.links import DeduplicationTask
from identity_pipeline.unify.maxima import maxima_of
from identity_pipeline.unify.offers import MatchTask
from identity_pipeline.unify.profile import (
    ORDINAL,
    file_numbers,
    profile_rows,
    profile_rows_of_events,
)


class MissingSecret(PipelineError):
    """The environment variable with the secret of CustomerIds is not set."""


def last_date(engine: Engine) -> datetime.date:
    """The day of the data: the last ingestion date of anything that was applied."""
    [(last,)] = engine.rows(last_applied(engine.table(names.DELIVERIES)))
    return cast(datetime.date, last)


def store_profiles(
    engine: Engine, environment: Environment, table: str, *, is_alike: bool = False
) -> bool:
    """Store the rows of a profile table that unification works on, with what its rules compare.

    Columns are as `profile.profile_rows`, and as `expressions.comparable.made_comparable`.

    Args:
        engine: has the rows that the source holds now.
        environment: the source's profile and the rules.
        table: the source's name.
        is_alike: whether the rows that are stored were made by the same configuration; then values
            of rows that are what they were are not made comparable again.

    Returns:
        Whether it was the rows that changed alone that were made: `names.profiles_touched` has
        their places.
    """
    name, rows = names.profiles(table), _profile_rows(engine, environment, table)
    columns = [(one.column, one.how) for one in compared_columns(environment) if one.table == table]
    guards = guards_by_table(environment)[table]
    changed = difference(engine, rows, engine.table(name), ORDINAL) if is_alike else None
    if changed is None:
        engine.store(name, made_comparable(rows, columns, guards))
        return False
    touched = changed.gone.union(changed.rows.select(ORDINAL), distinct=True)
    engine.store(names.profiles_touched(table), touched)
    engine.amend(name, ORDINAL, changed.gone, made_comparable(changed.rows, columns, guards))
    return True


def _profile_rows(engine: Engine, environment: Environment, table: str) -> ir.Table:
    rows_of = profile_rows_of_events if environment.is_of_events(table) else profile_rows
    files = file_numbers(engine.table(names.DELIVERIES), table)
    return rows_of(engine.table(names.current(table)), files, environment.profile(table))


def value_lists(engine: Engine, environment: Environment) -> ValueLists:
    """The bypass and alias lists as delivered last, and what guards set aside."""
    asked = environment.unify.overrides
    bypass = {name: engine.table(names.current(f"bypass_{name}")) for name in asked.bypass}
    alias = {
        name: _canonical(engine, engine.table(names.current(f"alias_{name}")))
        for name in asked.alias
    }
    return ValueLists(bypass, alias, guards_by_table=value_guards(engine, environment))


def _canonical(engine: Engine, pairs: ir.Table) -> ir.Table:
    rows = engine.rows(pairs.select("Value", "Alias"))
    mapped = canonical_aliases([(str(value), str(alias)) for value, alias in rows])
    return engine.relation({"Value": "string", "Canonical": "string"}, mapped)


def _asked(engine: Engine, pairs: ir.Table) -> ir.Table | None:
    """The pairs, or None where there are none, so that no work is planned for them."""
    return pairs if engine.count(pairs) else None


def deduplication_task(engine: Engine, environment: Environment, table: str) -> DeduplicationTask:
    """What is to be deduplicated in a table, and how."""
    pairs = engine.table(names.OVERRIDES)
    return DeduplicationTask(
        step=environment.step(table),
        profile=environment.profile(table),
        match_columns=environment.match_columns(table),
        lists=value_lists(engine, environment).of(table),
        always=_asked(engine, overrides.within(pairs, overrides.ALWAYS, table)),
        never=_asked(engine, overrides.within(pairs, overrides.NEVER, table)),
        maxima=maxima_of(environment),
    )


def match_task(engine: Engine, environment: Environment, table: str) -> MatchTask:
    """What decides how a table's records match."""
    pairs = engine.table(names.OVERRIDES)
    return MatchTask(
        rules=tuple(rule for rule in environment.step(table).match if rule.active),
        lists=value_lists(engine, environment),
        always=_asked(engine, overrides.across(pairs, overrides.ALWAYS, table)),
        never=_asked(engine, overrides.across(pairs, overrides.NEVER, table)),
        never_within=_asked(engine, overrides.within(pairs, overrides.NEVER, table)),
        maxima=maxima_of(environment),
        devices=device_task(engine, environment, table),
    )


def lower_side(engine: Engine, environment: Environment, table: str) -> Side:
    """A deduplicated table that is to be matched; each of its groups is a record of its own."""
    members = engine.table(names.members(table))
    leaders = members.filter(members._is_winner).select(_of="_group", _target="_key")
    rows = members.join(leaders, members._group == leaders._of).drop("_of")
    rank = environment.rank(table)
    rows = rows.mutate(_record=record_of(rank, rows._group))
    return Side(table, rank, rows, environment.profile(table).primary_key)


def higher_sides(engine: Engine, environment: Environment, table: str) -> dict[str, Side]:
    """The tables above one, with the consolidated records that their groups belong to by now.

    Linking by components does not consolidate table by table: there, each keeps its own records.
    """
    sides = {
        name: lower_side(engine, environment, name) for name in higher_tables(environment, table)
    }
    if environment.unify.linking == "components":
        return sides
    return {name: _consolidated(engine, side) for name, side in sides.items()}


def _consolidated(engine: Engine, side: Side) -> Side:
    if side.rank == 1:
        return side
    records = engine.table(names.matches(side.name)).select(_of="group", _joined="record")
    rows = side.rows.join(records, side.rows._group == records._of)
    return replace(side, rows=rows.mutate(_record=rows._joined).drop("_of", "_joined"))


def higher_tables(environment: Environment, table: str) -> tuple[str, ...]:
    """The tables above one in the match order."""
    order = environment.unify.order
    return order[: order.index(table)]


def contributions(
    engine: Engine, environment: Environment, records: dict[str, ir.Table]
) -> list[Contribution]:
    """What each table brings to consolidated records, in match order."""
    return [_contribution(engine, environment, t, records[t]) for t in environment.unify.order]


def _contribution(
    engine: Engine, environment: Environment, table: str, records: ir.Table
) -> Contribution:
    source, step = environment.source(table), environment.step(table)
    return Contribution(
        table=table,
        data_source=source.data_source,
        table_name=source.table,
        rank=environment.rank(table),
        # With one table only, every record is a customer: Include all has no meaning.
        include_all=step.include_all or len(environment.unify.tables) == 1,
        keep=step.keep,
        primary_key=environment.profile(table).primary_key,
        members=engine.table(names.members(table)),
        winners=engine.table(names.winners(table)),
        records=records,
    )


def id_maker(environment: Environment) -> IdMaker:
    """The function from birth keys to ids that the environment asks for."""
    variable = environment.unify.customer_id.secret_env
    if variable is None:
        return plain_ids
    secret = os.environ.get(variable)
    if not secret:
        raise MissingSecret(
            f"unify.yaml, customer_id.secret_env: the environment variable {variable} is not set; "
            "CustomerIds are made with its secret, and without it they would be others"
        )
    return keyed_ids(secret)


def product_names(environment: Environment) -> dict[str, str]:
    """`DataSource_Table`, as custom-match files write it -> the source's name."""
    return {
        f"{environment.source(name).data_source}_{environment.source(name).table}": name
        for name in environment.unify.order
    }
