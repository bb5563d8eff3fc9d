"""Who enters and leaves segments, and whom exports reach."""

from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from identity_pipeline.effects.effect import ExportEffect, MemberEffect, Some
from identity_pipeline.effects.sides import Sides
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import insight_contracts as contracts

# Whom an export reached last: one row an export, recipient and customer.
RECIPIENTS = {"export": "string", "recipient": "string", "CustomerId": "string"}


def segment_effects(sides: Sides, segments: Collection[str]) -> tuple[MemberEffect, ...]:
    """Compare the members of all segments.

    Args:
        sides: the two published files.
        segments: names of segments that are listed even where neither side has members.
    """
    found = sides.pair(contracts.SEGMENT_MEMBERSHIP.name)
    if found is None:
        return _members({}, segments)
    before, after = (_in_segments(one) for one in found)
    return _members(_compared(sides, before, after), segments)


def _in_segments(membership: ir.Table) -> ir.Table:
    listed = membership.Segments.cast("array<string>").unnest()
    return membership.select("CustomerId", name=listed).distinct()


def reached(log: ir.Table) -> ir.Table:
    """Whom exports reach by the log of recipients: those whose last change is an addition.

    Args:
        log: export, ingestion_date, recipient, CustomerId, change (added or removed); one row an
            export, day and recipient.

    Returns:
        Columns as RECIPIENTS.
    """
    key = ["export", "recipient"]
    place = ibis.row_number().over(
        ibis.window(group_by=key, order_by=[log.ingestion_date.desc(), log.change])
    )
    latest = log.mutate(_place=place)
    kept = latest.filter((latest._place == 0) & (latest.change == "added"))
    return kept.select(*RECIPIENTS)


def export_effects(
    sides: Sides, before: ir.Table, after: ir.Table, exports: Collection[str]
) -> tuple[ExportEffect, ...]:
    """Compare whom exports reach.

    Args:
        sides: gives the engine, and how many examples are wanted.
        before, after: as RECIPIENTS.
        exports: names of exports that are listed even where nobody is reached.
    """
    names = [_of_export(one) for one in (before, after)]
    members = _members(_compared(sides, *names), exports)
    new = _recipients(sides, after, before)
    old = _recipients(sides, before, after)
    return tuple(ExportEffect(one, new.get(one.name, 0), old.get(one.name, 0)) for one in members)


def _of_export(rows: ir.Table) -> ir.Table:
    return rows.select("CustomerId", name="export").distinct()


def _recipients(sides: Sides, these: ir.Table, those: ir.Table) -> dict[str, int]:
    """By export, the recipients of the one side that the other lacks."""
    lacking = these.anti_join(another(those), ["export", "recipient"])
    counted = lacking.group_by("export").aggregate(count=lacking.recipient.nunique())
    return {str(name): int(str(count)) for name, count in sides.engine.rows(counted)}


Compared = Mapping[str, MemberEffect]


def _compared(sides: Sides, before: ir.Table, after: ir.Table) -> dict[str, MemberEffect]:
    """Members by name of segment or export; each side has `name` and CustomerId, each pair once."""
    was = before.select(_name="name", _id="CustomerId")
    other = another(after)
    now = other.select(_new_name="name", _new="CustomerId")
    both = was.outer_join(now, [was._name == now._new_name, was._id == now._new])
    kind = ibis.cases((both._id.isnull(), "entered"), (both._new.isnull(), "left"), else_="stayed")
    rows = sides.engine.keep(
        both.select(
            kind=kind,
            name=ibis.coalesce(both._name, both._new_name),
            CustomerId=ibis.coalesce(both._id, both._new),
        )
    )
    counted = rows.group_by(["name", "kind"]).aggregate(count=rows.count())
    sizes = {(str(a), str(b)): int(str(c)) for a, b, c in sides.engine.rows(counted)}
    moved = rows.filter(rows.kind != "stayed").select("name", "kind", "CustomerId")
    examples: dict[tuple[str, str], list[str]] = {}
    for name, moves, customer, _ in sides.sample(moved, ["name", "kind"], ["CustomerId"]):
        examples.setdefault((str(name), str(moves)), []).append(str(customer))

    def some(name: str, kind: str) -> Some[str]:
        listed = examples.get((name, kind), [])
        return Some(sizes.get((name, kind), 0), tuple(listed[: sides.most]))

    return {
        name: MemberEffect(
            name=name,
            before=sizes.get((name, "stayed"), 0) + sizes.get((name, "left"), 0),
            after=sizes.get((name, "stayed"), 0) + sizes.get((name, "entered"), 0),
            entered=some(name, "entered"),
            left=some(name, "left"),
        )
        for name, _ in sizes
    }


def _members(found: Compared, listed: Collection[str]) -> tuple[MemberEffect, ...]:
    nobody = {name: MemberEffect(name, 0, 0, Some(), Some()) for name in listed}
    return tuple(one for _, one in sorted({**nobody, **found}.items()))
