"""The tables of an environment before there is data, to bind measures and segments to."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.expressions.types import schema_of, type_of
from identity_pipeline.terms.environment import Environment


def unbound_tables(
    environment: Environment, enrichments: dict[str, dict[str, str]]
) -> InsightTables:
    """Everything that measures and segments may read, as tables without rows.

    Args:
        environment: sources, unification and activities.
        enrichments: name -> column -> Ibis type, without `CustomerId`.
    """
    place = {"_ingestion_date": "date", "_file": "string", "_line": "int64"}
    return InsightTables(
        environment=environment,
        day=ibis.literal("2000-01-01").cast("date"),
        customers=ibis.table(customer_schema(environment), name="customer"),
        alternate_keys=ibis.table(
            {"CustomerId": "string", "Identifier": "string"}, name="alternate_key"
        ),
        activity=ibis.table(activity_schema(environment), name="activity")
        if environment.activities
        else None,
        sources={
            name: ibis.table(dict(schema_of(source).items()) | place, name=name)
            for name, source in environment.sources.items()
        },
        enrichments={
            name: ibis.table({"CustomerId": "string", **columns}, name=name)
            for name, columns in enrichments.items()
        },
    )


def unbound(name: str, columns: Mapping[str, str]) -> ir.Table:
    """A table without rows; `columns` maps names to Ibis types."""
    return ibis.table(columns, name=name)


def unbound_like(name: str, rows: ir.Table) -> ir.Table:
    """A table without rows that has the columns of an expression."""
    return ibis.table(rows.schema(), name=name)


def customer_schema(environment: Environment) -> dict[str, str]:
    """The columns of Customer with their types."""
    unify = environment.unify
    columns = {
        name: _combined_type(environment, combined.sources)
        for name, combined in unify.columns.items()
    }
    for group in unify.groups:
        for number, name in enumerate(group.columns):
            used = [f"{table}.{row[number]}" for table, row in group.sources.items() if row[number]]
            is_whole = len(used) == len(group.sources)
            columns[name] = _combined_type(environment, used) if is_whole else "string"
    for reference in unify.separate:
        columns[reference.replace(".", "_", 1)] = _combined_type(environment, [reference])
    renamed = {unify.rename.get(name, name): kind for name, kind in columns.items()}
    keys = dict.fromkeys(environment.key_columns, "string")
    own = {"IdentityStatus": "string", "BecameKnownAt": "date", "PreviousCustomerId": "string"}
    clusters = {f"{cluster.name}Id": "string" for cluster in unify.clusters}
    return {"CustomerId": "string", **keys, **renamed, **own, **clusters}


def _combined_type(environment: Environment, references: Sequence[str]) -> str:
    kinds = set()
    for reference in references:
        table, column = reference.split(".", 1)
        kinds.add(type_of(environment.source(table).columns[column]))
    return str(kinds.pop()) if len(kinds) == 1 else "string"


def activity_schema(environment: Environment) -> dict[str, str]:
    """The columns of UnifiedActivity with their types."""
    texts = (
        *("CustomerId", "ActivityId", "UnifiedActivityId", "SourceTableName", "SourceActivityId"),
        *("ActivityType", "Title", "Description", "URL", "SemanticData", "profile_identifier"),
    )
    attributes = {
        name: str(type_of(environment.source(one.table).columns[column]))
        for one in environment.activities
        for name, column in one.attributes.items()
    }
    return {
        **dict.fromkeys(texts, "string"),
        "ActivityTimeStamp": "timestamp(6)",
        "RangeIndex": "int64",
        "was_unknown_at_event": "boolean",
        "is_shown": "boolean",
        "ingestion_date": "date",
        **attributes,
    }
