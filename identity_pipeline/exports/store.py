"""An export in two steps: whom it reaches, stored and counted; and the sending."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.exports.audience import otherwise_known
from identity_pipeline.exports.columns import in_order
from identity_pipeline.exports.files import WrittenFile
from identity_pipeline.exports.layout import Moment, write_export
from identity_pipeline.exports.recipients import ADDED, RECIPIENT_LOG
from identity_pipeline.exports.select import (
    ExportInputs,
    payload_name,
    removed_name,
    select_recipients,
)
from identity_pipeline.exports.tables import whole_tables
from identity_pipeline.exports.webhook import Posted, post_changes
from identity_pipeline.terms import names
from identity_pipeline.terms.errors import AuditFailed, InsightError
from identity_pipeline.terms.exports import Export, FileExport, HashedAudience, TableExport, Webhook

COUNTS = ("members", "eligible", "refused_by_consent", "without_identifier", "removed")
RUN_COLUMNS = {
    "export": "string",
    "ingestion_date": "date",
    **dict.fromkeys(COUNTS, "int64"),
}


@dataclass(frozen=True)
class Sent:
    """What left the house.

    Attributes:
        files: written files; none of a webhook.
        posted: what a webhook accepted; None of files.
    """

    files: tuple[WrittenFile, ...] = ()
    posted: Posted | None = None


def removals(export: str) -> names.TableName:
    """Whom the destination must forget."""
    return names.export(f"{export}__removals")


def changes(export: str) -> names.TableName:
    """What sending adds to the log of recipients."""
    return names.export(f"{export}__changes")


def prepare(engine: Engine, export: Export, inputs: ExportInputs) -> dict[str, int]:
    """Store whom an export reaches and what it sends, and count who was left out, and why.

    The tables of a table export are not stored again: its own table has its recipients.

    Raises:
        InsightError: the export names what is not there, or does not fit it.
        AuditFailed: somebody would be reached who did not agree, or members are unaccounted for.
    """
    if isinstance(export, HashedAudience) and engine.count(otherwise_known(export, inputs.before)):
        raise InsightError(
            ("identifiers",),
            f"export {export.name} reached people by identifiers that it has no more, and could "
            "not take them back: keep them, or give the changed export another name",
        )
    selection = select_recipients(export, inputs, engine.keep)
    engine.store(changes(export.name), selection.changes)
    engine.store(removals(export.name), selection.removals)
    if isinstance(export, TableExport):
        engine.store(names.export(export.name), selection.changes)
    else:
        [payload] = selection.payload.values()
        engine.store(names.export(export.name), payload)
    [row] = engine.rows(selection.counts.select(*COUNTS))
    counts = {name: int(str(value or 0)) for name, value in zip(COUNTS, row, strict=True)}
    _audit(engine, export, inputs, counts)
    run = (export.name, inputs.day, *counts.values())
    where = {"export": export.name, "ingestion_date": inputs.day.isoformat()}
    engine.replace_rows(names.EXPORT_RUNS, engine.relation(RUN_COLUMNS, [run]), where)
    return counts


def _audit(engine: Engine, export: Export, inputs: ExportInputs, counts: Mapping[str, int]) -> None:
    """Ask the stored tables, not the selection that made them."""
    parts = ("eligible", "refused_by_consent", "without_identifier")
    if counts["members"] != sum(counts[name] for name in parts):
        raise AuditFailed(f"export {export.name}: members are not all accounted for: {counts}")
    if inputs.consented is None:
        return
    added = engine.table(changes(export.name))
    added = added.filter(added.change == ADDED)
    refused = engine.count(added.anti_join(inputs.consented, "CustomerId"))
    if refused:
        raise AuditFailed(
            f"export {export.name}: {refused} recipients did not agree to {export.consent}; "
            "nothing was exported"
        )


def send(engine: Engine, export: Export, moment: Moment, inputs: ExportInputs | None) -> Sent:
    """Send what `prepare` stored, then remember whom it reached.

    Args:
        engine: has what `prepare` stored.
        export: any kind.
        moment: where and when.
        inputs: as of `prepare`, for a table export, which takes its tables from it.

    Raises:
        ExportFailed: the destination refused; nothing is remembered, so the next run sends it.
    """
    gone = engine.table(removals(export.name))
    if isinstance(export, Webhook):
        new = engine.table(names.export(export.name))
        rows = (engine.to_arrow(in_order(new)), engine.to_arrow(in_order(gone)))
        sent = Sent(posted=post_changes(export, *rows, moment.day))
    else:
        tables = _payload(engine, export, inputs) | {removed_name(export): gone}
        arrow = ((name, engine.to_arrow(in_order(rows))) for name, rows in tables.items())
        sent = Sent(files=write_export(arrow, export, moment))
    remember(engine, export, moment.day)
    return sent


def remember(engine: Engine, export: Export, day: datetime.date) -> None:
    """Note whom an export reached on a day of the data, in the place of what was noted of it."""
    engine.define(names.EXPORT_RECIPIENTS, RECIPIENT_LOG)
    where = {"export": export.name, "ingestion_date": day.isoformat()}
    engine.replace_rows(names.EXPORT_RECIPIENTS, engine.table(changes(export.name)), where)


def _payload(
    engine: Engine, export: FileExport, inputs: ExportInputs | None
) -> dict[str, ir.Table]:
    if isinstance(export, TableExport):
        assert inputs is not None, "a table export needs the published tables"
        consented = inputs.consented if export.consent is not None else None
        return whole_tables(export, inputs.published, consented).tables
    return {payload_name(export): engine.table(names.export(export.name))}
