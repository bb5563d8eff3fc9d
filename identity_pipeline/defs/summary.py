"""A day's run in a few lines, for the terminal."""

import datetime
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.table import Table
from rich.text import Text

from identity_pipeline.engine.registry import Limits, open_engine
from identity_pipeline.serving.summary import (
    Change,
    ExportSummary,
    SegmentSummary,
    changes_on,
    exports_on,
    numbers_on,
    segments_on,
)
from identity_pipeline.terms.environment import Environment

# So many customers are named a line; the rest is in CustomerIdHistory.
NAMED = 5

WORDS = {
    "became_known": "became known",
    "merged_into": "merged",
    "split_from": "split off",
    "restored_from": "restored",
    "removed": "removed",
}


def print_summary(
    console: Console, environment: Environment, published: Path, date: datetime.date
) -> None:
    """Print what a run read, matched, changed and sent."""
    segments = [one.name for one in environment.segments if one.state != "draft"]
    with open_engine(published, Limits(read_only=True)) as opened:
        engine = opened.engine
        numbers = numbers_on(engine, date)
        changes = changes_on(engine, date)
        found = segments_on(engine, segments, date) if segments else []
        exported = exports_on(engine, date) if environment.exports else []
    table = Table(title=f"{date}", title_justify="left", title_style="bold", show_edge=False)
    shown = {
        "rows in": numbers["rows_in"],
        "rejected": numbers["rejected"],
        "unique": numbers["unique_source_records"],
        "matched": numbers["matched_records_only"],
        "customers": numbers["matched_and_non_matched_records"],
        "known": numbers["known_customers"],
        "unknown": numbers["unknown_customers"],
    }
    for name in shown:
        table.add_column(name, justify="right")
    table.add_row(*(f"{value:,.0f}" for value in shown.values()))
    console.print()
    console.print(table)
    for event, word in WORDS.items():
        _print_changes(console, word, [change for change in changes if change.event == event])
    if found:
        moved = [one for one in found if one.entered or one.left]
        others = [one for one in found if one not in moved]
        _print_list(console, "segments", [_size(one) for one in (*moved, *others)])
    if exported:
        _print_list(console, "exports", [f"{one.export} {_reached(one)}" for one in exported])


def _print_list(console: Console, word: str, parts: list[str]) -> None:
    more = [f"and {len(parts) - NAMED:,} more"] if len(parts) > NAMED else []
    console.print(f"  {word}: {'; '.join([*parts[:NAMED], *more])}")


def _size(segment: SegmentSummary) -> str:
    """`viewers 12 +3 -1`."""
    came = f" +{segment.entered:,}" if segment.entered else ""
    went = f" -{segment.left:,}" if segment.left else ""
    return f"{segment.segment} {segment.members:,}{came}{went}"


def _reached(export: ExportSummary) -> str:
    """`2 of 3, 1 without identifier`: what is zero is not said."""
    parts = [f"{export.eligible:,} of {export.members:,}"]
    others = {
        "refused by consent": export.refused_by_consent,
        "without identifier": export.without_identifier,
        "taken back": export.removed,
    }
    return ", ".join([*parts, *(f"{count:,} {word}" for word, count in others.items() if count)])


def _print_changes(console: Console, word: str, changes: list[Change]) -> None:
    if not changes:
        return
    shown = ", ".join(map(str, changes[:NAMED]))
    more = f" and {len(changes) - NAMED:,} more" if len(changes) > NAMED else ""
    console.print(f"  {word} {len(changes):,}: {shown}{more}")


def print_failures(console: Console, result: dg.ExecuteInProcessResult) -> None:
    """Print what failed, as its message."""
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            data = failure.user_failure_data
            error = failure.error
            while error and error.cause:  # the last cause is ours, those around it Dagster's
                error = error.cause
            text = data.description if data else error.message if error else "failed"
            console.print(Text.assemble(("failed", "red"), f" {event.step_key}: {text}"))
