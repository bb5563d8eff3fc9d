"""The tables of segments: SegmentMembership, and one a segment."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.paths import CUSTOMER, InsightTables, rows_of_customers
from identity_pipeline.expressions.views import another
from identity_pipeline.segments.parts import Place, part_of
from identity_pipeline.terms.errors import InsightError, did_you_mean
from identity_pipeline.terms.names import BAR
from identity_pipeline.terms.segments import Related, Segment

PROVIDER = "identity_pipeline"


def membership_table(members: ir.Table, segments: Sequence[Segment]) -> ir.Table:
    """SegmentMembership: one row a customer and type of segment that it is in.

    Args:
        members: `members_now`.
        segments: their segments.

    Returns:
        CustomerId, SegmentProvider, SegmentMembershipType (`dynamic` or `static`), Segments (a
        JSON array of names, in order), Identifier (the first three, joined by a bar) and
        SegmentMembershipId (the MD5 of Identifier).
    """
    static = [one.name for one in segments if one.kind == "static"]
    is_static = members.segment.isin(static) if static else ibis.literal(False)
    typed = members.mutate(SegmentMembershipType=is_static.ifelse("static", "dynamic"))
    grouped = typed.group_by("CustomerId", "SegmentMembershipType").aggregate(
        names=typed.segment.collect().unique().sort()
    )
    # A name is letters, digits and underscores: nothing in it needs an escape.
    joined = ibis.literal('","').join(grouped.names)
    identifier = ibis.literal(BAR).join(
        [grouped.CustomerId, ibis.literal(PROVIDER), grouped.SegmentMembershipType]
    )
    return grouped.select(
        "CustomerId",
        "SegmentMembershipType",
        SegmentProvider=ibis.literal(PROVIDER),
        Segments=ibis.literal('["') + joined + ibis.literal('"]'),
        Identifier=identifier,
        SegmentMembershipId=identifier.hexdigest("md5"),
    ).relocate("SegmentProvider", after="CustomerId")


def segment_table(tables: InsightTables, segment: Segment, members: ir.Table) -> ir.Table:
    """A segment's table: all columns of Customer, beside them the projected ones.

    Args:
        tables: all tables.
        segment: the segment.
        members: `members_now`, of any segments.

    Returns:
        One row a member; with projected columns, named as `activity.Title`, one row a member and
        different related row, and one with NULLs for a member without any. Where columns of
        several tables are projected, each row has those of one table, and NULL in the others.

    Raises:
        InsightError: as `projected`.
    """
    inside = another(members.filter(members.segment == segment.name).select("CustomerId"))
    customers = tables.customers.semi_join(inside, "CustomerId")
    if not segment.project:
        return customers
    added = another(projected(tables, segment).rename(_id="CustomerId"))
    return customers.left_join(added, customers.CustomerId == added._id).drop("_id")


def projected(tables: InsightTables, segment: Segment) -> ir.Table:
    """The different related rows that a segment shows: CustomerId and the projected columns.

    Rows belong to customers by the path that the segment's rule names for their table.

    Raises:
        InsightError: no such table or column, or no single path; columns that Customer has.
    """
    rows = {name: _rows(tables, segment, name) for name in _tables_of(segment)}
    columns: dict[str, ir.Column] = {}
    for number, reference in enumerate(segment.project):
        table, _, column = reference.partition(".")
        if column not in rows[table].columns:
            hint = did_you_mean(column, tuple(rows[table].columns))
            raise InsightError(("project", number), f"'{table}' has no column '{column}'. {hint}")
        columns[reference] = rows[table][column]
    parts = [
        found.select("CustomerId", **_of_one(columns, table)).distinct()
        for table, found in rows.items()
    ]
    if not parts:
        return tables.customers.select("CustomerId")
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _of_one(columns: dict[str, ir.Column], table: str) -> dict[str, ir.Value]:
    """All projected columns, those of other tables NULL."""
    return {
        reference: value if reference.startswith(f"{table}.") else ibis.null(value.type())
        for reference, value in columns.items()
    }


def _tables_of(segment: Segment) -> dict[str, int]:
    """Projected tables, in order of appearance, with the place of the first column."""
    found: dict[str, int] = {}
    for number, reference in enumerate(segment.project):
        found.setdefault(reference.partition(".")[0], number)
    return found


def _rows(tables: InsightTables, segment: Segment, name: str) -> ir.Table:
    place: Place = ("project", _tables_of(segment)[name])
    if name == CUSTOMER:
        raise InsightError(
            place, "Customer's columns are in a segment's table anyway; take the line away"
        )
    return rows_of_customers(tables, name, _path(segment, name, place), place)


def _path(segment: Segment, name: str, place: Place) -> tuple[str, ...]:
    if segment.rule is None:
        return ()
    leaves = ((part.name, part.leaf) for part in part_of(segment.rule, ("rule",)).walk())
    paths = {leaf.path for table, leaf in leaves if table == name and isinstance(leaf, Related)}
    if len(paths) > 1:
        raise InsightError(
            place, f"the rule takes several paths from '{name}': its rows cannot be shown beside"
        )
    return next(iter(paths), ())
