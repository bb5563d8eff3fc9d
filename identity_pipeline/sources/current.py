"""What a source holds now, out of all its deliveries."""

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.filters import passes
from identity_pipeline.terms import names
from identity_pipeline.terms.sources import SourceTable

_PLACE = ("_ingestion_date", "_file", "_line")


def store_current(engine: Engine, source: SourceTable) -> None:
    """Make the table of what a source holds now.

    Where every key was delivered once, as events mostly are, there is nothing to choose between:
    it is a view of what was delivered, and a million rows are not written a second time.
    """
    landed, ledger = engine.table(names.source(source.name)), engine.table(names.DELIVERIES)
    if source.refresh == "incremental" and _is_each_key_once(engine, landed, source):
        engine.show(names.current(source.name), _as_held(landed, source))
    else:
        engine.store(names.current(source.name), current(landed, ledger, source))


def _is_each_key_once(engine: Engine, landed: ir.Table, source: SourceTable) -> bool:
    counted = landed.aggregate(
        rows=landed.count(),
        keys=landed[source.primary_key].nunique(),
        deletes=(landed["_change"] == "delete").sum(),
    )
    [(rows, keys, deletes)] = engine.rows(counted)
    return rows == keys and not deletes


def current(landed: ir.Table, deliveries: ir.Table, source: SourceTable) -> ir.Table:
    """The rows a source holds now, those its row filter keeps.

    A full source holds its last applied delivery, every row of it, also of an empty one. An
    incremental source holds per primary key the latest row, unless that is a delete. Later is: by
    `updated_on` if declared (a missing one is earliest), then by ingestion date; of two rows equal
    in both a delete wins, then the later file by name, then the later line. The product is silent
    on these ties.

    Args:
        landed: the table of all accepted rows.
        deliveries: the ledger of delivered files.
        source: the declaration.

    Returns:
        The declared columns, `_ingestion_date`, `_file` and `_line`. Of a full source keys may
        repeat; deduplication decides between them.
    """
    rows = (
        _last_delivery(landed, deliveries, source)
        if source.refresh == "full"
        else (_latest_rows(landed, source))
    )
    return _as_held(rows, source)


def _as_held(rows: ir.Table, source: SourceTable) -> ir.Table:
    if source.row_filter:
        rows = rows.filter(passes(rows, source.row_filter))
    return rows.select(*source.columns, *_PLACE)


def _last_delivery(landed: ir.Table, deliveries: ir.Table, source: SourceTable) -> ir.Table:
    applied = deliveries.filter(
        (deliveries.table_name == source.name) & (deliveries.status == "applied")
    )
    last = applied.aggregate(_last=applied.ingestion_date.max())
    return landed.semi_join(last, landed["_ingestion_date"] == last["_last"])


def _latest_rows(landed: ir.Table, source: SourceTable) -> ir.Table:
    """Only keys that repeat are ordered: a table of unique keys costs one grouping, no sort."""
    key = source.primary_key
    keys = landed.group_by(key).aggregate(_times=ibis._.count())
    repeated = keys.filter(keys["_times"] > 1)
    once = landed.anti_join(repeated, key)
    contested = landed.semi_join(repeated, key)
    order = [contested[source.updated_on].desc(nulls_first=False)] if source.updated_on else []
    order += [
        contested["_ingestion_date"].desc(),
        (contested["_change"] == "delete").cast("int8").desc(),
        contested["_file"].desc(),
        contested["_line"].desc(),
    ]
    place = ibis.row_number().over(ibis.window(group_by=key, order_by=order))
    ranked = contested.mutate(_record=place)
    winners = ranked.filter(ranked["_record"] == 0).drop("_record")
    latest = once.union(winners)
    return latest.filter(latest["_change"] == "upsert")
