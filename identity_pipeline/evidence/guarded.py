"""Guards that keep two records apart: a maximum of values, and what is held for review."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from identity_pipeline.evidence.records import Published, Record
from identity_pipeline.expressions.identifying import identifying_values
from identity_pipeline.terms.guards import TOO_MANY_RECORDS
from identity_pipeline.terms.guards_contracts import GUARDED_VALUES, HELD_FOR_REVIEW
from identity_pipeline.terms.identifiers import columns_by_type


@dataclass(frozen=True)
class Maximum:
    """Values of which both records together have more than one customer may.

    Attributes:
        limit: how many distinct values one customer may have.
        one, other: the values of the first record and of the second, sorted.
    """

    identifier_type: str
    limit: int
    one: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """A record that is held for review, with both of the keys asked for.

    Attributes:
        keys: how many keys it would have.
        limit: how many a customer may have.
        since: the ingestion date since which it is held.
    """

    keys: int
    limit: int
    since: str


def maxima(published: Published, one: int, other: int) -> tuple[Maximum, ...]:
    """The identifier types of which two records together have too many values, by name."""
    most = published.environment.unify.guards.values_per_customer
    found: dict[int, dict[str, set[str]]] = {one: defaultdict(set), other: defaultdict(set)}
    for table in published.environment.unify.order if most else ():
        types = columns_by_type(published.environment, table)
        columns = {name: types[name] for name in most if name in types}
        rows = published.rows_of(table, [one, other])
        values = identifying_values(rows, columns, most, "_record")
        if values is None:
            continue
        brought = values.filter(values.value.notnull()).select("unit", "identifier_type", "value")
        for record, name, value in published.engine.rows(brought):
            found[int(str(record))][str(name)].add(str(value))
    return tuple(
        Maximum(name, limit, tuple(sorted(found[one][name])), tuple(sorted(found[other][name])))
        for name, limit in sorted(most.items())
        if len(found[one][name] | found[other][name]) > limit
    )


def held(published: Published, one: Record, other: Record) -> Held | None:
    """What holds the keys of two records for review together; None where nothing does."""
    if published.environment.unify.guards.keys_per_customer is None:
        return None
    rows = published.table(HELD_FOR_REVIEW.name)
    asked = rows.filter(rows.identifier.isin([one.identifier, other.identifier]))
    both = asked.group_by("record_identifier", "keys", "limit").aggregate(
        n=asked.count(), since=asked.since.max()
    )
    found = published.engine.rows(both.filter(both.n > 1).select("keys", "limit", "since"))
    if not found:
        return None
    [(keys, limit, since)] = found
    return Held(int(str(keys)), int(str(limit)), str(since))


def carried(
    published: Published, wanted: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[int, int]]:
    """How many source keys carry a value past its limit, and how many may.

    Args:
        published: the published file.
        wanted: a name -> identifier type and value.
    """
    if not wanted:
        return {}
    values = published.table(GUARDED_VALUES.name)
    over = values.filter(
        (values.reason == TOO_MANY_RECORDS) & values.value.isin([v for _, v in wanted.values()])
    )
    rows = published.engine.rows(over.select("identifier_type", "value", "keys", "limit"))
    numbers = {(str(t), str(v)): (int(str(k)), int(str(n))) for t, v, k, n in rows}
    return {name: numbers[key] for name, key in wanted.items() if key in numbers}
