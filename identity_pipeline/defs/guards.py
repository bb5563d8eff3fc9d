"""Assets of guards: values set aside before anything is linked, and a check of what is new."""

from collections.abc import Iterator

import dagster as dg

from identity_pipeline.defs.freshness import make_if_stale
from identity_pipeline.defs.report import (
    code_version,
    materialized,
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
from identity_pipeline.unify.guarded_values import guarded_values
from identity_pipeline.unify.tasks import last_date

GROUP = "unify"

CHECK = dg.AssetCheckSpec(
    "guards",
    asset=dg.AssetKey(names.HELD_FOR_REVIEW.key),
    description="Nothing was set aside or held for review for the first time by this ingestion "
    "date's data. GuardedValues and HeldForReview say what, and why.",
)


def guard_version(environment: Environment) -> str:
    """What a table's version says of guards: they, and the identifier types of columns."""
    types = sorted(
        (table, *columns.items()) for table, columns in identifier_types(environment).items()
    )
    return f"{environment.unify.guards.model_dump_json()} {types}"


def limit_inputs(environment: Environment) -> list[names.TableName]:
    """What linking reads of guards, where values are counted.

    A table's values may pass their limit because of another table's rows.
    """
    if environment.unify.guards.records_per_value:
        return [names.GUARDED_VALUES, names.KEPT_VALUES]
    return []


def guards_asset(environment: Environment, lists: list[names.TableName]) -> dg.AssetsDefinition:
    """Build the assets of values that link nothing; `lists` are bypass and alias lists.

    The edges of the last run are read as the past, not as what the tables are made of.
    """
    deps = [*(names.current(table) for table in environment.unify.order), *lists]
    version = code_version(environment.unify, guard_version(environment))
    about = {
        names.GUARDED_VALUES: (GUARDED_VALUES.description, deps),
        names.KEPT_VALUES: (
            "Keys that keep a value past its limit: the last run linked them by it.",
            [names.GUARDED_VALUES],
        ),
    }
    specs = [
        spec_of(name, GROUP, text, deps=inputs, version=version)
        for name, (text, inputs) in about.items()
    ]

    def make(engine: Engine) -> None:
        found = guarded_values(engine, environment)
        store_all(engine, {names.GUARDED_VALUES: found.values, names.KEPT_VALUES: found.kept})

    @dg.multi_asset(name="set_values_aside", specs=specs)
    def values_set_aside(
        warehouse: Warehouse,
    ) -> Iterator[dg.MaterializeResult[None]]:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            results = [
                materialized(engine, names.GUARDED_VALUES, descriptions=GUARDED_VALUES.columns),
                materialized(engine, names.KEPT_VALUES),
            ]
        yield from results

    return values_set_aside


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
