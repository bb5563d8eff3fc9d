"""Tables of events about their own profiles: the visitors of a web shop, named by what they do."""

from collections.abc import Iterator

from identity_pipeline.terms.activities import Activity
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import did_you_mean
from identity_pipeline.terms.shared_devices import SharedDevice


def events_of(environment: Environment, table: str) -> Activity | None:
    """What a profile table's rows are as events, where each is an event of the row's own profile.

    The first one where the table is declared as activities twice.
    """
    key = environment.profile(table).primary_key
    for activity in environment.activities:
        if activity.table == table and (activity.link.table, activity.link.column) == (table, key):
            return activity
    return None


def device_tables(environment: Environment) -> tuple[str, ...]:
    """The tables whose keys may be shared devices, in match order.

    Linking by components fuses whom a device names: nothing is left to decide.
    """
    if environment.unify.linking == "components":
        return ()
    below = environment.unify.order[1:]
    return tuple(table for table in below if events_of(environment, table) is not None)


def shared_device_of(environment: Environment, table: str) -> SharedDevice:
    """The policy of a table's shared devices."""
    return environment.unify.shared_devices.get(table, SharedDevice())


def fusing_rules(environment: Environment) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Rules that fuse whom a shared device names: path in `unify.yaml`, and why.

    Where devices are above the table that their events name, several of its records join the one
    record of the device.
    """
    unify = environment.unify
    above = {name for name in unify.order if events_of(environment, name) is not None}
    for place, step in enumerate(unify.tables if unify.linking == "assignment" else ()):
        for number, rule in enumerate(step.match):
            tables = {condition.left_table for condition in rule.conditions} & above
            if rule.active and tables:
                yield (
                    ("tables", place, "match", number),
                    (
                        f"rule '{rule.name}' makes all records of '{step.table}' one customer that "
                        f"a shared device of '{min(tables)}' names; put '{min(tables)}' below it"
                    ),
                )


def shared_device_faults(environment: Environment) -> Iterator[tuple[tuple[str, ...], str]]:
    """Policies that cannot be followed: path in `unify.yaml`, and why."""
    asked, order = environment.unify.shared_devices, environment.unify.order
    if asked and environment.unify.linking == "components":
        yield (
            ("shared_devices",),
            (
                "'linking: components' makes all whom a device names one customer, so that there "
                "is no conflict to decide; remove one of the two"
            ),
        )
    for table, device in asked.items():
        if table not in order:
            text = f"no table of the match order is called '{table}'. {did_you_mean(table, order)}"
            yield ("shared_devices", table), text
        elif wrong := _unfit(environment, table):
            yield ("shared_devices", table), wrong
        elif device.session and device.session not in (
            known := tuple(environment.source(table).columns)
        ):
            hint = did_you_mean(device.session, known)
            text = f"table '{table}' has no column '{device.session}'. {hint}"
            yield ("shared_devices", table, "session"), text


def _unfit(environment: Environment, table: str) -> str | None:
    """Why the keys of a table cannot be shared devices, if they cannot."""
    if table == environment.unify.order[0]:
        return f"'{table}' is the first table of the match order: its rows name nobody"
    if events_of(environment, table) is None:
        key = environment.profile(table).primary_key
        return (
            f"the rows of '{table}' are no events of its own profiles: activities.yaml has no "
            f"activity with 'table: {table}' and 'customer: {key}'"
        )
    return None
