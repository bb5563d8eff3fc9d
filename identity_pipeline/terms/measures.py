"""Measures: numbers about a customer, or about the business."""

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from identity_pipeline.terms.base import ColumnName, Name, Term
from identity_pipeline.terms.conditions import Condition
from identity_pipeline.terms.periods import PeriodText

# A table: `activity`, `customer`, an enrichment or a source; or one of its columns.
TableReference = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ColumnReference = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\..+$")]

Template = Literal[
    "average_transaction_value",
    "total_transaction_value",
    "average_daily_revenue",
    "average_monthly_revenue",
    "average_yearly_revenue",
    "transaction_count",
    "loyalty_points_earned",
    "loyalty_points_redeemed",
    "loyalty_points_balance",
    "active_customer_lifespan",
    "loyalty_membership_duration",
    "time_since_last_purchase",
]


class Need(NamedTuple):
    """What a template reads: activities of a type, or of any; and one of their attributes."""

    type: str | None = None
    attribute: str | None = None


_REVENUE, _POINTS = Need("SalesOrder", "Amount"), Need("Loyalty", "Points")
TEMPLATE_NEEDS: dict[Template, Need] = {
    "average_transaction_value": _REVENUE,
    "total_transaction_value": _REVENUE,
    "average_daily_revenue": _REVENUE,
    "average_monthly_revenue": _REVENUE,
    "average_yearly_revenue": _REVENUE,
    "transaction_count": Need("SalesOrder"),
    "loyalty_points_earned": _POINTS,
    "loyalty_points_redeemed": _POINTS,
    "loyalty_points_balance": _POINTS,
    "active_customer_lifespan": Need(),
    "loyalty_membership_duration": Need("Loyalty"),
    "time_since_last_purchase": Need("SalesOrder"),
}


class Extreme(Term):
    """The value of one column in the row where another is largest, or smallest."""

    of: ColumnReference
    by: ColumnName


FUNCTIONS = (
    *("count", "count_unique", "sum", "average", "max", "min", "first", "last"),
    *("arg_max", "arg_min", "formula", "template"),
)
# What says which rows count; a formula reads no rows.
ROW_WORDS = ("where", "window", "time", "path")


class Calculation(Term):
    """One number: exactly one function, over the rows of one table.

    Attributes:
        count: a table whose rows count, or a column whose values that are there do. Where none
            does, a customer attribute has no value; a table of its own has 0.
        count_unique, sum, average, max, min: a column.
        first, last: a column; its value in the earliest and the latest row by `time` that has one.
        arg_max, arg_min: the value of a column where another is largest or smallest; of several
            such rows, in the latest or the earliest.
        formula: + - * / and brackets over names of measures and of sibling calculations, and
            numbers; a division by zero, and any missing part, gives no value.
        template: one of the product's templates over activities.
        where: which rows count.
        window: only rows so long ago: `365 days` end with the day of the data, included.
        time: the column that window, first and last look at; of activities it is known.
        path: names of relationships from the table to a profile table, where there are several.
        null_as: the whole number in place of a missing value.
    """

    count: TableReference | ColumnReference | None = None
    count_unique: ColumnReference | None = None
    sum: ColumnReference | None = None
    average: ColumnReference | None = None
    max: ColumnReference | None = None
    min: ColumnReference | None = None
    first: ColumnReference | None = None
    last: ColumnReference | None = None
    arg_max: Extreme | None = None
    arg_min: Extreme | None = None
    formula: str | None = Field(default=None, max_length=1000)
    template: Template | None = None
    where: Condition | None = None
    window: PeriodText | None = None
    time: ColumnName | None = None
    path: tuple[Name, ...] = ()
    null_as: int | None = None

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that are given: one, in a calculation that is complete."""
        return tuple(name for name in FUNCTIONS if getattr(self, name) is not None)

    @property
    def function(self) -> str:
        """The one function of a calculation that is complete."""
        return self.functions[0]

    @property
    def reads(self) -> tuple[str, str | None] | None:
        """The table whose rows are read, and its column; none where rows count, or in a formula."""
        if self.formula is not None:
            return None
        if self.template is not None:
            return "activity", None
        asked = getattr(self, self.function)
        table, _, column = (asked.of if isinstance(asked, Extreme) else asked).partition(".")
        return table, column or None


class Measure(Calculation):
    """A measure: one calculation, or several under `calculations`.

    Attributes:
        name: the column of Customer_Measure, or of the measure's own table.
        kind: `customer_attribute`: one value a customer, a column of Customer_Measure;
            `customer`: a table of its own, by customer and the dimensions; `business`: by the
            dimensions alone, or one number.
        by: the dimensions: columns of the table.
        calculations: several numbers side by side, all over one table and path; not for
            attributes. `where` and `window` of the measure then hold for all of them, beside their
            own; `time`, `path` and `null_as` for those that have none.
    """

    name: Name
    kind: Literal["customer_attribute", "customer", "business"]
    label: str | None = None
    description: str | None = None
    by: tuple[ColumnName, ...] = ()
    calculations: dict[Name, Calculation] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _calculates_something(self) -> Self:
        for name, one in self.all_calculations.items():
            if len(one.functions) != 1:
                given = ", ".join(one.functions) or "none"
                raise ValueError(
                    f"'{name}' needs exactly one of {', '.join(FUNCTIONS)}; it has {given}"
                )
        for name, one in (dict(self.calculations) or {self.name: self}).items():
            if one.formula and (useless := [word for word in ROW_WORDS if getattr(one, word)]):
                raise ValueError(
                    f"'{name}' is a formula, which reads no rows: write '{useless[0]}' where the "
                    "numbers are that it names"
                )
        if self.calculations and self.functions:
            raise ValueError("write either one function, or 'calculations' with several")
        if self.kind == "customer_attribute" and (self.by or self.calculations):
            raise ValueError(
                "a customer attribute is one value a customer: 'by' and 'calculations' need "
                "'kind: customer'"
            )
        return self

    @property
    def all_calculations(self) -> dict[str, Calculation]:
        """Column -> calculation, with what it has of the measure; a single one is the measure."""
        inherited = ("time", "path", "null_as")
        return {
            name: one.model_copy(
                update={word: getattr(self, word) for word in inherited if not _says(one, word)}
            )
            for name, one in self.calculations.items()
        } or {self.name: self}


def _says(calculation: Calculation, word: str) -> bool:
    return getattr(calculation, word) not in (None, ())


class Measures(Term):
    """`measures.yaml`."""

    measures: tuple[Measure, ...] = Field(min_length=1)
