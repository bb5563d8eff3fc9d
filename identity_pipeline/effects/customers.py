"""What becomes of customers, of their keys and of their values."""

from collections.abc import Collection, Iterator

import ibis
import ibis.expr.types as ir

from identity_pipeline.effects.effect import (
    CustomerChange,
    CustomerEffect,
    KeyChange,
    KeyEffect,
    Sizes,
    Some,
    ValueEffect,
)
from identity_pipeline.effects.sides import Sides
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import insight_contracts, tables

KNOWN = "known"

# What a customer's last event says, by whether it came or went.
ARRIVALS = {
    "created": "created",
    "split_from": "split",
    "restored_from": "restored",
    "returned": "returned",
    "id_changed": "renamed",
}
DEPARTURES = {"merged_into": "merged", "removed": "gone"}


def _pair(sides: Sides, name: str) -> tuple[ir.Table, ir.Table]:
    found = sides.pair(name)
    assert found is not None, "a run publishes every table of the contracts"
    return found


def sizes(sides: Sides) -> tuple[Sizes, Sizes]:
    """How many customers there are, before and after."""

    def counted(customers: ir.Table) -> Sizes:
        is_known = customers.IdentityStatus == KNOWN
        numbers = customers.aggregate(known=is_known.sum(), unknown=(~is_known).sum())
        [row] = sides.engine.rows(numbers)
        return Sizes(*(int(str(number or 0)) for number in row))

    before, after = _pair(sides, tables.CUSTOMER.name)
    return counted(before), counted(after)


def customer_effect(sides: Sides) -> CustomerEffect:
    """What becomes of customers."""
    rows = sides.engine.keep(_changed_customers(sides))
    groups, columns = ["kind", "is_dropped"], ("customer_id", "other", "rule", "keys", "was_known")
    wanted = rows.select(*groups, *columns)
    found: dict[str, list[CustomerChange]] = {}
    counts: dict[str, dict[bool, int]] = {}
    for kind, dropped, customer, *rest, size in sides.sample(wanted, groups, ["customer_id"]):
        other, rule, keys = (None if text is None else str(text) for text in rest[:3])
        change = CustomerChange(str(customer), other, rule, keys, bool(rest[3]), bool(dropped))
        for name in (str(kind), *(["dropped"] if dropped else [])):
            found.setdefault(name, []).append(change)
            counts.setdefault(name, {})[bool(dropped)] = int(str(size))
    return CustomerEffect(
        **{
            name: Some(sum(counts[name].values()), _first(sides, some))
            for name, some in found.items()
        }
    )


def _first(sides: Sides, some: list[CustomerChange]) -> tuple[CustomerChange, ...]:
    return tuple(sorted(some, key=lambda one: one.customer_id)[: sides.most])


def _changed_customers(sides: Sides) -> ir.Table:
    """One row a customer who came, went, or is known or unknown otherwise than before.

    Columns: kind, customer_id, other, rule, keys, was_known, is_dropped.
    """
    rows = _with_events(sides)
    came, went = rows._was.isnull(), rows._now.isnull()
    kind = ibis.cases(
        (came, _named(rows.event_arrival, ARRIVALS, "created")),
        (went & rows._into.notnull(), "merged"),
        (went, "gone"),
        (rows._now == KNOWN, "became_known"),
        else_="became_unknown",
    )
    nothing = ibis.null("string")

    def either(name: str) -> ir.Value:
        return ibis.cases(
            (came, rows[f"{name}_arrival"]), (went, rows[f"{name}_departure"]), else_=nothing
        )

    # Who absorbed the customer may have been absorbed itself since.
    survivor = ibis.coalesce(rows._into, rows.counterpart_departure)
    was_known = (rows._was == KNOWN).fill_null(False)
    return rows.select(
        "customer_id",
        kind=kind,
        other=ibis.ifelse(went, survivor, either("counterpart")),
        rule=either("rule"),
        keys=either("keys"),
        was_known=was_known,
        is_dropped=was_known & went & rows._held.isnull(),
    )


def _with_events(sides: Sides) -> ir.Table:
    """Customers who changed, with their last events; not who was given another configured id.

    Adds `_was`, `_now` (known, unknown, or NULL for not there), the events' columns with
    `_arrival` and `_departure`, `_into` (the id it resolves to, if merged), `_held` (the id, if
    some customer has a key of it).
    """
    before, after = _pair(sides, tables.CUSTOMER.name)
    was = before.select(_id="CustomerId", _was="IdentityStatus")
    now = another(after).select(_new="CustomerId", _now="IdentityStatus")
    both = was.outer_join(now, was._id == now._new)
    both = both.mutate(customer_id=ibis.coalesce(both._id, both._new))
    both = both.filter(~both._was.identical_to(both._now))
    events = sides.engine.keep(_last_events(sides))
    arrival = _events_of(events, ARRIVALS, "_arrival")
    departure = _events_of(events, DEPARTURES, "_departure")
    rows = both.left_join(arrival, both.customer_id == arrival.of_arrival).drop("of_arrival")
    rows = rows.left_join(departure, rows.customer_id == departure.of_departure)
    states = _pair(sides, tables.PROFILES.name)[1].select(_is="customer_id", _into="merged_into")
    rows = rows.left_join(states, rows.customer_id == states._is)
    held = _still_held(sides)
    rows = rows.left_join(held, rows.customer_id == held._held)
    renamed = events.filter(events.event == "id_changed").select(_left="counterpart").distinct()
    return rows.anti_join(renamed, [rows._now.isnull(), rows.customer_id == renamed._left])


def _named(event: ir.StringValue, names: dict[str, str], otherwise: str) -> ir.StringValue:
    return event.cases(*names.items(), else_=otherwise)


def _last_events(sides: Sides) -> ir.Table:
    """The last new arrival, and the last new departure, of each customer in CustomerIdHistory."""
    before, after = _pair(sides, tables.HISTORY.name)
    [(last,)] = sides.engine.rows(before.aggregate(last=before.run.max()))
    events = after.filter(after.run > int(str(last or 0)))
    events = events.filter(events.event.isin([*ARRIVALS, *DEPARTURES]))
    leaves = events.event.isin(list(DEPARTURES))
    order = [events.run.desc(), events.event, events.counterpart, events.rule, events["keys"]]
    window = ibis.window(group_by=[events.customer_id, leaves], order_by=order)
    placed = events.mutate(_place=ibis.row_number().over(window))
    return placed.filter(placed._place == 0).drop("_place")


def _events_of(events: ir.Table, names: dict[str, str], suffix: str) -> ir.Table:
    own = events.filter(events.event.isin(list(names)))
    shown = ("event", "counterpart", "rule", "keys")
    return own.select(
        **{f"of{suffix}": own.customer_id}, **{f"{name}{suffix}": own[name] for name in shown}
    )


def _still_held(sides: Sides) -> ir.Table:
    """Customers of before with a key that some customer has now: `_held`."""
    before, after = _pair(sides, tables.ALTERNATE_KEY.name)
    left = before.semi_join(another(after).select("Identifier"), "Identifier")
    return left.select(_held="CustomerId").distinct()


def key_effect(sides: Sides) -> KeyEffect:
    """Which keys are in another customer."""
    before, after = _pair(sides, tables.ALTERNATE_KEY.name)
    was = before.select(_old="Identifier", _was="CustomerId")
    now = another(after).select(_new="Identifier", _now="CustomerId")
    both = was.outer_join(now, was._old == now._new)
    both = both.filter(~both._was.identical_to(both._now))
    kind = ibis.cases((both._was.isnull(), "added"), (both._now.isnull(), "gone"), else_="moved")
    rows = both.select(kind=kind, key=ibis.coalesce(both._old, both._new), was="_was", now="_now")
    found: dict[str, list[KeyChange]] = {}
    counts: dict[str, int] = {}
    for name, key, old, new, size in sides.sample(rows, ["kind"], ["key"]):
        change = KeyChange(str(key), *(None if one is None else str(one) for one in (old, new)))
        found.setdefault(str(name), []).append(change)
        counts[str(name)] = int(str(size))
    return KeyEffect(
        **{name: Some(counts[name], tuple(some[: sides.most])) for name, some in found.items()}
    )


def value_effects(sides: Sides, passed_over: Collection[str]) -> tuple[ValueEffect, ...]:
    """Columns of Customer and Customer_Measure that differ for customers who are on both sides.

    Args:
        sides: the two published files.
        passed_over: columns that other parts of the comparison are about.
    """
    names = (tables.CUSTOMER.name, insight_contracts.CUSTOMER_MEASURE.name)
    return tuple(one for name in names for one in _values(sides, name, passed_over))


def _values(sides: Sides, name: str, passed_over: Collection[str]) -> Iterator[ValueEffect]:
    found = sides.pair(name)
    if found is None:
        return
    before, after = found
    shared = [c for c in before.columns if c in after.columns and c not in passed_over]
    if not shared:
        return
    was = before.select(_id="CustomerId", **{f"was {one}": before[one] for one in shared})
    new = another(after)
    now = new.select(_new="CustomerId", **{f"now {one}": new[one] for one in shared})
    both = was.join(now, was._id == now._new)

    def differs(column: str) -> ir.BooleanValue:
        ends = both[f"was {column}"], both[f"now {column}"]
        if ends[0].type() != ends[1].type():
            ends = ends[0].cast("string"), ends[1].cast("string")
        return ~ends[0].identical_to(ends[1])

    counted = both.aggregate(**{one: differs(one).cast("int64").sum() for one in shared})
    [row] = sides.engine.rows(counted)
    for column, number in zip(shared, row, strict=True):
        if number:
            yield ValueEffect(name, column, int(str(number)))
