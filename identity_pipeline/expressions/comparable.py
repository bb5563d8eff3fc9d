"""Values made comparable: normalized, aliases mapped, bypassed values taken out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import comparable
from identity_pipeline.terms.rules import Comparison


@dataclass(frozen=True)
class ValueLists:
    """Values that rules name.

    Attributes:
        bypass: list name -> table with `Value`: values that never match.
        alias: list name -> table with `Value` and `Canonical`: values that count as equal.
    """

    bypass: Mapping[str, ir.Table] = field(default_factory=dict)
    alias: Mapping[str, ir.Table] = field(default_factory=dict)


def with_comparables(
    table: ir.Table, columns: Mapping[str, tuple[str, Comparison]], lists: ValueLists
) -> ir.Table:
    """Add a comparable column for each name in `columns`.

    Args:
        table: any rows.
        columns: new name -> (column compared, how).
        lists: the bypass and alias lists that comparisons may name.

    Returns:
        The rows with the new columns, text; NULL where a value is missing, empty after
        normalization, or bypassed. Aliases are mapped before values are bypassed.
    """
    added = table.mutate(
        **{name: comparable(table[column], how) for name, (column, how) in columns.items()}
    )
    for name, (_, how) in columns.items():
        for word in how.lists:
            if word in lists.alias:
                added = _map_aliases(added, name, how, lists.alias[word])
        for word in how.lists:
            if word in lists.bypass:
                bypassed = comparable(lists.bypass[word].Value, how).name("value")
                values = lists.bypass[word].select(bypassed).filter(ibis._.value.notnull())
                added = added.mutate(
                    **{name: ibis.ifelse(added[name].isin(values.value), ibis.null(), added[name])}
                )
    return added


def _map_aliases(table: ir.Table, name: str, how: Comparison, aliases: ir.Table) -> ir.Table:
    pairs = aliases.select(
        _alias=comparable(aliases.Value, how), _canonical=comparable(aliases.Canonical, how)
    )
    # Two spellings may normalize to one: one row an alias, or rows would multiply.
    pairs = (
        pairs.filter(pairs._alias.notnull())
        .group_by("_alias")
        .aggregate(_canonical=pairs._canonical.min())
    )
    joined = table.left_join(pairs, table[name] == pairs._alias)
    mapped = ibis.coalesce(joined._canonical, joined[name])
    return joined.mutate(**{name: mapped}).drop("_alias", "_canonical")


def canonical_aliases(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Map every spelling to one of its family, so that A=B and B=C make A equal to C.

    Args:
        pairs: two spellings each that count as equal.

    Returns:
        One (value, canonical) a spelling; the canonical one is the smallest by code point.
    """
    family: dict[str, set[str]] = {}
    for one, other in pairs:
        merged = family.get(one, {one}) | family.get(other, {other})
        for spelling in merged:
            family[spelling] = merged
    return sorted((value, min(members)) for value, members in family.items())
