"""The product's ConflationMatchPairs: consolidated records before Include all is applied."""

from collections.abc import Sequence

import ibis.expr.types as ir

from identity_pipeline.expressions.record_names import true_object_id
from identity_pipeline.unify.keyring import Contribution, key_columns


def match_pairs(
    consolidated: ir.Table,
    keys: ir.Table,
    contributions: Sequence[Contribution],
    modified: ir.DateScalar,
) -> ir.Table:
    """Lay the tables of each consolidated record side by side.

    Args:
        consolidated, keys: as `keyring.consolidate`, `keyring.keys_of`.
        contributions: the tables, in match order.
        modified: the ingestion date of the data.

    Returns:
        One row a record: `TrueObjectId` (temporary, not a customer's id), each table's key and
        alternate keys, `ConflationMatchPairs_ModifiedOn`, and each table's columns with the prefix
        `{DataSource}_{Table}_`; the values are the winner's.
    """
    wide = key_columns(keys, contributions)
    for part in contributions:
        here = (consolidated["rank"] == part.rank) & consolidated.leads
        leading = consolidated.filter(here).select(_record="record", _of="group")
        prefix = f"{part.data_source}_{part.table_name}_"
        columns = {
            prefix + name: part.winners[name]
            for name in part.winners.columns
            if not name.startswith("_") and name != part.primary_key
        }
        values = part.winners.select(_group="_group", **columns)
        rows = leading.join(values, leading._of == values._group).drop("_of", "_group")
        wide = wide.left_join(rows, wide.record == rows._record).drop("_record")
    return wide.select(
        TrueObjectId=true_object_id(wide.record),
        ConflationMatchPairs_ModifiedOn=modified,
        **{name: wide[name] for name in wide.columns if name != "record"},
    )


def pairs_of(records: ir.Table) -> ir.Table:
    """The `TrueObjectId` of records."""
    return records.select(TrueObjectId=true_object_id(records.record))
