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

    The recipient is the e-mail address, phone number and mobile ad id of the export, in its
    order, joined by |; NULL for somebody who has none of them.
    """
    values: dict[str, ir.Value] = {
        name: platform_value(
            text_of(people, column, ("identifiers", name)), name, export.platform, export.region
        )
        for name, column in export.identifiers.items()
    }
    strong = [values[name] for name in export.strong]
    joined = reduce(lambda text, part: text + BAR + part, [part.fill_null("") for part in strong])
    known = reduce(or_, [part.notnull() for part in strong])
    return {**values, RECIPIENT: ibis.ifelse(known, joined, ibis.null("string"))}


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
    parts = gone.recipient.split(BAR)
    strong = export.strong
    rows = gone.select(**{name: parts[place].nullif("") for place, name in enumerate(strong)})
    still = {name: rows[name].isin(sent.filter(sent[name].notnull())[name]) for name in strong}
    nothing = ibis.null("string")
    left = rows.select(**{name: ibis.ifelse(still[name], nothing, rows[name]) for name in strong})
    return left.filter(reduce(or_, [left[name].notnull() for name in strong])).distinct()
