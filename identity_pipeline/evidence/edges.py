"""Edges: what joins the keys of each customer, since when, and which edges hold it together."""

from collections.abc import Collection
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.evidence.bridges import with_bridges
from identity_pipeline.evidence.links import accepted_links
from identity_pipeline.expressions.ledger import last_applied
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.evidence_contracts import MATCH_EDGES

# An edge is the same whichever of its two keys is on the left.
REGISTRY = {"one": "string", "other": "string", "rule": "string", "first_seen": "date"}
NAMED = ("one", "other", "rule")


@dataclass(frozen=True)
class Edges:
    """Edges of records, and the date when edges were first there.

    Attributes:
        edges: columns as the contract MATCH_EDGES; to be read before the registry is changed.
        fresh: those never seen before, columns as REGISTRY. An edge that went away keeps its date
            in the registry, and has it again when it returns.
    """

    edges: ir.Table
    fresh: ir.Table


def store_edges(
    engine: Engine, environment: Environment, changed: Collection[str] | None = None
) -> bool:
    """Store the edges of all records, or of those that changed.

    Args:
        engine: as for `match_edges`.
        environment: the rules.
        changed: which of CONSOLIDATED, CUSTOMERS and each table's matches, as `schema.table`, have
            changed since what is stored was made; None where that is unknown.

    Returns:
        Whether it was those of records that changed alone: EDGES_TOUCHED has these.
    """
    if changed is None:
        found = match_edges(engine, environment)
        engine.store(names.MATCH_EDGES, found.edges)
    else:
        engine.store(names.EDGES_TOUCHED, _touched(engine, environment, changed))
        records = engine.table(names.EDGES_TOUCHED)
        found = match_edges(engine, environment, records)
        engine.amend(names.MATCH_EDGES, "record", records, engine.keep(found.edges))
    engine.append(names.EDGE_REGISTRY, found.fresh)
    return changed is not None


def _touched(engine: Engine, environment: Environment, changed: Collection[str]) -> ir.Table:
    """The records whose edges may be others: `record`, those that went among them."""
    consolidated, keys = engine.table(names.CONSOLIDATED), engine.table(names.KEYS)
    parts = [keys.select("record").filter(ibis.literal(False))]
    if str(names.CONSOLIDATED) in changed:
        parts.append(engine.table(names.RECORDS_TOUCHED))
    if str(names.CUSTOMERS) in changed:
        alternate, customers = engine.table(names.ALTERNATE_KEY), names.CUSTOMERS_TOUCHED
        held = alternate.semi_join(engine.table(customers), "CustomerId")
        theirs = another(keys).semi_join(held, ibis._.identifier == held.Identifier)
        parts.append(theirs.select("record"))
    for table in environment.unify.order[1:]:
        if str(names.matches(table)) in changed:
            here = another(consolidated).filter(ibis._.table == table)
            parts.append(here.semi_join(engine.table(names.matches_touched(table)), "group"))
    return ibis.union(*(part.select("record") for part in parts), distinct=True)


def match_edges(engine: Engine, environment: Environment, records: ir.Table | None = None) -> Edges:
    """Every accepted link with the record that holds it, when it was first there, and bridges.

    Reads what unification stored: duplicates and matches by table, keys, alternate keys.

    Args:
        engine: has the tables; what is read twice is kept.
        environment: the rules.
        records: the records to look at, `record`; None for all.
    """
    keys = engine.table(names.KEYS).select("identifier", "record")
    groups = None
    if records is not None:
        keys = keys.semi_join(records, "record")
        groups = engine.keep(engine.table(names.CONSOLIDATED).semi_join(records, "record"))
    links = accepted_links(engine, environment, groups)
    held = links.join(keys, links.left_identifier == keys.identifier).drop("identifier")
    if environment.unify.linking == "components" or engine.size(names.HELD_FOR_REVIEW):
        held = _within_one_record(held, keys)
    held = engine.keep(held)
    fresh = _fresh(engine, held)
    marked = with_bridges(engine, held)
    one, two = _ends(marked)
    registry = _registry(engine).union(fresh)
    dated = marked.join(
        registry, [one == registry.one, two == registry.other, marked.rule == registry.rule]
    )
    owners = engine.table(names.ALTERNATE_KEY).select(_of="Identifier", CustomerId="CustomerId")
    owned = dated.left_join(owners, dated.left_identifier == owners._of)
    return Edges(owned.select(*MATCH_EDGES.columns), fresh)


def _within_one_record(links: ir.Table, keys: ir.Table) -> ir.Table:
    """Links between keys of one record: something may have parted what a rule links."""
    other = another(keys)
    both = links.join(other, links.right_identifier == other.identifier, rname="{name}_right")
    return both.filter(both.record == both.record_right).select(*links.columns)


def _ends(edges: ir.Table) -> tuple[ir.StringValue, ir.StringValue]:
    pair = (edges.left_identifier, edges.right_identifier)
    return ibis.least(*pair), ibis.greatest(*pair)


def _registry(engine: Engine) -> ir.Table:
    if not engine.exists(names.EDGE_REGISTRY):
        return engine.relation(REGISTRY, [])
    return engine.table(names.EDGE_REGISTRY).select(*REGISTRY)


def _fresh(engine: Engine, edges: ir.Table) -> ir.Table:
    """Edges that the registry does not have: they are dated by the last delivery applied."""
    one, other = _ends(edges)
    present = edges.select(one=one, other=other, rule="rule").distinct()
    [(day,)] = engine.rows(last_applied(engine.table(names.DELIVERIES)))
    fresh = present.anti_join(_registry(engine), NAMED)
    dated = fresh.mutate(first_seen=ibis.literal(day, "date"))
    return engine.keep(dated.select(*REGISTRY))
