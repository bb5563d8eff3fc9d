"""Customers as rules see them: one wide table, whatever the number of rules."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.expressions.paths import (
    InsightTables,
    customer_columns,
    rows_of_customers,
)
from identity_pipeline.expressions.row_conditions import row_fits, value_fits
from identity_pipeline.expressions.views import another
from identity_pipeline.segments.parts import Part, Place
from identity_pipeline.terms.errors import InsightError, did_you_mean
from identity_pipeline.terms.segments import Related

# Table, path and condition of the rows that a leaf counts; equal ones are counted once.
Counted = tuple[str, tuple[str, ...], str]


@dataclass(frozen=True)
class Candidates:
    """Every customer, with all that the given rules ask.

    Attributes:
        tables: what they were made of.
        wide: one row a customer: Customer's columns, attributes, enrichments as
            `enrichment.Column`, and numbers of related rows (NULL for none).
        columns: those of them that a rule may test.
        counts: what is counted -> its column.
    """

    tables: InsightTables
    wide: ir.Table
    columns: tuple[str, ...]
    counts: Mapping[Counted, str]

    def column(self, name: str, place: Place) -> ir.Column:
        """A column to test; raises InsightError where there is none, or it is a table."""
        if name in self.columns:
            return self.wide[name]
        if name in self.tables.known:
            raise InsightError(
                place,
                f"'{name}' is a table, not a column of customers: write which rows a customer "
                f"must have, as {name}: {{where: {{...}}, count: {{ge: 1}}}}",
            )
        hint = did_you_mean(name, (*self.columns, *self.tables.known))
        raise InsightError(place, f"there is no column or table '{name}'. {hint}")


def candidates(tables: InsightTables, rules: Iterable[Part]) -> Candidates:
    """Customers with a number for each kind of related rows that the rules count.

    One aggregation for each table and path, with a column for each condition: a thousand
    segments over activities read them once.

    Raises:
        InsightError: as `rows_of_customers` and `row_fits`; a column where a table is needed.
    """
    wide = customer_columns(tables)
    columns = tuple(wide.columns)
    counts: dict[Counted, str] = {}
    asked: dict[tuple[str, tuple[str, ...]], dict[Counted, Part]] = defaultdict(dict)
    for leaf in (part for rule in rules for part in rule.walk() if isinstance(part.leaf, Related)):
        _must_be_table(tables, columns, leaf)
        counted = what_counts(leaf)
        counts.setdefault(counted, f"_rows_{len(counts)}")
        asked[counted[:2]].setdefault(counted, leaf)
    for (name, path), leaves in asked.items():
        place = next(iter(leaves.values())).place
        rows = rows_of_customers(tables, name, path, place)
        numbers = {counts[key]: _number(tables, rows, leaf) for key, leaf in leaves.items()}
        # The rows may be derived from Customer; a view keeps the two apart.
        grouped = another(rows.group_by("CustomerId").aggregate(**numbers).rename(_id="CustomerId"))
        wide = wide.left_join(grouped, wide.CustomerId == grouped._id).drop("_id")
    return Candidates(tables, wide, columns, counts)


def what_counts(part: Part) -> Counted:
    """What the leaf counts; the condition as text, for terms with lists are not hashable."""
    assert isinstance(part.leaf, Related), "only leaves over related rows count"
    return part.name, part.leaf.path, repr(part.leaf.where)


def _must_be_table(tables: InsightTables, columns: tuple[str, ...], part: Part) -> None:
    if part.name in columns and part.name not in tables.known:
        raise InsightError(
            part.place,
            f"'{part.name}' is a column, not a table: write a test of its value, as "
            f"{part.name}: {{gt: 0}}; 'where', 'count' and 'path' are for tables",
        )


def _number(tables: InsightTables, rows: ir.Table, part: Part) -> ir.IntegerScalar:
    assert isinstance(part.leaf, Related), "only leaves over related rows count"
    if part.leaf.where is None:
        return rows.count()
    return rows.count(where=row_fits(rows, part.leaf.where, tables.day, (*part.place, "where")))


def fits_leaf(found: Candidates, part: Part) -> ir.BooleanValue:
    """Whether a customer is, or has, what a leaf says; never NULL."""
    leaf, day = part.leaf, found.tables.day
    assert leaf is not None, "only leaves are asked"
    if isinstance(leaf, Related):
        number = found.wide[found.counts[what_counts(part)]].fill_null(0)
        return value_fits(number, leaf.count, day, (*part.place, "count"))
    return value_fits(found.column(part.name, part.place), leaf, day, part.place)
