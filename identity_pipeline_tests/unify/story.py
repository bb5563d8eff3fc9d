"""Unification of small tables without Dagster, run after run on one warehouse in memory."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from identity_pipeline.engine.base import Engine
from identity_pipeline.engine.registry import OpenEngine
from identity_pipeline.evidence.edges import store_edges
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment, override_sources
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.terms.unification import Unification
from identity_pipeline.unify import consolidation, overrides, tasks
from identity_pipeline.unify.connect import link_table
from identity_pipeline.unify.deduplicate import deduplicate
from identity_pipeline.unify.guarded_values import guarded_values, set_aside_anew
from identity_pipeline.unify.identify import audit, identify, store_customers
from identity_pipeline.unify.match import match_table, store_matches
from identity_pipeline.unify.offers import with_scores
from identity_pipeline.unify.reached_groups import deduplicate_again, last_of
from identity_pipeline.unify.shared_devices import no_identities
from identity_pipeline.unify.splink_pairs import store_reviews

Rows = list[tuple[object, ...]]
TYPES = {"text": "string", "integer": "int64", "date": "date", "timestamp": "timestamp(6)"}
FIRST_DAY = datetime.date(2024, 1, 1)
OVERRIDES = ("Table1", "Table1Key", "Table2", "Table2Key")


@dataclass(frozen=True)
class Table:
    """A source table of a story: `Id Name Born:date`, the first column is the key."""

    columns: Mapping[str, str]
    rows: Rows


def table(columns: str, *rows: tuple[object, ...]) -> Table:
    """A table from a line of column names, each with a type where it is not text."""
    parts = [word.partition(":") for word in columns.split()]
    return Table({name: kind or "text" for name, _, kind in parts}, list(rows))


def source(name: str, content: Table, semantics: Mapping[str, str] | None = None) -> SourceTable:
    """The declaration of a story's table; the product calls `contacts` S|Contacts."""
    columns = {
        column: {"type": kind, "semantic": (semantics or {}).get(column)}
        for column, kind in content.columns.items()
    }
    key = next(iter(content.columns))
    return SourceTable.model_validate(
        {
            "name": name,
            "data_source": "S",
            "table": name.capitalize(),
            "landing": f"{name}/{{ingestion_date}}/*.csv",
            "primary_key": key,
            "columns": columns,
            "profile": {"primary_key": key, "columns": list(columns)},
        }
    )


@dataclass
class Story:
    """An environment that is run again and again; the registry stays.

    Attributes:
        unify: what `unify.yaml` says, without `known_if` where nobody asks.
        semantics: semantic types, by table and column.
        runs: how often it was run.
        is_alike: whether customers that stay what they were are not made again.
    """

    opened: OpenEngine
    unify: dict[str, object]
    semantics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    runs: int = 0
    is_alike: bool = False

    def run(self, tables: Mapping[str, Table], **files: Sequence[tuple[object, ...]]) -> None:
        """Unify what the sources hold now; files are never, always, bypass_x or alias_x."""
        self.runs += 1
        with self.opened.transaction() as engine:
            environment = self._environment(tables)
            self._land(engine, environment, tables, files)
            _unify(engine, environment, is_alike=self.is_alike and self.runs > 1)

    def rows(self, query: str) -> Rows:
        """Rows of a query over the warehouse."""
        return self.opened.connection.execute(query).fetchall()

    def keyrings(self) -> set[str]:
        """Each customer as its keys: `Contacts 1, Members 7`."""
        query = """
            select string_agg(TableName || ' ' || AlternateValue, ', '
                order by TableName, AlternateValue)
            from customer.alternate_key group by CustomerId
        """
        return {str(keys) for (keys,) in self.rows(query)}

    def ids(self) -> dict[str, str]:
        """The customer of each key, by `Contacts 1`."""
        query = "select TableName || ' ' || AlternateValue, CustomerId from customer.alternate_key"
        return {str(key): str(customer) for key, customer in self.rows(query)}

    def history(self) -> Rows:
        """Run, event and rule of every change, without those of the first run."""
        return self.rows(
            "select run, event, rule, keys from customer.customer_id_history where run > 1"
            " order by run, event, keys"
        )

    def _environment(self, tables: Mapping[str, Table]) -> Environment:
        declared = {n: source(n, content, self.semantics.get(n)) for n, content in tables.items()}
        first_table, first = next(iter(tables.items()))
        column = list(first.columns)[-1]
        default = {
            "columns": {column: [f"{first_table}.{column}"]},
            "known_if": {"any_of": [], "or_from": [first_table]},
        }
        asked = Unification.model_validate(default | self.unify)
        return Environment(name="story", folder=Path(), sources=declared, unify=asked)

    def _land(
        self,
        engine: Engine,
        environment: Environment,
        tables: Mapping[str, Table],
        files: Mapping[str, Sequence[tuple[object, ...]]],
    ) -> None:
        day = FIRST_DAY + datetime.timedelta(days=self.runs)
        delivered = dict(tables)
        for name, declared in override_sources(environment).items():
            lines = files.get(name.removesuffix("_match"), ())
            delivered[name] = Table(dict.fromkeys(declared.columns, "text"), list(lines))
        for name, content in delivered.items():
            columns = {column: TYPES[kind] for column, kind in content.columns.items()}
            placed = [(*row, day, "f.csv", line) for line, row in enumerate(content.rows, 2)]
            place = {"_ingestion_date": "date", "_file": "string", "_line": "int64"}
            engine.store(names.current(name), engine.relation(columns | place, placed))
        ledger = dict.fromkeys(("table_name", "file", "status"), "string")
        lines = [(name, "f.csv", "applied", day) for name in delivered]
        engine.store(names.DELIVERIES, engine.relation(ledger | {"ingestion_date": "date"}, lines))


def _deduplicate(
    engine: Engine, environment: Environment, changed: set[str]
) -> tuple[set[str], set[str]]:
    """Deduplicate all tables; those of whose members the changes are known, and those without."""
    known: set[str] = set()
    same: set[str] = set()
    for name in environment.unify.order:
        rows = engine.table(names.profiles(name))
        task = tasks.deduplication_task(engine, environment, name)
        if str(names.profiles(name)) in changed:
            last = last_of(engine, environment, name, changed)
            are_others = deduplicate_again(engine, rows, last, task)
            if are_others:
                known.add(str(names.members(name)))
            if are_others is not None:
                same |= set() if are_others else {str(names.members(name))}
                continue
        one = deduplicate(engine, rows, task)
        engine.store(names.members(name), one.members)
        engine.store(names.winners(name), one.winners)
        engine.store(names.duplicates(name), one.duplicates)
    return known, same


def _unify(engine: Engine, environment: Environment, *, is_alike: bool) -> None:
    asked = environment.unify.overrides
    kinds = {"always": asked.always_match, "never": asked.never_match}
    files = {k: engine.table(names.current(f"{k}_match")) for k, path in kinds.items() if path}
    found = overrides.custom_matches(engine, files, tasks.product_names(environment))
    pairs = sorted(engine.rows(engine.table(names.OVERRIDES))) if is_alike else []
    engine.store(names.OVERRIDES, found.pairs)
    are_pairs_alike = pairs == sorted(engine.rows(found.pairs))
    engine.store(names.OVERRIDE_PROBLEMS, found.problems)
    changed: set[str] = set()
    for name in environment.unify.order:
        if tasks.store_profiles(engine, environment, name, is_alike=is_alike):
            changed.add(str(names.profiles(name)))
    guarded = guarded_values(engine, environment)
    if is_alike:
        engine.store(names.GUARDED_TOUCHED, set_aside_anew(engine, guarded))
        changed.add(str(names.GUARDED_VALUES))
    engine.store(names.GUARDED_VALUES, guarded.values)
    engine.store(names.KEPT_VALUES, guarded.kept)
    known, same = _deduplicate(engine, environment, changed if are_pairs_alike else set())
    way = link_table if environment.unify.linking == "components" else match_table
    for name in environment.unify.order[1:]:
        lower = tasks.lower_side(engine, environment, name)
        above = tasks.higher_sides(engine, environment, name)
        task = with_scores(engine, lower, above, tasks.match_task(engine, environment, name))
        matched = way(engine, lower, above, task)
        is_known = is_alike and way is match_table
        if store_matches(engine, name, matched.matches, is_alike=is_known):
            known.add(str(names.matches(name)))
        engine.store(names.ambiguities(name), matched.ambiguities)
        store_reviews(engine, environment, name, task.scores)
        identities = matched.identities
        identities = no_identities(engine) if identities is None else identities
        engine.store(names.device_identities(name), identities)
    members = {str(names.members(name)) for name in environment.unify.order}
    every = known if members <= known | same else None
    is_known = consolidation.store(engine, environment, every)
    consolidation.store_unified(engine, environment, is_known=is_known)
    parts = consolidation.read(engine, environment)
    rows = engine.table(names.UNIFIED)
    identified = identify(engine, environment, parts, rows, is_alike=is_alike)
    store_customers(engine, identified)
    assert not any(audit(engine).values())
    if environment.unify.guards.records_per_value:
        known |= {str(names.CONSOLIDATED)} if is_known else set()
        known |= {str(names.CUSTOMERS)} if identified.reach else set()
        needed = {names.CONSOLIDATED, names.CUSTOMERS}
        needed |= {names.matches(name) for name in environment.unify.order[1:]}
        are_known = {str(name) for name in needed} <= known
        store_edges(engine, environment, known if are_known else None)
