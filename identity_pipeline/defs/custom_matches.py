"""Assets of custom matches: pairs of keys that files say always, or never, are one customer."""

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
from identity_pipeline.engine.base import Engine, Rows
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.unify import overrides, tasks

GROUP = "unify"
Results = Iterator[dg.MaterializeResult[None]]


def custom_match_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the asset of custom matches."""
    asked = environment.unify.overrides
    files = {
        overrides.ALWAYS: names.current("always_match") if asked.always_match else None,
        overrides.NEVER: names.current("never_match") if asked.never_match else None,
    }
    delivered = {kind: name for kind, name in files.items() if name}
    pairs = "Pairs of keys that files say always, or never, are one customer."
    faults = "Lines of custom-match files that do not count, and why."
    version = code_version(asked, *sorted(tasks.product_names(environment)))
    specs = [
        spec_of(name, GROUP, text, deps=list(delivered.values()), version=version)
        for name, text in ((names.OVERRIDES, pairs), (names.OVERRIDE_PROBLEMS, faults))
    ]

    def make(engine: Engine) -> bool:
        tables = {kind: engine.table(name) for kind, name in delivered.items()}
        found = overrides.custom_matches(engine, tables, tasks.product_names(environment))
        made = {names.OVERRIDES: found.pairs, names.OVERRIDE_PROBLEMS: found.problems}
        if all(_is_stored(engine, name, rows) for name, rows in made.items()):
            return False
        store_all(engine, made)
        return True

    @dg.multi_asset(name="read_custom_matches", specs=specs)
    def read_custom_matches(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Results:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            if count := engine.size(names.OVERRIDE_PROBLEMS):
                context.log.warning(f"{count} lines of custom-match files do not count")
            results = [
                materialized(engine, name) for name in (names.OVERRIDES, names.OVERRIDE_PROBLEMS)
            ]
        yield from results

    return read_custom_matches


def _is_stored(engine: Engine, name: names.TableName, rows: Rows) -> bool:
    """Whether a table has these few rows."""
    if not engine.exists(name):
        return False
    return set(engine.rows(engine.table(name))) == set(engine.rows(rows))
