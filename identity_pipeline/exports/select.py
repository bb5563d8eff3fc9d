"""Whom an export reaches: members, those who agreed, those whom the destination can know."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from identity_pipeline.exports.audience import forgotten, with_identifiers
from identity_pipeline.exports.columns import AGREED, ID, RECIPIENT, asked_for, in_order, text_of
from identity_pipeline.exports.identifiers import email_hash
from identity_pipeline.exports.recipients import Day, changes, no_longer_reached
from identity_pipeline.exports.tables import whole_tables
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.errors import InsightError
from identity_pipeline.terms.exports import (
    EmailList,
    Export,
    HashedAudience,
    SegmentExport,
    TableExport,
    Webhook,
)

# What a webhook's tables are called.
ENTERED, LEFT = "entered", "left"

Keep = Callable[[ir.Table], ir.Table]
OfSegment = SegmentExport | EmailList | HashedAudience | Webhook


@dataclass(frozen=True)
class ExportInputs:
    """What a selection reads.

    Attributes:
        customers: Customer with its attributes, one row a `CustomerId`.
        before: recipient, CustomerId: as `recipients.reached_before`.
        day: the day of the data.
        day_value: the same as a value, for statements that do not change with the day.
        today: recipient, CustomerId: as `recipients.sent_on`; None for a first run of the day.
        members: `CustomerId` of the export's segment; those who are no customers do not count.
        consented: `CustomerId` of those who agreed to the export's purpose, where it names one.
        published: the tables of the published file, by name.
    """

    customers: ir.Table
    before: ir.Table
    day: datetime.date
    members: ir.Table | None = None
    consented: ir.Table | None = None
    published: Mapping[str, ir.Table] = field(default_factory=dict)
    day_value: ir.DateScalar | None = None
    today: ir.Table | None = None


@dataclass(frozen=True)
class Selection:
    """What an export sends and writes down; all of it lazy.

    Attributes:
        payload: name -> rows, sorted: what the destination gets.
        removed_name: what the table of removals is called.
        removals: sorted: those whom the destination must forget.
        changes: rows for the log of recipients.
        counts: one row: members, eligible, refused_by_consent, without_identifier, removed;
            members are the next three together, removed the rows of `removals`.
    """

    payload: Mapping[str, ir.Table]
    removed_name: str
    removals: ir.Table
    changes: ir.Table
    counts: ir.Table

    @property
    def tables(self) -> dict[str, ir.Table]:
        """Payload and removals by name, sorted: what is written."""
        return {**self.payload, self.removed_name: self.removals}


def _as_it_is(table: ir.Table) -> ir.Table:
    return table


def select_recipients(export: Export, inputs: ExportInputs, keep: Keep = _as_it_is) -> Selection:
    """Select whom an export reaches, and whom it reached and no longer does.

    Consent is asked first, then whether the destination can know somebody; each member is
    counted once. Who withdrew, lost the identifier, left the segment or is gone is a removal.

    Args:
        export: any kind; of a table export, members are the customers with rows in its tables.
        inputs: the tables.
        keep: computes once what is read several times, as `Engine.keep`; by default nothing is.

    Raises:
        InsightError: a column or table that is not there or does not fit, or a purpose of which
            nobody says who agreed to it.
    """
    if export.consent is not None and inputs.consented is None:
        raise InsightError(("consent",), f"nobody says who agreed to '{export.consent}'")
    consented = inputs.consented if export.consent is not None else None
    if isinstance(export, TableExport):
        whole = whole_tables(export, inputs.published, consented)
        people = _with_consent(whole.customers, consented)
        flagged = keep(people.mutate(**{RECIPIENT: people[ID]}))
    else:
        people = _with_consent(_members(inputs), consented)
        flagged = keep(people.select(ID, AGREED, **_columns(export, people)))
    eligible = flagged.filter(flagged[AGREED], flagged[RECIPIENT].notnull())
    reached = eligible.group_by(recipient=RECIPIENT).aggregate(CustomerId=eligible[ID].min())
    gone = no_longer_reached(reached, inputs.before, inputs.today)
    removals = _removals(export, inputs, gone, eligible)
    payload = (
        whole.tables
        if isinstance(export, TableExport)
        else _payload(export, eligible, inputs.before)
    )
    return Selection(
        payload={name: in_order(rows) for name, rows in payload.items()},
        removed_name=removed_name(export),
        removals=in_order(removals),
        changes=changes(reached, inputs.before, gone, export.name, _day(inputs)),
        counts=_counts(flagged, removals),
    )


def _day(inputs: ExportInputs) -> Day:
    return inputs.day if inputs.day_value is None else inputs.day_value


def _members(inputs: ExportInputs) -> ir.Table:
    """The members who are customers, with Customer's columns."""
    if inputs.members is None:
        raise ValueError("an export of a segment needs the segment's members")
    return inputs.customers.semi_join(another(inputs.members.select(ID)), ID)


def _with_consent(people: ir.Table, consented: ir.Table | None) -> ir.Table:
    """People and whether they agreed; without a purpose nobody is asked."""
    if consented is None:
        return people.mutate(**{AGREED: ibis.literal(True)})
    agreed = consented.select(_consenting=consented[ID]).distinct()
    joined = people.left_join(agreed, people[ID] == agreed._consenting)
    return joined.mutate(**{AGREED: joined._consenting.notnull()}).drop("_consenting")


def _columns(export: OfSegment, people: ir.Table) -> dict[str, ir.Value]:
    """What an export sends of each person, and by what the destination knows them."""
    match export:
        case HashedAudience():
            return with_identifiers(export, people)
        case EmailList():
            email = text_of(people, export.email, ("email",))
            columns = {export.email: email} | asked_for(people, export.columns)
            columns[RECIPIENT] = email_hash(email)
        case SegmentExport() if not export.columns:
            columns = {name: people[name] for name in people.columns if name != AGREED}
            columns[RECIPIENT] = people[ID]
        case _:
            columns = asked_for(people, export.columns)
            columns[RECIPIENT] = people[ID]
    return {name: column for name, column in columns.items() if name != ID}


def _payload(export: OfSegment, eligible: ir.Table, before: ir.Table) -> dict[str, ir.Table]:
    """Rows by table: one row a recipient, of several customers the one with the smallest id."""
    place = ibis.row_number().over(group_by=RECIPIENT, order_by=ID)
    numbered = eligible.mutate(_place=place)
    rows = numbered.filter(numbered._place == 0).drop("_place", AGREED)
    match export:
        case HashedAudience():
            return {export.segment: rows.drop(ID, RECIPIENT)}
        case EmailList():
            others = [name for name in rows.columns if name not in (export.email, RECIPIENT)]
            return {export.segment: rows.select(export.email, *others)}
        case Webhook():
            new = rows.anti_join(before, rows[RECIPIENT] == before.recipient)
            return {ENTERED: new.drop(RECIPIENT)}
        case _:
            return {export.segment: rows.drop(RECIPIENT)}


def _removals(export: Export, inputs: ExportInputs, gone: ir.Table, eligible: ir.Table) -> ir.Table:
    """What the destination knows those by who are gone."""
    match export:
        case HashedAudience():
            return forgotten(export, gone, eligible)
        case EmailList():
            return _addresses(export, inputs.customers, gone)
        case _:
            return gone.select(CustomerId="recipient")


def _addresses(export: EmailList, customers: ir.Table, gone: ir.Table) -> ir.Table:
    """Addresses to take off a list: the log has no more than their hash.

    The address itself is given while the customer has it; who is gone is told by the hash.
    """
    email = customers[export.email]
    held = customers.select(_id=customers[ID], _email=email, _hash=email_hash(email))
    same = [gone[ID] == held._id, gone.recipient == held._hash]
    joined = gone.left_join(held, same)
    columns = {export.email: joined._email, f"{export.email}_sha256": joined.recipient}
    return joined.select(**columns, CustomerId=joined[ID])


def payload_name(export: OfSegment) -> str:
    """What the table of an export's rows is called: as its segment."""
    return ENTERED if isinstance(export, Webhook) else export.segment


def removed_name(export: Export) -> str:
    """What the table of removals is called."""
    match export:
        case TableExport():
            return "Customer_removed"
        case Webhook():
            return LEFT
        case _:
            return f"{export.segment}_removed"


def _counts(flagged: ir.Table, removals: ir.Table) -> ir.Table:
    agreed, known = flagged[AGREED], flagged[RECIPIENT].notnull()
    parts = {
        "members": flagged.count(),
        "eligible": (agreed & known).sum(),
        "refused_by_consent": (~agreed).sum(),
        "without_identifier": (agreed & ~known).sum(),
    }
    counted = flagged.aggregate(
        **{name: part.fill_null(0).cast("int64") for name, part in parts.items()}
    )
    return counted.cross_join(removals.aggregate(removed=removals.count()))
