"""The twelve templates, on days that can be counted on fingers."""

from decimal import Decimal
from typing import get_args

import pytest

from identity_pipeline.measures.customer import customer_attributes
from identity_pipeline.measures.own_tables import measure_table
from identity_pipeline.terms.measures import TEMPLATE_NEEDS, Template
from identity_pipeline_tests.measures.world import World, acts, customers, measure

# The day of the data is 07-26.
WORLD = World(
    {
        "customer": customers("ADA", "BEN", "EVE"),
        "activity": acts(
            "ADA SalesOrder 07-17T23:59 Web 60.00",
            "ADA SalesOrder 07-24T00:01 Shop 40.00",
            "ADA SalesOrder 07-24T10:00 Shop -",
            "ADA Loyalty 07-01T10:00 - - 30",
            "ADA Loyalty 07-20T10:00 - - -12",
            "ADA Loyalty 07-26T10:00 - - 5",
            "BEN Loyalty 07-27T00:01 - - 8",  # a clock that is ahead
        ),
    }
)
# 100.00 in the ten days from 07-17 to 07-26
VALUES = [
    # template, the values of ADA, BEN and EVE
    ("average_transaction_value", (Decimal(50), None, None)),
    ("total_transaction_value", (Decimal(100), None, None)),
    ("transaction_count", (3, None, None)),
    ("average_daily_revenue", (Decimal(10), None, None)),
    ("average_monthly_revenue", (Decimal("304.375"), None, None)),
    ("average_yearly_revenue", (Decimal("3652.5"), None, None)),
    ("loyalty_points_earned", (35, 8, None)),
    ("loyalty_points_redeemed", (12, 0, None)),
    ("loyalty_points_balance", (23, 8, None)),
    ("active_customer_lifespan", (25, 0, None)),
    ("loyalty_membership_duration", (25, 0, None)),
    ("time_since_last_purchase", (2, None, None)),
]


@pytest.mark.parametrize(("template", "values"), VALUES)
def test_the_value_of_a_template_for_each_customer(engine, template, values):
    found = customer_attributes(WORLD.store(engine), [measure(template=template)])

    assert dict(engine.rows(found)) == dict(zip(("ADA", "BEN", "EVE"), values, strict=True))


NARROWED = [
    # template, what narrows it, ADA's value
    ("total_transaction_value", {"where": {"Title": "Shop"}}, Decimal(40)),
    ("average_daily_revenue", {"where": {"Title": "Shop"}}, Decimal("13.333333")),
    # the window's length divides, whenever in it the first purchase was
    ("average_daily_revenue", {"window": "20 days"}, Decimal(5)),
    ("average_daily_revenue", {"window": "4 days"}, Decimal(10)),
    ("average_monthly_revenue", {"window": "1 month"}, Decimal(100)),
    ("average_monthly_revenue", {"window": "1 year"}, Decimal("8.333333")),
    ("average_yearly_revenue", {"window": "2 years"}, Decimal(50)),
    ("loyalty_points_earned", {"window": "7 days"}, 5),
    ("time_since_last_purchase", {"window": "2 days"}, None),
]


@pytest.mark.parametrize(("template", "narrowed", "value"), NARROWED)
def test_where_and_window_narrow_a_template(engine, template, narrowed, value):
    found = customer_attributes(WORLD.store(engine), [measure(template=template, **narrowed)])

    assert dict(engine.rows(found))["ADA"] == value


def test_a_template_may_be_a_business_measure_by_dimensions(engine):
    words = {"template": "total_transaction_value", "kind": "business", "by": ["Title"]}

    found = measure_table(WORLD.store(engine), measure(**words))

    assert set(engine.rows(found)) == {("Web", Decimal(60)), ("Shop", Decimal(40))}


def test_every_template_says_what_it_reads():
    assert set(TEMPLATE_NEEDS) == set(get_args(Template))
