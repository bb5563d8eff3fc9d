"""Assets of unification up to consolidated records: deduplicate, match, consolidate."""

from collections.abc import Callable, Iterator
from functools import partial

import dagster as dg

from identity_pipeline.defs.custom_matches import custom_match_asset
from identity_pipeline.defs.freshness import (
    changed_inputs,
    make_if_stale,
    note_changes,
    read_ledger,
)
from identity_pipeline.defs.guards import (
    CHECK,
    check_result,
    guard_version,
    guards_asset,
    limit_inputs,
)
from identity_pipeline.defs.report import (
    code_version,
    materialized,
    owned,
    readable_failures,
    spec_of,
    store_all,
)
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.defs.reviews import (
    remarks_on,
    review_checks,
    review_results,
    reviews_described,
    splink_version,
)
from identity_pipeline.defs.shared_devices import (
    device_version,
    identities_described,
    store_identities,
)
from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.ledger import day_in, last_applied
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.event_tables import device_tables
from identity_pipeline.terms.guards_contracts import HELD_FOR_REVIEW
from identity_pipeline.unify import consolidation, pair_counts, tasks
from identity_pipeline.unify.connect import link_table
from identity_pipeline.unify.deduplicate import deduplicate
from identity_pipeline.unify.match import match_table, store_matches
from identity_pipeline.unify.match_pairs import match_pairs, pairs_of
from identity_pipeline.unify.offers import with_scores
from identity_pipeline.unify.reached_groups import deduplicate_again, last_of
from identity_pipeline.unify.splink_pairs import store_reviews

GROUP = "unify"
Warn = Callable[[str], None]
Results = Iterator[dg.MaterializeResult[None]]
Checked = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def unify_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """All assets from custom matches to consolidated records."""
    order = environment.unify.order
    return [
        custom_match_asset(environment),
        guards_asset(environment, _lists_of(environment)),
        *(deduplicate_asset(environment, table) for table in order),
        *(match_asset(environment, table) for table in order[1:]),
        consolidate_asset(environment),
        match_pairs_asset(environment),
    ]


def _lists_of(environment: Environment) -> list[names.TableName]:
    asked = environment.unify.overrides
    return [
        *(names.current(f"bypass_{name}") for name in asked.bypass),
        *(names.current(f"alias_{name}") for name in asked.alias),
    ]


def deduplicate_asset(environment: Environment, table: str) -> dg.AssetsDefinition:
    """Build the assets of one table's deduplication."""
    step, source, profile = (
        environment.step(table),
        environment.source(table),
        environment.profile(table),
    )
    members = names.members(table)
    inputs = [names.profiles(table), names.OVERRIDES, *_lists_of(environment)]
    inputs += limit_inputs(environment)
    described = {
        members: (f"Every row of {table} with its deduplication group.", inputs),
        names.winners(table): (f"One row a deduplicated record of {table}.", [members]),
        names.duplicates(table): (f"Which rows of {table} a rule linked, with scores.", [members]),
    }
    columns = environment.match_columns(table)
    guarded = guard_version(environment)
    version = code_version(step, profile, "".join(columns), guarded)
    specs = [
        owned(spec_of(name, GROUP, text, deps=deps, version=version), source.owner)
        for name, (text, deps) in described.items()
    ]

    def make(engine: Engine, warn: Warn) -> bool:
        rows = engine.table(names.profiles(table))
        task = tasks.deduplication_task(engine, environment, table)
        changed = changed_inputs(engine, specs)
        if changed is not None:
            last = last_of(engine, environment, table, changed)
            are_others = deduplicate_again(engine, rows, last, task)
            if are_others:
                note_changes(engine, specs, is_known=True)
            if are_others is not None:
                return are_others
        note_changes(engine, specs, is_known=False)
        size = engine.size(names.profiles(table))
        if pair_counts.could_be_many(size, size // 2):
            for remark in pair_counts.many_within(engine, rows, task):
                warn(remark)
        found = deduplicate(engine, rows, task)
        stored = (found.members, found.winners, found.duplicates)
        store_all(engine, dict(zip(described, stored, strict=True)))
        return True

    @dg.multi_asset(name=f"deduplicate_{table}", specs=specs)
    def deduplicate_rows(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Results:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, partial(make, warn=context.log.warning))
            results = [materialized(engine, name) for name in described]
        yield from results

    return deduplicate_rows


def match_asset(environment: Environment, table: str) -> dg.AssetsDefinition:
    """Build the assets of matching one table with those above it."""
    higher = tasks.higher_tables(environment, table)
    matches = names.matches(table)
    # Each table is matched after the one above it, so that one stands for all above.
    above = names.matches(higher[-1]) if len(higher) > 1 else names.members(higher[-1])
    described = {
        matches: (
            f"Which consolidated record each record of {table} joined, and why.",
            [names.members(table), above],
        ),
        names.ambiguities(table): (
            f"Records of {table} with several candidates, or a refused one.",
            [matches],
        ),
    }
    order = ",".join(environment.unify.order)
    others = guard_version(environment) + splink_version(environment, table)
    others += device_version(environment, table)
    version = code_version(environment.step(table), environment.unify.linking, order, others)
    way = link_table if environment.unify.linking == "components" else match_table
    every = described | reviews_described(environment, table)
    every |= identities_described(environment, table)
    specs = [
        spec_of(name, GROUP, text, deps=deps, version=version)
        for name, (text, deps) in every.items()
    ]
    remarks: list[str] = []

    def make(engine: Engine, warn: Warn) -> None:
        lower = tasks.lower_side(engine, environment, table)
        above = tasks.higher_sides(engine, environment, table)
        task = tasks.match_task(engine, environment, table)
        sizes = [engine.size(names.members(name)) for name in (table, *higher)]
        if pair_counts.could_be_many(sizes[0], max(sizes[1:])):
            for remark in pair_counts.many_between(engine, lower, above, task):
                warn(remark)
        task = with_scores(engine, lower, above, task)
        found = way(engine, lower, above, task)
        is_alike = way is match_table and read_ledger(engine).made_alike(specs[:1]) is not None
        is_known = store_matches(engine, table, found.matches, is_alike=is_alike)
        note_changes(engine, specs[:1], is_known=is_known)
        engine.store(names.ambiguities(table), found.ambiguities)
        store_identities(engine, environment, table, found)
        store_reviews(engine, environment, table, task.scores)
        remarks[:] = remarks_on(table, task.scores)

    checks = review_checks(environment, table)

    @dg.multi_asset(name=f"match_{table}", specs=specs, check_specs=checks)
    def match_records(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Checked:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, partial(make, warn=context.log.warning))
            for remark in remarks:
                context.log.warning(remark)
            results = [materialized(engine, name) for name in every]
            checked = review_results(engine, environment, table)
        yield from results
        yield from checked

    return match_records


def consolidate_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the asset of consolidated records."""
    order = environment.unify.order
    matched = [names.matches(order[-1])] if len(order) > 1 else []
    shared = [names.device_identities(table) for table in device_tables(environment)]
    described = {
        names.CONSOLIDATED: (
            "Records of all tables together; Include all marks those left out.",
            [*(names.winners(table) for table in order), *matched, *shared],
        ),
        names.KEYS: (
            "Every source key with the consolidated record that holds it.",
            [names.CONSOLIDATED],
        ),
        names.HELD_FOR_REVIEW: (
            HELD_FOR_REVIEW.description,
            [names.CONSOLIDATED, names.GUARDED_VALUES],
        ),
    }
    version = code_version(environment.unify, guard_version(environment))
    specs = [
        spec_of(name, GROUP, text, deps=deps, version=version)
        for name, (text, deps) in described.items()
    ]

    def make(engine: Engine) -> None:
        members = [names.members(table) for table in order]
        changed = changed_inputs(engine, specs, of=members)
        is_known = consolidation.store(engine, environment, changed)
        note_changes(engine, specs, is_known=is_known)

    @dg.multi_asset(name="consolidate", specs=specs, check_specs=[CHECK])
    def consolidated_records(
        warehouse: Warehouse,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            results = [materialized(engine, name) for name in described]
            checked = check_result(engine)
        yield from results
        yield checked

    return consolidated_records


def match_pairs_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the asset of the product's ConflationMatchPairs."""
    about = "The product's ConflationMatchPairs: the tables of each consolidated record."
    deps = [names.KEYS]
    version = code_version(environment.unify)
    specs = [spec_of(names.MATCH_PAIRS, GROUP, about, deps=deps, version=version)]

    def make(engine: Engine) -> None:
        is_known = changed_inputs(engine, specs, of=[names.CONSOLIDATED]) is not None
        note_changes(engine, specs, is_known=is_known)
        known = consolidation.read(engine, environment)
        day = day_in(last_applied(engine.table(names.DELIVERIES)))
        pairs = match_pairs(known.consolidated, known.keys, known.contributions, day)
        # Wide, and read by nobody but who publishes it: written once.
        engine.show(names.MATCH_PAIRS, pairs)
        if is_known:
            records = engine.table(names.RECORDS_TOUCHED)
            rows, keys = (
                engine.keep(one.semi_join(records, "record"))
                for one in (known.consolidated, known.keys)
            )
            changed = match_pairs(rows, keys, known.contributions, day)
            engine.store(names.MATCH_PAIRS_CHANGED, changed)
            engine.store(names.MATCH_PAIRS_TOUCHED, pairs_of(records))

    @dg.multi_asset(name="list_match_pairs", specs=specs)
    def conflation_match_pairs(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            # A view: to count it is to join it.
            records = engine.table(names.CONSOLIDATED).select("record").distinct()
            return materialized(engine, names.MATCH_PAIRS, rows=engine.count(records))

    return conflation_match_pairs
