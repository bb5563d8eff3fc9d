"""Edges: what joins the keys of each customer, since when, and which edges hold it together."""

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
    """Edges of all records, and the date when each edge ever seen was first there.

    Attributes:
        edges: columns as the contract MATCH_EDGES; read from what is kept, so that the registry
            may be replaced before it is stored.
        registry: columns as REGISTRY; an edge that went away keeps its date and has it again when
            it returns.
    """

    edges: ir.Table
    registry: ir.Table


def match_edges(engine: Engine, environment: Environment) -> Edges:
    """Every accepted link with the record that holds it, when it was first there, and bridges.

    Reads what unification stored: duplicates and matches by table, keys, alternate keys.

    Args:
        engine: has the tables; what is read twice is kept.
        environment: the rules.
    """
    keys = engine.table(names.KEYS).select("identifier", "record")
    links = accepted_links(engine, environment)
    held = links.join(keys, links.left_identifier == keys.identifier).drop("identifier")
    if environment.unify.linking == "components" or engine.size(names.HELD_FOR_REVIEW):
        held = _within_one_record(held, keys)
    held = engine.keep(held)
    registry = _remembered(engine, held)
    marked = with_bridges(engine, held)
    one, two = _ends(marked)
    dated = marked.join(
        registry, [one == registry.one, two == registry.other, marked.rule == registry.rule]
    )
    owners = engine.table(names.ALTERNATE_KEY).select(_of="Identifier", CustomerId="CustomerId")
    owned = dated.left_join(owners, dated.left_identifier == owners._of)
    return Edges(owned.select(*MATCH_EDGES.columns), registry)


def _within_one_record(links: ir.Table, keys: ir.Table) -> ir.Table:
    """Links between keys of one record: something may have parted what a rule links."""
    other = another(keys)
    both = links.join(other, links.right_identifier == other.identifier, rname="{name}_right")
    return both.filter(both.record == both.record_right).select(*links.columns)


def _ends(edges: ir.Table) -> tuple[ir.StringValue, ir.StringValue]:
    pair = (edges.left_identifier, edges.right_identifier)
    return ibis.least(*pair), ibis.greatest(*pair)


def _remembered(engine: Engine, edges: ir.Table) -> ir.Table:
    """The registry with edges that are new: they are dated by the last delivery applied."""
    known = (
        engine.table(names.EDGE_REGISTRY)
        if engine.exists(names.EDGE_REGISTRY)
        else engine.relation(REGISTRY, [])
    )
    one, other = _ends(edges)
    present = edges.select(one=one, other=other, rule="rule").distinct()
    [(day,)] = engine.rows(last_applied(engine.table(names.DELIVERIES)))
    fresh = present.anti_join(known, NAMED).mutate(first_seen=ibis.literal(day, "date"))
    return engine.keep(known.select(*REGISTRY).union(fresh.select(*REGISTRY)))
