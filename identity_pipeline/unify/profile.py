"""Profile rows: what a source table brings to unification."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.sources import MOST_LINES, Profile

# Columns that unification adds to a source table's own.
ORDINAL, KEY, GROUP, FILLED, ROWS = "_ordinal", "_key", "_group", "_filled", "_rows"


def file_numbers(deliveries: ir.Table, table: str) -> ir.Table:
    """The files that a source table was delivered in, numbered from 0 by date and name.

    Args:
        deliveries: the ledger; what became of a delivery does not matter.
        table: the source table.

    Returns:
        One row a file: `_date`, `_name`, `_number` (int64).
    """
    own = deliveries.filter(deliveries.table_name == table)
    files = own.select(_date="ingestion_date", _name="file").distinct()
    number = ibis.row_number().over(order_by=[files._date, files._name])
    return files.mutate(_number=number.cast("int64"))


def profile_rows(current: ir.Table, files: ir.Table, profile: Profile) -> ir.Table:
    """Take the rows of a source that can be a profile: those with a key.

    Args:
        current: what the source holds now, with `_ingestion_date`, `_file`, `_line`.
        files: as `file_numbers`.
        profile: the key as a profile, and the columns selected.

    Returns:
        One row a source row: `_ordinal` (int64, the row's place in the data set: its file's number
        times MOST_LINES, and its line; it stays when other rows come or go), `_key` (the primary
        key as text), `_filled` (how many selected columns are not NULL), `_rows` (1), and the
        selected columns as stored.
    """
    keyed = current.filter(current[profile.primary_key].notnull())
    placed = _placed(keyed, files).mutate(**{ROWS: ibis.literal(1, "int64")})
    return _as_profiles(placed, profile)


def profile_rows_of_events(current: ir.Table, files: ir.Table, profile: Profile) -> ir.Table:
    """Take the profiles that events name: rows alike in all selected columns are one.

    A visitor's thousand events are a few profile rows. Which of the alike stands for them is no
    matter: rules, preferences and places see the same values, and the first one's place.

    Args:
        current, files, profile: as `profile_rows`.

    Returns:
        Columns as `profile_rows`; `_ordinal` is the place of the first of the alike rows, `_rows`
        how many source rows they are.
    """
    keyed = current.filter(current[profile.primary_key].notnull())
    columns = tuple(dict.fromkeys((profile.primary_key, *profile.columns)))
    placed = _placed(keyed, files)
    alike = placed.group_by(columns).aggregate(
        **{ORDINAL: placed[ORDINAL].min(), ROWS: placed.count()}
    )
    return _as_profiles(alike, profile)


def _placed(rows: ir.Table, files: ir.Table) -> ir.Table:
    """Rows with their place. Files are few: to number them costs little, to sort rows much."""
    placed = rows.join(files, [rows._ingestion_date == files._date, rows._file == files._name])
    return placed.mutate(**{ORDINAL: placed._number * MOST_LINES + placed._line})


def _as_profiles(rows: ir.Table, profile: Profile) -> ir.Table:
    filled = sum(
        (rows[column].notnull().cast("int64") for column in profile.columns),
        ibis.literal(0, "int64"),
    )
    return rows.select(
        **{
            ORDINAL: rows[ORDINAL].cast("int64"),
            KEY: as_text(rows[profile.primary_key]),
            FILLED: filled,
            ROWS: rows[ROWS],
            **{column: rows[column] for column in profile.columns},
        }
    )
