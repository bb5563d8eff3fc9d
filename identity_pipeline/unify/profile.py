"""Profile rows: what a source table brings to unification."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.sources import Profile

# Columns that unification adds to a source table's own.
ORDINAL, KEY, GROUP, FILLED = "_ordinal", "_key", "_group", "_filled"


def profile_rows(current: ir.Table, profile: Profile) -> ir.Table:
    """Take the rows of a source that can be a profile: those with a key.

    Args:
        current: what the source holds now, with `_ingestion_date`, `_file`, `_line`.
        profile: the key as a profile, and the columns selected.

    Returns:
        One row a source row: `_ordinal` (int64, the row's place in the data set, from 1),
        `_key` (the primary key as text), `_filled` (how many selected columns are not NULL),
        and the selected columns as stored.
    """
    keyed = current.filter(current[profile.primary_key].notnull())
    place = ibis.row_number().over(order_by=[keyed._ingestion_date, keyed._file, keyed._line])
    filled = sum(
        (keyed[column].notnull().cast("int64") for column in profile.columns),
        ibis.literal(0, "int64"),
    )
    return keyed.select(
        **{
            ORDINAL: (place + 1).cast("int64"),
            KEY: as_text(keyed[profile.primary_key]),
            FILLED: filled,
            **{column: keyed[column] for column in profile.columns},
        }
    )
