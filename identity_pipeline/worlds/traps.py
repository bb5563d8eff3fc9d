"""Values that many people share: each would make them one, if a rule trusted it."""

import numpy as np
import pyarrow as pa

from identity_pipeline.worlds.chance import fits, stream
from identity_pipeline.worlds.plan import World
from identity_pipeline.worlds.slips import either
from identity_pipeline.worlds.tables import CustomerTable

GUEST_ADDRESS = "guest@shop.example"
# No area code begins with 0 or 1, and 999 is none.
PLACEHOLDER_PHONES = ("000-000-0000", "999-999-9999", "123-456-7890")
# Of these the first is the usual one.
PLACEHOLDER_SHARES = (0.5, 0.3, 0.2)


def with_guest_address(
    world: World, table: CustomerTable, columns: dict[str, pa.Array]
) -> dict[str, pa.Array]:
    """The columns, with the guest address on a share of the records, missing ones included."""
    if "Email" not in columns or not world.traps.guest_address:
        return columns
    rng = stream(world.seed, "guest_address", ord(table.letter))
    emails = columns["Email"]
    is_guest = fits(rng, world.traps.guest_address, len(emails))
    return columns | {"Email": either(is_guest, pa.scalar(GUEST_ADDRESS), emails)}


def with_placeholder_phones(
    world: World, table: CustomerTable, columns: dict[str, pa.Array]
) -> dict[str, pa.Array]:
    """The columns, with one of three phones on a share of the records."""
    if not world.traps.placeholder_phones:
        return columns
    rng = stream(world.seed, "placeholder_phones", ord(table.letter))
    phones = columns["Phone"]
    which = rng.choice(len(PLACEHOLDER_PHONES), len(phones), p=np.array(PLACEHOLDER_SHARES))
    placeholders = pa.array(PLACEHOLDER_PHONES).take(pa.array(which))
    is_placeholder = fits(rng, world.traps.placeholder_phones, len(phones))
    return columns | {"Phone": either(is_placeholder, placeholders, phones)}
