"""What later dates deliver: new records, and records that changed."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from identity_pipeline.worlds.chance import Numbers, stream
from identity_pipeline.worlds.plan import World
from identity_pipeline.worlds.rates import CHANGED_A_DAY, Slips
from identity_pipeline.worlds.slips import replaced
from identity_pipeline.worlds.tables import Records
from identity_pipeline.worlds.writing import Clerk, Society

# Each changed record changes one of these; a table changes those that it has.
CHANGES = (("Email",), ("Phone",), ("Address", "City", "State", "PostalCode"))


def deliveries(
    world: World, records: Records, rows: pa.Table, society: Society, slips: Slips
) -> Iterator[tuple[int, pa.Table]]:
    """Each ingestion date and what it delivers of a table.

    The first date delivers all records but those that are new later. Each later date delivers the
    records new on it, then records that an earlier one delivered, with another address, phone or
    home. No record changes twice.
    """
    rng = stream(world.seed, "changes", ord(records.table.letter))
    order = rng.permutation(len(records))
    a_day = round(len(records) * CHANGED_A_DAY)
    begins = np.searchsorted(records.day, np.arange(world.days + 1))
    for day in range(world.days):
        new = rows.slice(begins[day], begins[day + 1] - begins[day])
        chosen = order[(day - 1) * a_day : day * a_day] if day else order[:0]
        chosen = np.sort(chosen[records.day[chosen] < day])
        clerk = Clerk(rng, society, slips, records.person[chosen])
        changed = _changed(clerk, rows.take(pa.array(chosen)))
        yield day, pa.concat_tables([new, changed])


def _changed(clerk: Clerk, rows: pa.Table) -> pa.Table:
    """The rows, each with one new value."""
    values = {"Email": clerk.new_emails(), "Phone": clerk.new_phones()} | clerk.new_addresses()
    kinds = [kind for kind in CHANGES if set(kind) & set(rows.column_names)]
    kind: Numbers = clerk.rng.integers(0, len(kinds), len(rows))
    for place, names in enumerate(kinds):
        where = kind == place
        for name in (name for name in names if name in rows.column_names):
            column = rows[name].combine_chunks()
            new = values[name].filter(pa.array(where))
            index = rows.column_names.index(name)
            rows = rows.set_column(index, name, replaced(column, where, new))
    return rows
