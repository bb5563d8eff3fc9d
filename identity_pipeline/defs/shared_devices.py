"""What the assets of matching do about shared devices."""

from identity_pipeline.defs.report import code_version
from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.event_tables import device_tables, events_of, shared_device_of
from identity_pipeline.unify.match import Matched
from identity_pipeline.unify.shared_devices import no_identities

Described = dict[names.TableName, tuple[str, list[names.TableName]]]


def identities_described(environment: Environment, table: str) -> Described:
    """The table of whom events name, with what it is made of; none for keys that are no devices."""
    if table not in device_tables(environment):
        return {}
    about = f"Whom the events of {table} name, on devices that carried several known identities."
    return {names.device_identities(table): (about, [names.matches(table), names.current(table)])}


def device_version(environment: Environment, table: str) -> str:
    """What decides whom the events of a table name, and whose its shared devices are."""
    events = events_of(environment, table)
    if events is None or table not in device_tables(environment):
        return ""
    return code_version(shared_device_of(environment, table), events)


def store_identities(
    engine: Engine, environment: Environment, table: str, matched: Matched
) -> None:
    """Store whom the events of shared devices name; where nothing is and was, nothing is done."""
    if table not in device_tables(environment):
        return
    name, found = names.device_identities(table), matched.identities
    if found is not None:
        engine.store(name, found)
    elif not engine.exists(name) or engine.size(name):
        engine.store(name, no_identities(engine))
