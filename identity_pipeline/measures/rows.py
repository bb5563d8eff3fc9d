"""The rows that a calculation reads, and which of them count."""

from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.expressions.exact import kind_of
from identity_pipeline.expressions.paths import (
    ACTIVITY,
    InsightTables,
    rows_of_customers,
)
from identity_pipeline.expressions.row_conditions import Place, row_fits, within_last
from identity_pipeline.terms.errors import InsightError, did_you_mean
from identity_pipeline.terms.measures import TEMPLATE_NEEDS, Calculation, Template

ACTIVITY_TIME = "ActivityTimeStamp"
# What tells rows of one moment apart: an activity's key, or where a source's row was delivered.
ROW_PLACES = ("ActivityId", "_ingestion_date", "_file", "_line")


@dataclass(frozen=True)
class CustomerRows:
    """The rows of one table along one path, each with its `CustomerId`.

    Attributes:
        name: `activity`, `customer`, an enrichment, a customer measure or a source.
        rows: the rows.
        tables: what they were taken from; its day is the one windows end with.
    """

    name: str
    rows: ir.Table
    tables: InsightTables

    def column(self, name: str, place: Place) -> ir.Value:
        """A column by its name; raises InsightError where there is none."""
        if name not in self.rows.columns:
            raise InsightError(
                place,
                f"table '{self.name}' has no column '{name}'. {did_you_mean(name, self.hint)}",
            )
        return self.rows[name]

    @property
    def hint(self) -> tuple[str, ...]:
        """The columns a user may mean; those of ingestion are not among them."""
        return tuple(name for name in self.rows.columns if not name.startswith("_"))

    @property
    def has_time(self) -> bool:
        """Whether the time column is known without being named."""
        return self.name == ACTIVITY

    def time(self, calculation: Calculation, word: str, place: Place) -> ir.Value:
        """The column of when a row happened.

        Args:
            calculation: names it, or reads activities, whose time is known.
            word: what needs it: window, first or last.
            place: the calculation's.

        Raises:
            InsightError: no column is named, or it is neither a date nor a timestamp.
        """
        name = calculation.time or (ACTIVITY_TIME if self.has_time else None)
        if name is None:
            kinds = self.rows.schema().items()
            moments = [n for n, k in kinds if n in self.hint and (k.is_date() or k.is_timestamp())]
            choice = f"one of {', '.join(moments)}" if moments else "the table has none"
            raise InsightError(
                (*place, word),
                f"'{word}' needs 'time', the column of when a row of '{self.name}' happened: "
                f"{choice}",
            )
        value = self.column(name, (*place, "time"))
        if not (value.type().is_date() or value.type().is_timestamp()):
            raise InsightError(
                (*place, "time"), f"'{name}' is {kind_of(value)}; it must be a date or a timestamp"
            )
        return value

    def order(self) -> list[ir.Value]:
        """What tells rows of one moment apart, as far as the table has it."""
        return [self.rows[name] for name in ROW_PLACES if name in self.rows.columns]

    def fits(self, calculation: Calculation, place: Place) -> list[ir.BooleanValue]:
        """The conditions that a row must meet to count, by `where` and `window`; maybe none."""
        day = self.tables.day
        met: list[ir.BooleanValue] = []
        if calculation.where is not None:
            met.append(row_fits(self.rows, calculation.where, day, (*place, "where")))
        if calculation.window is not None:
            moment = self.time(calculation, "window", place)
            met.append(within_last(moment, calculation.window, day).fill_null(False))
        return met


def rows_for(tables: InsightTables, calculation: Calculation, place: Place) -> CustomerRows:
    """The rows a calculation reads.

    Raises:
        InsightError: as `rows_of_customers`; a template's activities are not declared.
    """
    assert calculation.reads is not None, "a formula reads no rows"
    name, _ = calculation.reads
    if calculation.template is not None:
        _check_declared(tables, calculation.template, (*place, "template"))
    if calculation.path and name not in tables.sources:
        raise InsightError(
            (*place, "path"), f"'path' is for sources: the rows of '{name}' have their customer"
        )
    word = calculation.function
    at: Place = (*place, word, "of") if word in ("arg_max", "arg_min") else (*place, word)
    rows = rows_of_customers(tables, name, calculation.path, at)
    return CustomerRows(name, rows, tables)


def _check_declared(tables: InsightTables, template: Template, place: Place) -> None:
    kind, attribute = TEMPLATE_NEEDS[template]
    declared = [one for one in tables.environment.activities if kind in (one.type, None)]
    if attribute is not None:
        declared = [one for one in declared if attribute in one.attributes]
    if tables.activity is None or not declared:
        of_type = f" of the type {kind}" if kind else ""
        having = f", with the attribute '{attribute}'" if attribute else ""
        raise InsightError(
            place,
            f"'{template}' reads activities{of_type}: declare one in activities.yaml{having}",
        )
