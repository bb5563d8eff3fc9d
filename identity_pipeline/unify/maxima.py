"""Maxima: how many identifying values one customer may have, and who has more."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.guards import most_values
from identity_pipeline.terms.identifiers import columns_by_type
from identity_pipeline.unify.apart import Shared, Values


@dataclass(frozen=True)
class Maxima:
    """How many distinct values one customer may have.

    Attributes:
        most: identifier type -> the maximum.
        columns: table -> identifier type -> the columns that hold its values.
    """

    most: Mapping[str, int]
    columns: Mapping[str, Mapping[str, tuple[str, ...]]]


def maxima_of(environment: Environment) -> Maxima | None:
    """The maxima that the environment asks for; None where it asks for none."""
    most = environment.unify.guards.values_per_customer
    if not most:
        return None
    columns = {}
    for table in environment.unify.order:
        types = columns_by_type(environment, table)
        columns[table] = {kind: types[kind] for kind in most if kind in types}
    return Maxima(most, columns)


def crowded(values: ir.Table, most: Mapping[str, int]) -> ir.Table:
    """The units that have more values than the maximum: `unit`."""
    counted = values.group_by("unit", "identifier_type").aggregate(n=values.value.nunique())
    limits = counted.identifier_type.cases(*((k, n) for k, n in most.items()), else_=0)
    return counted.filter(counted.n > limits).select("unit").distinct()


def fetched(engine: Engine, values: ir.Table) -> dict[int, Values]:
    """A few units with their values, by unit and identifier type."""
    found: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    there = values.filter(values.value.notnull())
    for unit, kind, value in engine.rows(there.select("unit", "identifier_type", "value")):
        found[int(str(unit))][str(kind)].add(str(value))
    return {
        unit: {kind: frozenset(texts) for kind, texts in kinds.items()}
        for unit, kinds in found.items()
    }


def fetched_shared(engine: Engine, values: ir.Table, most: Mapping[str, int]) -> dict[int, Shared]:
    """A few units that are of a key with more values than the maximum, with the reason."""
    shared = values.filter(values.shared.notnull())
    told = shared.group_by("unit").aggregate(
        owner=shared.shared.min(), identifier_type=shared.identifier_type.min()
    )
    rows = engine.rows(told.select("unit", "owner", "identifier_type"))
    return {
        int(str(unit)): Shared(int(str(owner)), most_values(str(kind), most[str(kind)]))
        for unit, owner, kind in rows
    }
