"""Assets of quality: source columns, numbers of matches, and customers against the truth."""

from collections.abc import Callable, Iterator

import dagster as dg

from identity_pipeline.defs.freshness import changed_inputs, make_if_stale
from identity_pipeline.defs.report import (
    code_version,
    materialized,
    owned,
    readable_failures,
    spec_of,
)
from identity_pipeline.defs.resources import Warehouse
from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.registry import FAULT
from identity_pipeline.quality import agreement, statistics
from identity_pipeline.quality.columns import COLUMN_PROFILE, profile_columns, profiled_columns
from identity_pipeline.quality.contradictions import store_contradictions
from identity_pipeline.quality.truth import read_truth
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.quality import ALL, CUSTOMER_RECORDS
from identity_pipeline.terms.quality_contracts import (
    COLUMN_PROFILES,
    CONTRADICTIONS,
    MATCH_QUALITY,
    MATCH_STATISTICS,
)
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.unify.tasks import last_date

GROUP = "quality"
CHECK = "match_quality"
PROFILED = "columns_profiled"
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def quality_assets(environment: Environment) -> list[dg.AssetsDefinition]:
    """All assets of quality; those that nobody asks for are not there."""
    found = [statistics_asset(environment)]
    if profiled_sources(environment):
        found.append(profiles_asset(environment))
    if environment.unify.quality.truth:
        found.append(agreement_asset(environment, environment.unify.quality.truth))
    return found


def quality_tables_of(environment: Environment) -> list[names.TableName]:
    """The tables of these assets."""
    found = [names.MATCH_STATISTICS, names.CONTRADICTIONS]
    found += [names.column_profile(source.name) for source in profiled_sources(environment)]
    if environment.unify.quality.truth:
        found.append(names.MATCH_QUALITY)
    return found


def profiled_sources(environment: Environment) -> list[SourceTable]:
    """The sources whose columns are profiled."""
    return [one for one in environment.sources.values() if profiled_columns(environment, one)]


def profiles_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the assets of source columns, one a source, before matching; nothing waits for them."""
    sources = profiled_sources(environment)
    specs = {
        source.name: owned(
            spec_of(
                names.column_profile(source.name),
                GROUP,
                f"The columns of {source.name}: nulls, distinct and frequent values, placeholders.",
                deps=[names.current(source.name)],
                version=code_version(source, *profiled_columns(environment, source)),
            ),
            source.owner,
        )
        for source in sources
    }
    checks = [
        dg.AssetCheckSpec(
            PROFILED, asset=spec.key, description="The columns could be counted; nothing needs it."
        )
        for spec in specs.values()
    ]

    @dg.multi_asset(name="profile_columns", specs=list(specs.values()), check_specs=checks)
    def column_profiles(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Results:
        for source in sources:
            spec, fault = specs[source.name], ""
            try:
                with warehouse.transaction() as engine:
                    make_if_stale(engine, [spec], _profiling(environment, source))
                    result = _profile_result(engine, source)
            except FAULT as error:
                # Its text may quote a value.
                fault = type(error).__name__
                context.log.warning(f"the columns of {source.name} were not profiled: {fault}")
                with warehouse.transaction() as engine:
                    engine.define(names.column_profile(source.name), COLUMN_PROFILE)
                    result = _profile_result(engine, source)
            yield result
            yield dg.AssetCheckResult(
                check_name=PROFILED,
                asset_key=spec.key,
                passed=not fault,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"fault": fault or "none"},
            )

    return column_profiles


def _profile_result(engine: Engine, source: SourceTable) -> dg.MaterializeResult[None]:
    name = names.column_profile(source.name)
    return materialized(engine, name, descriptions=COLUMN_PROFILES.columns)


def _profiling(environment: Environment, source: SourceTable) -> Callable[[Engine], None]:
    def make(engine: Engine) -> None:
        columns = profiled_columns(environment, source)
        engine.store(names.column_profile(source.name), profile_columns(engine, source, columns))

    return make


def statistics_asset(environment: Environment) -> dg.AssetsDefinition:
    """Build the assets of numbers that need no truth, and of contradicting customers."""
    order = environment.unify.order
    deps = [
        names.ALTERNATE_KEY,
        names.KEYS,
        *(names.duplicates(table) for table in order),
        *(names.ambiguities(table) for table in order[1:]),
    ]
    version = code_version(environment.unify)
    described = {
        names.CONTRADICTIONS: (CONTRADICTIONS.description, deps),
        names.MATCH_STATISTICS: (MATCH_STATISTICS.description, [names.CONTRADICTIONS]),
    }
    specs = [
        spec_of(name, GROUP, text, deps=inputs, version=version)
        for name, (text, inputs) in described.items()
    ]

    def make(engine: Engine) -> None:
        counted = [names.CONSOLIDATED, names.CUSTOMERS]
        changed = changed_inputs(engine, specs[:1], of=counted)
        store_contradictions(engine, environment, changed)
        date = last_date(engine).isoformat()
        table = statistics.as_table(engine, statistics.statistics(engine, environment), date)
        engine.replace_rows(names.MATCH_STATISTICS, table, {"ingestion_date": date})

    @dg.multi_asset(name="count_matches", specs=specs)
    def match_statistics(warehouse: Warehouse) -> Iterator[dg.MaterializeResult[None]]:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, specs, make)
            results = [
                materialized(engine, names.CONTRADICTIONS, descriptions=CONTRADICTIONS.columns),
                materialized(engine, names.MATCH_STATISTICS, descriptions=MATCH_STATISTICS.columns),
            ]
        yield from results

    return match_statistics


def agreement_asset(environment: Environment, truth: str) -> dg.AssetsDefinition:
    """Build the asset that compares customers with the truth, one set of rows a date."""
    asked = environment.unify.quality

    def spec() -> dg.AssetSpec:
        """The specification with the file as it is now: another truth makes other numbers."""
        return spec_of(
            names.MATCH_QUALITY,
            GROUP,
            MATCH_QUALITY.description,
            deps=[names.KEYS],
            version=code_version(environment.unify, asked, _stamp(environment, truth)),
        )

    check = dg.AssetCheckSpec(
        CHECK,
        asset=dg.AssetKey(names.MATCH_QUALITY.key),
        description="By pairs of customer records, precision is at least "
        f"{_least(asked.min_precision)} and recall {_least(asked.min_recall)}.",
    )

    def make(engine: Engine) -> None:
        known = read_truth(engine, environment, truth)
        keys = engine.table(names.KEYS)
        date = last_date(engine).isoformat()
        rows = agreement.measure_agreement(engine, environment, keys, known)
        table = agreement.as_table(engine, rows, date)
        engine.replace_rows(names.MATCH_QUALITY, table, {"ingestion_date": date})

    @dg.multi_asset(name="compare_with_truth", specs=[spec()], check_specs=[check])
    def match_quality(warehouse: Warehouse) -> Results:
        with readable_failures(), warehouse.transaction() as engine:
            make_if_stale(engine, [spec()], make)
            numbers = _latest(engine)
            result = materialized(engine, names.MATCH_QUALITY, descriptions=MATCH_QUALITY.columns)
        yield result
        yield _judged(environment, numbers)

    return match_quality


def _least(share: float | None) -> str:
    return "any" if share is None else f"{100 * share:g}%"


def _stamp(environment: Environment, truth: str) -> str:
    """What tells one truth file from another without reading it."""
    file = environment.folder / truth
    if not file.is_file():
        return ""
    found = file.stat()
    return f"{found.st_size} {found.st_mtime_ns}"


def _latest(engine: Engine) -> dict[str, float]:
    """The numbers of the last date, by `scope/metric`."""
    rows = engine.table(names.MATCH_QUALITY)
    last = rows.filter(rows.ingestion_date == rows.ingestion_date.max().as_scalar())
    found = engine.rows(last.select("scope", "metric", last["value"].cast("float64")))
    return {f"{scope}/{metric}": float(str(value)) for scope, metric, value in sorted(found)}


def _judged(environment: Environment, numbers: dict[str, float]) -> dg.AssetCheckResult:
    """Whether precision and recall are as asked; a share of nothing is."""
    asked, scope = environment.unify.quality, agreement.judged_scope(environment)
    least = {"pair_precision": asked.min_precision, "pair_recall": asked.min_recall}
    passed = all(
        numbers.get(f"{scope}/{metric}", 1.0) >= share
        for metric, share in least.items()
        if share is not None
    )
    shown = (ALL, CUSTOMER_RECORDS)
    return dg.AssetCheckResult(
        check_name=CHECK,
        asset_key=dg.AssetKey(names.MATCH_QUALITY.key),
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            name: value for name, value in numbers.items() if name.partition("/")[0] in shown
        },
    )
