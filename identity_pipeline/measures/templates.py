"""The product's twelve measure templates, over activities.

A purchase is an activity of the type SalesOrder, its revenue the attribute Amount; points are the
attribute Points of activities of the type Loyalty. `where` and `window` narrow these activities
further. The product names the templates and does not define them; the definitions are ours.

    average_transaction_value    revenue / purchases with an Amount
    total_transaction_value      the sum of Amount
    transaction_count            purchases, with or without an Amount
    average_daily_revenue        revenue / days
    average_monthly_revenue      revenue / months, a month being 365.25 / 12 days
    average_yearly_revenue       revenue / years, a year being 365.25 days
    loyalty_points_earned        the sum of Points above 0
    loyalty_points_redeemed      the sum of Points below 0, without the sign
    loyalty_points_balance       the sum of Points: earned - redeemed
    active_customer_lifespan     days from the first to the last activity of any type
    loyalty_membership_duration  days from the first Loyalty activity to the day of the data
    time_since_last_purchase     days from the last purchase to the day of the data

The days that revenue is divided by are those of the window; without a window, all from the first
purchase to the day of the data, both included. Durations count midnights (UTC) between two days:
activities of one day are 0 days apart; they are never negative, should a clock be ahead.
"""

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.aggregates import average_of, sum_of
from identity_pipeline.expressions.exact import is_number, kind_of, product, ratio
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.measures.rows import ACTIVITY_TIME, CustomerRows
from identity_pipeline.terms.errors import InsightError
from identity_pipeline.terms.measures import TEMPLATE_NEEDS, Calculation, Template
from identity_pipeline.terms.periods import Period, Unit

# In 48ths of a day, so that a month of 365.25 / 12 days is a whole number: 30.4375 * 48.
PARTS_OF_A_DAY = 48
PARTS: dict[Unit, int] = {"day": 48, "week": 7 * 48, "month": 1461, "year": 12 * 1461}


def template_fits(rows: CustomerRows, template: Template) -> list[ir.BooleanValue]:
    """The activities a template reads, as conditions; none where it reads all."""
    kind = TEMPLATE_NEEDS[template].type
    return [] if kind is None else [rows.rows.ActivityType == ibis.literal(kind)]


def template_value(
    rows: CustomerRows, calculation: Calculation, fits: ir.BooleanValue | None, place: Place = ()
) -> ir.NumericValue:
    """A template's number, as an aggregate over a group of activities.

    Args:
        rows: activities.
        calculation: has the template, and the window if any.
        fits: which activities count, `template_fits` included.
        place: where it is written, for errors.

    Raises:
        InsightError: its attribute is no number.
    """
    template = calculation.template
    assert template is not None
    attribute = TEMPLATE_NEEDS[template].attribute
    value = None if attribute is None else _attribute(rows, template, attribute, place)
    moment = rows.rows[ACTIVITY_TIME].date()
    chosen = _Chosen(rows.rows, value, moment, fits, rows.tables.day)
    if calculation.window is not None and template in _PER:
        return _per(chosen, calculation.window, _PER[template])
    return _VALUES[template](chosen)


def _attribute(
    rows: CustomerRows, template: Template, attribute: str, place: Place
) -> ir.NumericValue:
    value = rows.column(attribute, place)
    if not is_number(value):
        raise InsightError(
            place, f"'{template}' needs numbers; the attribute '{attribute}' is {kind_of(value)}"
        )
    return value


@dataclass(frozen=True)
class _Chosen:
    """The activities that count, their attribute and their days."""

    rows: ir.Table
    attribute: ir.NumericValue | None
    days: ir.DateValue
    fits: ir.BooleanValue | None
    today: ir.DateValue

    @property
    def value(self) -> ir.NumericValue:
        assert self.attribute is not None, "TEMPLATE_NEEDS names the attribute"
        return self.attribute

    @property
    def first(self) -> ir.DateValue:
        return self.days.min(where=self.fits)

    @property
    def last(self) -> ir.DateValue:
        return self.days.max(where=self.fits)


def _days(begin: ir.DateValue, end: ir.DateValue) -> ir.IntegerValue:
    """Days from one day to another; NULL where there is no day, where `greatest` would say 0."""
    between = end.delta(begin, unit="day").cast("int64")
    return (between < 0).ifelse(ibis.literal(0, "int64"), between)


def _per(chosen: _Chosen, window: Period | None, unit: Unit) -> ir.DecimalValue:
    """Revenue divided by how many units of time the window has, or passed since the first."""
    if window is None:
        days = _days(chosen.first, chosen.today) + ibis.literal(1, "int64")
        parts = days * ibis.literal(PARTS_OF_A_DAY, "int64")
    else:
        parts = ibis.literal(window.count * PARTS[window.unit], "int64")
    return ratio(
        product(sum_of(chosen.value, chosen.fits), ibis.literal(PARTS[unit], "int64")), parts
    )


def _earned(chosen: _Chosen, sign: int) -> ir.NumericValue:
    signed = chosen.value * ibis.literal(sign, "int8")
    nothing = ibis.literal(0, "int64").cast(signed.type())
    counted = (signed < 0).ifelse(nothing, signed)
    return sum_of(counted, chosen.fits)


_PER: dict[Template, Unit] = {
    "average_daily_revenue": "day",
    "average_monthly_revenue": "month",
    "average_yearly_revenue": "year",
}
_VALUES: dict[Template, Callable[[_Chosen], ir.NumericValue]] = {
    "average_transaction_value": lambda chosen: average_of(chosen.value, chosen.fits),
    "total_transaction_value": lambda chosen: sum_of(chosen.value, chosen.fits),
    "transaction_count": lambda chosen: chosen.rows.count(where=chosen.fits),
    "average_daily_revenue": lambda chosen: _per(chosen, None, "day"),
    "average_monthly_revenue": lambda chosen: _per(chosen, None, "month"),
    "average_yearly_revenue": lambda chosen: _per(chosen, None, "year"),
    "loyalty_points_earned": lambda chosen: _earned(chosen, 1),
    "loyalty_points_redeemed": lambda chosen: _earned(chosen, -1),
    "loyalty_points_balance": lambda chosen: sum_of(chosen.value, chosen.fits),
    "active_customer_lifespan": lambda chosen: _days(chosen.first, chosen.last),
    "loyalty_membership_duration": lambda chosen: _days(chosen.first, chosen.today),
    "time_since_last_purchase": lambda chosen: _days(chosen.last, chosen.today),
}
