"""Assets of guards: values set aside before anything is linked, and a check of what is new."""

from collections.abc import Iterator
from functools import partial

import dagster as dg

from identity_pipeline.defs.freshness import make_if_stale, note_changes, read_ledger
from identity_pipeline.defs.report import (
    code_version,
    made_by,
    materialized,
    owned,
    readable_failures,
    spec_of,
    store_all,
)
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.guards import PLACEHOLDER
from identity_pipeline.terms.guards_contracts import GUARDED_VALUES
from identity_pipeline.terms.identifiers import identifier_types
from identity_pipeline.unify.compared import compared_columns
from identity_pipeline.unify.guarded_values import guarded_values, set_aside_anew
from identity_pipeline.unify.tasks import last_date, store_profiles

GROUP = "unify"

CHECK = dg.AssetCheckSpec(
    "guards",
    asset=dg.AssetKey(names.HELD_FOR_REVIEW.key),
    description="Nothing was set aside or held for review for the first time by this ingestion "
    "date's data. GuardedValues and HeldForReview say what, and why.",
)


def guard_version(environment: Environment) -> str:
    """What a table's version says of guards: they, the identifier types of columns, and the code.

    Tables are made of what changed alone, as long as all of them are made by the same code.
    """
    types = sorted(
        (table, *columns.items()) for table, columns in identifier_types(environment).items()
    )
    return f"{environment.unify.guards.model_dump_json()} {types} {made_by()}"


def limit_inputs(environment: Environment) -> list[names.TableName]:
    """What linking reads of guards, where values are counted.

    A table's values may pass their limit because of another table's rows.
    """
    if environment.unify.guards.records_per_value:
        return [names.GUARDED_VALUES, names.KEPT_VALUES]
    return []


def guards_asset(environment: Environment, lists: list[names.TableName]) -> dg.AssetsDefinition:
    """Build the assets of profile rows, and of values that link nothing.

    `lists` are bypass and alias lists. The edges of the last run are read as the past, not as what
    the tables are made of.
    """
    rows = {table: _profiles_spec(environment, table) for table in environment.unify.order}
    version = code_version(environment.unify, guard_version(environment))
    inputs = [*(names.profiles(table) for table in environment.unify.order), *lists]
    about = {
        names.GUARDED_VALUES: (GUARDED_VALUES.description, inputs),
        names.KEPT_VALUES: (
            "Keys that keep a value past its limit: the last run linked them by it.",
            [names.GUARDED_VALUES],
        ),
    }
    specs = [
        spec_of(name, GROUP, text, deps=deps, version=version)
        for name, (text, deps) in about.items()
    ]

    def make(engine: Engine) -> None:
        is_alike = read_ledger(engine).made_alike(specs) is not None
        found = guarded_values(engine, environment)
        if is_alike:
            engine.store(names.GUARDED_TOUCHED, set_aside_anew(engine, found))
        store_all(engine, {names.GUARDED_VALUES: found.values, names.KEPT_VALUES: found.kept})
        note_changes(engine, specs, is_known=is_alike)

    @dg.multi_asset(name="set_values_aside", specs=[*rows.values(), *specs])
    def values_set_aside(
        warehouse: Warehouse,
    ) -> Iterator[dg.MaterializeResult[None]]:
        with readable_failures(), warehouse.transaction() as engine:
            # A table that did not change is not made comparable again.
            for table, own in rows.items():
                make_if_stale(engine, [own], partial(_store_profiles, environment, table, own))
            make_if_stale(engine, specs, make)
            results = [
                *(materialized(engine, names.profiles(table)) for table in rows),
                materialized(engine, names.GUARDED_VALUES, descriptions=GUARDED_VALUES.columns),
                materialized(engine, names.KEPT_VALUES),
            ]
        yield from results

    return values_set_aside


def _profiles_spec(environment: Environment, table: str) -> dg.AssetSpec:
    compared = (one for one in compared_columns(environment) if one.table == table)
    words = [f"{one.column} {sorted(one.how.steps)} {one.how.region}" for one in compared]
    source = environment.source(table)
    version = code_version(source, guard_version(environment), *words)
    about = f"The rows of {table} that unification works on, with what its rules compare."
    deps = [names.current(table)]
    spec = spec_of(names.profiles(table), GROUP, about, deps=deps, version=version)
    return owned(spec, source.owner)


def _store_profiles(
    environment: Environment, table: str, spec: dg.AssetSpec, engine: Engine
) -> None:
    is_alike = read_ledger(engine).made_alike([spec]) is not None
    is_known = store_profiles(engine, environment, table, is_alike=is_alike)
    note_changes(engine, [spec], is_known=is_known)


def check_result(engine: Engine) -> dg.AssetCheckResult:
    """Whether anything is new among what guards set aside and hold: numbers, never values."""
    day = last_date(engine)
    values, held = engine.table(names.GUARDED_VALUES), engine.table(names.HELD_FOR_REVIEW)
    counted = values.aggregate(
        placeholders=(values.reason == PLACEHOLDER).sum(),
        past_limit=(values.reason != PLACEHOLDER).sum(),
        new=(values.since == day).sum(),
    )
    [(placeholders, past_limit, new)] = engine.rows(counted)
    records = held.aggregate(
        records=held.record_identifier.nunique(),
        keys=held.count(),
        new=(held.since == day).sum(),
    )
    [(large, keys, new_keys)] = engine.rows(records)
    numbers = {
        "placeholders": placeholders,
        "values_past_their_limit": past_limit,
        "values_new": new,
        "customers_held": large,
        "keys_held": keys,
        "keys_newly_held": new_keys,
    }
    found = {name: int(str(number or 0)) for name, number in numbers.items()}
    return dg.AssetCheckResult(
        check_name=CHECK.name,
        asset_key=CHECK.asset_key,
        passed=not found["values_new"] and not found["keys_newly_held"],
        severity=dg.AssetCheckSeverity.WARN,
        metadata=found,
    )
