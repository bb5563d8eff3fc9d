"""The truth: whose each record, visitor and event is."""

import numpy as np
import pyarrow as pa

from identity_pipeline.worlds.chance import Numbers
from identity_pipeline.worlds.events import Events
from identity_pipeline.worlds.tables import Records, keys

TRUTH, EVENTS = "truth", "truth_events"


def truth_of(people: int, records: tuple[Records, ...], events: Events) -> pa.Table:
    """Whose each record and visitor is: DataSource, Table, Key, Person; one row a key.

    A visitor's person is the one who has the device; a kiosk, or a tablet that everybody uses, is
    nobody's: its Person is missing. Visitors without an event are not there.
    """
    named = keys("person", people, 8)
    parts = [
        _rows(each.table.data_source, each.table.table, each.keys, _people(named, each.person))
        for each in records
    ]
    seen = np.unique(events.device)
    visitors = events.visitors.take(pa.array(seen))
    parts.append(_rows("Web", "Events", visitors, _people(named, events.owner[seen])))
    return pa.concat_tables(parts)


def truth_of_events(people: int, events: Events) -> pa.Table:
    """Whose each event is: EventID, Person; one row an event."""
    named = keys("person", people, 8)
    return pa.table(
        {"EventID": keys("E", len(events), 10), "Person": _people(named, events.person)}
    )


def _rows(
    data_source: str, table: str, keys_of_rows: pa.StringArray, person: pa.StringArray
) -> pa.Table:
    count = len(keys_of_rows)
    return pa.table(
        {
            "DataSource": pa.repeat(data_source, count),
            "Table": pa.repeat(table, count),
            "Key": keys_of_rows,
            "Person": person,
        }
    )


def _people(named: pa.StringArray, person: Numbers) -> pa.StringArray:
    return named.take(pa.array(person, mask=person < 0))
