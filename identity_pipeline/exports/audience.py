"""Hashed audiences: what an ad platform gets of each person, and what it must forget."""

from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from identity_pipeline.exports.columns import RECIPIENT, text_of
from identity_pipeline.exports.identifiers import platform_value
from identity_pipeline.terms.exports import HashedAudience

# Between the identifiers of one recipient; it is in no hash and no mobile ad id.
BAR = "|"


def with_identifiers(export: HashedAudience, people: ir.Table) -> dict[str, ir.Value]:
    """Identifiers as the platform takes them, and the recipient that they make.

    The recipient is the e-mail address, phone number and mobile ad id of the export, each with its
    name (`email:...|phone:...`), so that it is clear later what was sent; NULL for somebody who
    has none of them.
    """
    values: dict[str, ir.Value] = {
        name: platform_value(
            text_of(people, column, ("identifiers", name)), name, export.platform, export.region
        )
        for name, column in export.identifiers.items()
    }
    strong = {name: values[name] for name in export.strong}
    parts = [ibis.literal(f"{name}:") + value for name, value in strong.items()]
    present = ibis.array(parts).filter(lambda part: part.notnull())
    known = reduce(or_, [value.notnull() for value in strong.values()])
    joined = ibis.literal(BAR).join(present)
    return {**values, RECIPIENT: ibis.ifelse(known, joined, ibis.null("string"))}


def otherwise_known(export: HashedAudience, before: ir.Table) -> ir.Table:
    """Recipients who were sent under identifiers that the export does not have any more."""
    kept = "|".join(export.strong)
    return before.filter(~before.recipient.re_search(rf"^(({kept}):[^|]*(\||$))+$"))


def forgotten(export: HashedAudience, gone: ir.Table, sent: ir.Table) -> ir.Table:
    """The identifiers that a platform must forget.

    Somebody whose phone number changed is a new recipient and an old one that is gone. The old
    one's e-mail address is still sent, so only the old number is to be forgotten.

    Args:
        export: the audience.
        gone: `recipient` of those who were reached and no longer are.
        sent: what is sent now, with the export's identifiers.

    Returns:
        The export's identifiers that are one person each; NULL where one is still sent or there
        was none.
    """
    strong = export.strong
    found = {
        name: gone.recipient.re_extract(rf"(^|\|){name}:([^|]*)", 2).nullif("") for name in strong
    }
    rows = gone.select(**found)
    still = {name: rows[name].isin(sent.filter(sent[name].notnull())[name]) for name in strong}
    nothing = ibis.null("string")
    left = rows.select(**{name: ibis.ifelse(still[name], nothing, rows[name]) for name in strong})
    return left.filter(reduce(or_, [left[name].notnull() for name in strong])).distinct()
