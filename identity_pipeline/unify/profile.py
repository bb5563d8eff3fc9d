"""Profile rows: what a source table brings to unification."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.sources import Profile

# Columns that unification adds to a source table's own.
ORDINAL, KEY, GROUP, FILLED, ROWS = "_ordinal", "_key", "_group", "_filled", "_rows"

# A row's place in the data set is its file's place times this, and its line.
MOST_LINES = 2**40


def profile_rows(current: ir.Table, profile: Profile) -> ir.Table:
    """Take the rows of a source that can be a profile: those with a key.

    Args:
        current: what the source holds now, with `_ingestion_date`, `_file`, `_line`.
        profile: the key as a profile, and the columns selected.

    Returns:
        One row a source row: `_ordinal` (int64, the row's place in the data set, from 1),
        `_key` (the primary key as text), `_filled` (how many selected columns are not NULL),
        `_rows` (1), and the selected columns as stored.
    """
    keyed = current.filter(current[profile.primary_key].notnull())
    order = [keyed._ingestion_date, keyed._file, keyed._line]
    return _numbered(keyed.mutate(**{ROWS: ibis.literal(1, "int64")}), order, profile)


def profile_rows_of_events(current: ir.Table, profile: Profile) -> ir.Table:
    """Take the profiles that events name: rows alike in all selected columns are one.

    A visitor's thousand events are a few profile rows. Which of the alike stands for them is no
    matter: rules, preferences and places see the same values, and the first one's place.

    Args:
        current, profile: as `profile_rows`.

    Returns:
        Columns as `profile_rows`; `_ordinal` is the place of the first of the alike rows among
        those that are kept, `_rows` how many source rows they are.
    """
    keyed = current.filter(current[profile.primary_key].notnull())
    columns = tuple(dict.fromkeys((profile.primary_key, *profile.columns)))
    # Files are few: to number them costs little, to sort every event by its file's name much.
    files = keyed.select("_ingestion_date", "_file").distinct()
    number = ibis.row_number().over(order_by=[files._ingestion_date, files._file])
    files = files.select(_date="_ingestion_date", _name="_file", _number=number.cast("int64"))
    placed = keyed.join(files, [keyed._ingestion_date == files._date, keyed._file == files._name])
    place = placed._number * MOST_LINES + placed._line
    alike = placed.group_by(columns).aggregate(_place=place.min(), **{ROWS: placed.count()})
    return _numbered(alike, [alike._place], profile)


def _numbered(rows: ir.Table, order: Sequence[ir.Value], profile: Profile) -> ir.Table:
    place = ibis.row_number().over(order_by=order)
    filled = sum(
        (rows[column].notnull().cast("int64") for column in profile.columns),
        ibis.literal(0, "int64"),
    )
    return rows.select(
        **{
            ORDINAL: (place + 1).cast("int64"),
            KEY: as_text(rows[profile.primary_key]),
            FILLED: filled,
            ROWS: rows[ROWS],
            **{column: rows[column] for column in profile.columns},
        }
    )
