"""Custom matches: pairs of keys that files say always, or never, are one customer."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine

ALWAYS, NEVER = "always", "never"

CUSTOM_MATCHES = {
    "kind": "string",
    "table1": "string",
    "key1": "string",
    "table2": "string",
    "key2": "string",
    "file": "string",
    "line": "int64",
}
PROBLEMS = {"file": "string", "line": "int64", "problem": "string"}


@dataclass(frozen=True)
class CustomMatches:
    """The pairs that count, by our table names, and the lines that do not."""

    pairs: ir.Table
    problems: ir.Table


def custom_matches(
    engine: Engine, delivered: Mapping[str, ir.Table], tables: Mapping[str, str]
) -> CustomMatches:
    """Read the custom-match files.

    Args:
        engine: makes a table of the names.
        delivered: `always`, `never` -> what was delivered last: Table1, Table1Key, Table2,
            Table2Key, `_file`, `_line`. Table names are the product's `DataSource_Table`,
            case-sensitive, as its template has them.
        tables: `DataSource_Table` -> the source's name, of tables that take part.

    Returns:
        The pairs as CUSTOM_MATCHES, each once, with the first line that has it. Never wins where a
        pair is under both: that, and names of tables that take no part, are problems.
    """
    columns = ("Table1", "Table1Key", "Table2", "Table2Key", "_file", "_line")
    parts = [table.select(*columns, kind=ibis.literal(kind)) for kind, table in delivered.items()]
    if not parts:
        return CustomMatches(engine.relation(CUSTOM_MATCHES, []), engine.relation(PROBLEMS, []))
    lines = ibis.union(*parts) if len(parts) > 1 else parts[0]
    names = engine.relation({"product": "string", "source": "string"}, sorted(tables.items()))
    one = lines.left_join(names, lines.Table1 == names.product).drop("product")
    one = one.rename(source1="source")
    both = one.left_join(names, one.Table2 == names.product).drop("product")
    resolved = engine.keep(_directed(both.rename(source2="source")))
    usable = resolved.filter(resolved.table1.notnull() & resolved.table2.notnull())
    usable = usable.filter((usable.table1 != usable.table2) | (usable.key1 != usable.key2))
    never = usable.filter(usable.kind == NEVER)
    always = usable.filter(usable.kind == ALWAYS)
    pair = ["table1", "key1", "table2", "key2"]
    allowed = never.union(always.anti_join(never, pair))
    return CustomMatches(
        pairs=_once(allowed.rename(file="_file", line="_line")),
        problems=_problems(resolved, always.semi_join(never, pair)),
    )


def _once(lines: ir.Table) -> ir.Table:
    """Each pair once, with the first line that names it."""
    pair = ["kind", "table1", "key1", "table2", "key2"]
    place = ibis.row_number().over(group_by=pair, order_by=[lines.file, lines.line])
    return lines.mutate(_place=place).filter(ibis._._place == 0).select(*CUSTOM_MATCHES)


def _directed(lines: ir.Table) -> ir.Table:
    """One direction a pair, so that a pair written both ways is one."""
    one = [lines.Table1, lines.Table1Key, lines.source1]
    two = [lines.Table2, lines.Table2Key, lines.source2]
    swap = (one[0] > two[0]) | ((one[0] == two[0]) & (one[1] > two[1]))
    first = [ibis.ifelse(swap, b, a) for a, b in zip(one, two, strict=True)]
    second = [ibis.ifelse(swap, a, b) for a, b in zip(one, two, strict=True)]
    return lines.select(
        "kind",
        "_file",
        "_line",
        name1=first[0],
        key1=first[1],
        table1=first[2],
        name2=second[0],
        key2=second[1],
        table2=second[2],
    )


def _problems(lines: ir.Table, contradicting: ir.Table) -> ir.Table:
    wrong = ibis.cases(
        (lines.table1.isnull(), ibis.literal("no table is called ") + lines.name1),
        (lines.table2.isnull(), ibis.literal("no table is called ") + lines.name2),
        (
            (lines.table1 == lines.table2) & (lines.key1 == lines.key2),
            ibis.literal("a key cannot be matched with itself"),
        ),
        else_=ibis.null("string"),
    )
    found = lines.mutate(problem=wrong).filter(ibis._.problem.notnull())
    both = contradicting.mutate(
        problem=ibis.literal("the pair is under never match too; never match wins")
    )
    columns = {"file": "_file", "line": "_line"}
    return (
        found.select("problem", **columns)
        .union(both.select("problem", **columns))
        .select("file", "line", "problem")
    )


def within(pairs: ir.Table, kind: str, table: str) -> ir.Table:
    """Pairs of one table's keys: `key1`, `key2`."""
    here = (pairs.kind == kind) & (pairs.table1 == table) & (pairs.table2 == table)
    return pairs.filter(here).select("key1", "key2")


def across(pairs: ir.Table, kind: str, table: str) -> ir.Table:
    """Pairs of a table's key with another table's: `key`, `other_table`, `other_key`."""
    of_kind = pairs.filter((pairs.kind == kind) & (pairs.table1 != pairs.table2))
    forth = of_kind.filter(of_kind.table1 == table)
    back = of_kind.filter(of_kind.table2 == table)
    return forth.select(key="key1", other_table="table2", other_key="key2").union(
        back.select(key="key2", other_table="table1", other_key="key1")
    )
