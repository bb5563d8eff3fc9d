"""Values made comparable: normalized, aliases mapped, bypassed values taken out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text, comparable
from identity_pipeline.expressions.normalize import normalize_text
from identity_pipeline.expressions.placeholders import without_placeholders
from identity_pipeline.terms.rules import Comparison, Normalization

# These may make a placeholder of what is none as it is stored: `Mr. Unknown`, digits in circles.
REVEALING = frozenset(
    {
        Normalization.PHONE,
        Normalization.NAME,
        Normalization.UNICODE_TO_ASCII,
        Normalization.NUMERALS,
    }
)
# Between a value and the key that keeps it; no text has it.
MARK = "\x1f"
# Before the name of a column that was made comparable.
MADE = "_made"


@dataclass(frozen=True)
class ValueGuards:
    """Which values of a table link nothing.

    Attributes:
        placeholders: whether the shipped list counts.
        own: column -> further placeholders.
        limited: column -> its identifier type, where values of that type are past their limit.
        over: `identifier_type` and `value` of these; None without any.
        kept: `identifier_type`, `value` and the `key` in this table that keeps it; None without
            any.
    """

    placeholders: bool = False
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limited: Mapping[str, str] = field(default_factory=dict)
    over: ir.Table | None = None
    kept: ir.Table | None = None


@dataclass(frozen=True)
class ValueLists:
    """Values that rules treat in a way of their own.

    Attributes:
        bypass: list name -> table with `Value`: values that never match.
        alias: list name -> table with `Value` and `Canonical`: values that count as equal.
        guards: what links nothing in the table at hand, by any rule.
        guards_by_table: the same of every table.
    """

    bypass: Mapping[str, ir.Table] = field(default_factory=dict)
    alias: Mapping[str, ir.Table] = field(default_factory=dict)
    guards: ValueGuards = ValueGuards()
    guards_by_table: Mapping[str, ValueGuards] = field(default_factory=dict)

    def of(self, table: str) -> "ValueLists":
        """The lists, with the guards of one table."""
        return replace(self, guards=self.guards_by_table.get(table, self.guards))

    @property
    def only_guards(self) -> "ValueLists":
        """The guards alone, for rules that name no lists."""
        return ValueLists(guards=self.guards)


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
        normalization, bypassed, or linking nothing. Aliases are mapped before values are bypassed.
    """
    added = table.mutate(
        **{
            name: _compared(table, column, how, lists.guards)
            for name, (column, how) in columns.items()
        }
    )
    for name, (column, how) in columns.items():
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
        if identifier_type := lists.guards.limited.get(column):
            added = _within_limit(added, name, identifier_type, lists.guards)
    return added


def made_comparable(
    rows: ir.Table, columns: Sequence[tuple[str, Comparison]], guards: ValueGuards
) -> ir.Table:
    """Rows with their values made comparable once, for all the steps that compare them.

    `with_comparables` finds them by their names. Aliases, bypassed values and limits are not in
    them: those may change when the rows do not.

    Args:
        rows: any rows.
        columns: (column compared, how).
        guards: which placeholders link nothing.
    """
    added: dict[str, ir.Value] = {}
    for column, how in columns:
        value = _without_placeholders(rows[column], how, column, guards)
        added[made_name(column, how)] = value
        if _looks_for_placeholders(guards, column):
            aside = value.isnull().ifelse(comparable(rows[column], how), ibis.null("string"))
            added[_aside_name(column, how)] = aside
    return rows.mutate(**added)


def made_name(column: str, how: Comparison) -> str:
    """What rows call a column that they have made comparable."""
    return f"{MADE}:{column}:{','.join(sorted(how.steps))}:{how.region or ''}"


def _aside_name(column: str, how: Comparison) -> str:
    """What rows call the placeholders that were taken out of such a column."""
    return f"_aside:{made_name(column, how)}"


def without_made(rows: ir.Table) -> ir.Table:
    """Rows without what `made_comparable` added."""
    added = [name for name in rows.columns if name.startswith((f"{MADE}:", f"_aside:{MADE}:"))]
    return rows.drop(*added) if added else rows


def _looks_for_placeholders(guards: ValueGuards, column: str) -> bool:
    return guards.placeholders or column in guards.own


def _compared(table: ir.Table, column: str, how: Comparison, guards: ValueGuards) -> ir.StringValue:
    """A column as it is compared, before lists and limits; taken from the rows if it is there."""
    made, aside = made_name(column, how), _aside_name(column, how)
    if made not in table.columns:
        return _without_placeholders(table[column], how, column, guards)
    if aside not in table.columns or _looks_for_placeholders(guards, column):
        return table[made]
    return ibis.coalesce(table[made], table[aside])


def _without_placeholders(
    column: ir.Column, how: Comparison, name: str, guards: ValueGuards
) -> ir.StringValue:
    """A column made comparable; NULL also where it is a placeholder, as stored or as compared."""
    kind = column.type()
    is_guarded = guards.placeholders and (kind.is_string() or kind.is_date())
    value = comparable(without_placeholders(as_text(column)) if is_guarded else column, how)
    if is_guarded and REVEALING.intersection(how.steps):
        value = without_placeholders(value)
    for own in guards.own.get(name, ()):
        if text := normalize_text(own, how.steps, how.region):
            value = value.nullif(text)
    return value


def _within_limit(
    table: ir.Table, name: str, identifier_type: str, guards: ValueGuards
) -> ir.Table:
    """The table, without values past their limit, except at the keys that keep them."""
    assert guards.over is not None
    over = guards.over.filter(guards.over.identifier_type == identifier_type)
    goes = table[name].isin(over.value)
    if guards.kept is not None:
        kept = guards.kept.filter(guards.kept.identifier_type == identifier_type)
        marks = kept.select(mark=kept.value + MARK + kept.key)
        goes &= ~(table[name] + MARK + table._key).isin(marks.mark)
    return table.mutate(**{name: ibis.ifelse(goes, ibis.null("string"), table[name])})


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
