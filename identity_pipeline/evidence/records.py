"""Records of the published file: which one a user means, and what rows it has."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists, canonical_aliases
from identity_pipeline.expressions.value_guards import PastLimit, guards_by_table
from identity_pipeline.terms import evidence_contracts as contracts
from identity_pipeline.terms import guards_contracts, tables
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.terms.guards import TOO_MANY_RECORDS
from identity_pipeline.terms.names import BAR, TableName

# Between data source, table and key as a user writes them.
COLON = ":"
# So many ids are named where the beginning of an id fits several.
NAMED = 5


class UnknownRecord(PipelineError):
    """No record is called so, or several are."""


class NotPublished(PipelineError):
    """The published file lacks a table that explanations read."""


@dataclass(frozen=True)
class Record:
    """A key of a profile table.

    Attributes:
        identifier: DataSource|Table|Key.
        table: the source's name; `data_source` and `table_name` are the product's names for it.
        winner: the key of the row that leads its deduplication group; itself for the winner.
        record: the consolidated record that holds it.
        customer_id: NULL where Include all left the record out.
    """

    identifier: str
    table: str
    data_source: str
    table_name: str
    key: str
    winner: str
    record: int
    customer_id: str | None

    def __str__(self) -> str:
        return f"{self.data_source} {self.table_name} {self.key}"


@dataclass(frozen=True)
class Published:
    """The published file, opened, with the environment that made it."""

    engine: Engine
    environment: Environment

    def table(self, name: str) -> ir.Table:
        """A published table.

        Raises:
            NotPublished: an earlier version made the file.
        """
        try:
            return self.engine.table(TableName("main", name))
        except KeyError:
            raise NotPublished(
                f"the published file has no table {name}: an earlier version made it; "
                "`identity-pipeline run` makes it anew"
            ) from None

    def rows_of(self, table: str, records: Sequence[int]) -> ir.Table:
        """The rows of a profile table that consolidated records hold."""
        rows = self.table(contracts.records_of(self.environment.source(table)))
        return rows.filter(rows._record.isin(list(records)))

    def tables_of(self, records: Sequence[int]) -> dict[int, set[str]]:
        """The profile tables that have rows of each consolidated record."""
        parts = [
            self.rows_of(table, records).select("_record", table=ibis.literal(table)).distinct()
            for table in self.environment.unify.order
        ]
        found: dict[int, set[str]] = {record: set() for record in records}
        for record, table in self.engine.rows(ibis.union(*parts) if parts[1:] else parts[0]):
            found[int(str(record))].add(str(table))
        return found

    def lists(self) -> ValueLists:
        """The bypass and alias lists, and what guards set aside."""
        asked = self.environment.unify.overrides
        guards = guards_by_table(self.environment, self._past_limit())
        if not asked.bypass and not asked.alias:
            return ValueLists(guards_by_table=guards)
        every = self.table(contracts.VALUE_LISTS)
        bypass = {
            name: every.filter((every.kind == "bypass") & (every.list == name)).select(
                Value="value"
            )
            for name in asked.bypass
        }
        alias = {}
        for name in asked.alias:
            own = every.filter((every.kind == "alias") & (every.list == name))
            pairs = [
                (str(one), str(two)) for one, two in self.engine.rows(own.select("value", "alias"))
            ]
            columns = {"Value": "string", "Canonical": "string"}
            alias[name] = self.engine.relation(columns, canonical_aliases(pairs))
        return ValueLists(bypass, alias, guards_by_table=guards)

    def _past_limit(self) -> PastLimit | None:
        """Values that more source keys carry than their limit; None where nobody asks."""
        types = self.environment.unify.guards.records_per_value
        if not types:
            return None
        values = self.table(guards_contracts.GUARDED_VALUES.name)
        over = values.filter(values.reason == TOO_MANY_RECORDS)
        kept = self.table(guards_contracts.KEPT_VALUES.name)
        return PastLimit(types, over.select("identifier_type", "value"), kept)


def find(published: Published, reference: str) -> Record:
    """The record that a user means.

    Args:
        published: the published file.
        reference: `DataSource:Table:Key`, a key that only one table has, a CustomerId or its first
            digits; a customer stands for its key in the table highest in the match order.

    Raises:
        UnknownRecord: none is called so, or several are; says where they are.
    """
    named = _of_table(published.environment, reference)
    tables_asked = [named[0]] if named else list(published.environment.unify.order)
    key = named[1] if named else reference
    found = _holding(published, tables_asked, key)
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(COLON.join((r.data_source, r.table_name, r.key)) for r in found)
        raise UnknownRecord(f"several tables have the key '{key}': write one of {places}")
    if named:
        source = published.environment.source(named[0])
        raise UnknownRecord(f"{source.data_source} {source.table} has no key '{key}'")
    return _of_customer(published, reference)


def records_named(published: Published, identifiers: Sequence[str]) -> dict[str, Record]:
    """Records by their identifiers; one that is gone is left out."""
    found: dict[str, Record] = {}
    for table in published.environment.unify.order:
        prefix = published.environment.source(table).prefix
        keys = [name.removeprefix(prefix) for name in identifiers if name.startswith(prefix)]
        if keys:
            found |= {record.identifier: record for record in _with_keys(published, table, keys)}
    return found


def _of_table(environment: Environment, reference: str) -> tuple[str, str] | None:
    """The source and key of a reference that begins with a profile table's product names."""
    for table in environment.unify.order:
        prefix = environment.source(table).prefix
        for mark in (COLON, BAR):
            written = prefix.replace(BAR, mark)
            if reference.startswith(written):
                return table, reference.removeprefix(written)
    return None


def _holding(published: Published, asked: Sequence[str], key: str) -> list[Record]:
    return [record for table in asked for record in _with_keys(published, table, [key])]


def _with_keys(published: Published, table: str, keys: Sequence[str]) -> list[Record]:
    source = published.environment.source(table)
    rows = published.table(contracts.records_of(source))
    here = rows.filter(rows._key.isin(list(keys))).select("_key", "_group", "_record").distinct()
    leads = rows.filter(rows._is_winner).select(_of="_group", _winner="_key").distinct()
    led = here.join(leads, here._group == leads._of)
    prefix = published.environment.source(table).prefix
    owners = published.table(tables.ALTERNATE_KEY.name)
    owners = owners.select(_identifier="Identifier", _customer="CustomerId")
    joined = led.left_join(owners, (ibis.literal(prefix) + led._key) == owners._identifier)
    wanted = joined.select("_key", "_winner", "_record", "_customer").order_by("_key")
    return [
        Record(
            identifier=f"{prefix}{key}",
            table=table,
            data_source=source.data_source,
            table_name=source.table,
            key=str(key),
            winner=str(winner),
            record=int(str(record)),
            customer_id=None if customer is None else str(customer),
        )
        for key, winner, record, customer in published.engine.rows(wanted)
    ]


def _of_customer(published: Published, beginning: str) -> Record:
    """The leading key of the customer whose id begins so."""
    registry = published.table(tables.PROFILES.name)
    fitting = registry.filter(registry.customer_id.startswith(beginning.lower()))
    ordered = fitting.order_by("customer_id").limit(NAMED + 1)
    found = published.engine.rows(ordered.select("customer_id", "merged_into"))
    if not found or not beginning:
        raise UnknownRecord(
            f"no profile table has the key '{beginning}', and no CustomerId begins so"
        )
    if len(found) > 1:
        some = ", ".join(str(customer) for customer, _ in found[:NAMED])
        raise UnknownRecord(f"several CustomerIds begin with '{beginning}': {some}")
    [(customer, merged_into)] = found
    return _leading(published, str(merged_into or customer))


def _leading(published: Published, customer: str) -> Record:
    keys = published.table(tables.ALTERNATE_KEY.name)
    rings = keys.filter(keys.CustomerId == customer).select("KeyRing").distinct()
    found = published.engine.rows(rings)
    if not found:
        raise UnknownRecord(f"the customer {customer} is gone: no table has a key of it any more")
    # Tables are in match order, so the first one leads.
    ring = json.loads(str(found[0][0]))[0]
    identifier = BAR.join((ring["dataSourceName"], ring["tableName"], ring["preferredKey"]))
    return records_named(published, [identifier])[identifier]
