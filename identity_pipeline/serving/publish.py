"""What the published file holds: the product's tables by the product's names, and ours."""

from collections.abc import Mapping
from dataclasses import replace

from identity_pipeline.engine.base import Engine, PublishedTable
from identity_pipeline.serving.changes import changes_of, changes_of_pairs, changes_of_winners
from identity_pipeline.serving.publish_evidence import evidence_tables
from identity_pipeline.serving.publish_insights import insight_tables
from identity_pipeline.serving.publish_quality import quality_tables
from identity_pipeline.terms import evidence_contracts as contracts
from identity_pipeline.terms import names, tables
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.sources import SourceTable


def published_tables(engine: Engine, environment: Environment) -> list[PublishedTable]:
    """Every table of the published file, with descriptions of tables and columns."""
    found = [_plain(engine, contract) for contract in tables.CONTRACTS]
    found[0] = _with_columns(found[0], _unified_descriptions(environment))
    for table in environment.unify.order:
        source = environment.source(table)
        found.append(_deduplication(engine, environment, source))
        found.append(_evidence(engine, source, tables.DUPLICATES, names.duplicates(table)))
        if environment.rank(table) > 1:
            found.append(_evidence(engine, source, tables.MATCHES, names.matches(table)))
            found.append(_evidence(engine, source, tables.AMBIGUITIES, names.ambiguities(table)))
        if environment.step(table).splink_rules:
            found.append(_evidence(engine, source, contracts.REVIEWS, names.reviews(table)))
    found += [_corrupt(engine, source) for source in environment.sources.values()]
    found += evidence_tables(engine, environment)
    found += quality_tables(engine, environment)
    return found + insight_tables(engine, environment)


def _plain(engine: Engine, contract: tables.Contract) -> PublishedTable:
    rows = engine.table(contract.stored)
    changes = changes_of(engine, contract.stored, rows)
    if contract.stored == names.MATCH_PAIRS:
        changes = changes_of_pairs(engine)
    return PublishedTable(contract.name, rows, contract.description, contract.columns, changes)


def _with_columns(table: PublishedTable, columns: Mapping[str, str]) -> PublishedTable:
    return replace(table, columns={**columns, **table.columns})


def _unified_descriptions(environment: Environment) -> dict[str, str]:
    """Where each unified column comes from, and which keys the key columns hold."""
    found = {
        name: f"Unified from {', '.join(combined.sources)}, by {combined.by.replace('_', ' ')}."
        for name, combined in environment.unify.columns.items()
    }
    found = {environment.unify.rename.get(name, name): text for name, text in found.items()}
    for table in environment.unify.order:
        source = environment.source(table)
        name = f"{source.data_source}_{source.table}_{environment.profile(table).primary_key}"
        found[name] = f"The customer's key in {table}: that of the winner."
        found[f"{name}_Alternate"] = f"All the customer's keys in {table}, where there are several."
    return found


def _deduplication(engine: Engine, environment: Environment, source: SourceTable) -> PublishedTable:
    """The product's `Deduplication_{DataSource}_{Table}`: winner rows."""
    profile = environment.profile(source.name)
    winners = engine.table(names.winners(source.name))
    key = profile.primary_key
    rows = winners.select(
        **{key: winners[key]},
        **{f"{key}_Alternate": winners._alternates},
        Deduplication_GroupId=winners._group.cast("string"),
        Rule=winners._rules,
        Score=winners._score,
        Deduplication_WinnerId=winners._key,
        **{column: winners[column] for column in profile.columns if column != key},
    )
    columns = {key: "The winner's primary key.", **tables.DEDUPLICATION_COLUMNS}
    columns[f"{key}_Alternate"] = "All keys of the group joined by ';', where there are several."
    return PublishedTable(
        f"Deduplication_{source.data_source}_{source.table}",
        rows,
        f"One row a deduplicated record of {source.name}: its winner.",
        columns,
        changes_of_winners(engine, source.name, rows),
    )


def _evidence(
    engine: Engine, source: SourceTable, contract: tables.Contract, stored: names.TableName
) -> PublishedTable:
    rows = engine.table(stored)
    shown = [name for name in contract.columns if name in rows.columns]
    return PublishedTable(
        f"{contract.name}_{source.data_source}_{source.table}",
        rows.select(*shown),
        contract.description,
        contract.columns,
    )


def _corrupt(engine: Engine, source: SourceTable) -> PublishedTable:
    """The product's `{DataSource}_{Table}_corrupt`."""
    rows = engine.table(names.rejected(source.name))
    renamed = {name.lstrip("_"): name for name in rows.columns if name.startswith("_")}
    return PublishedTable(
        f"{source.data_source}_{source.table}_corrupt",
        rows.rename(renamed),
        f"Rows of {source.name} that do not fit their columns, and why.",
        tables.CORRUPT_COLUMNS,
    )
