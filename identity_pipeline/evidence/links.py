"""Links that count, by keys: what deduplication and matching accepted."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.evidence_contracts import ALWAYS_MATCH, DUPLICATE, MATCH, SAME_KEY
from identity_pipeline.terms.rules import DeduplicationRule

# The places of links that no rule of the user's made, before the rules' own from 1.
SAME_KEY_PLACE, ALWAYS_PLACE = -1, 0

EVIDENCE = ("score", "scores", "left_values", "right_values", "left_is_winner", "right_is_winner")
LINK = (
    *("left_identifier", "right_identifier", "kind", "rule", "left_columns", "right_columns"),
    *("shared_by", *EVIDENCE),
)
Columns = Mapping[int, Sequence[str]]


def accepted_links(
    engine: Engine, environment: Environment, groups: ir.Table | None = None
) -> ir.Table:
    """Every link between two keys that counts, once by keys and rule; columns as LINK.

    Where rows share the values of an exact rule, each of their keys is linked to the smallest: any
    two of them agree, but a link each would be too many, and which one was stored depends on the
    order of the rows.

    Args:
        engine: has the evidence of deduplication and matching.
        environment: the rules.
        groups: `table` and `group` of the deduplication groups to look at; None for all.
    """
    order = environment.unify.order
    parts = [
        _duplicates(environment, table, _of(engine.table(names.duplicates(table)), table, groups))
        for table in order
    ]
    parts += [
        _matches(environment, table, _of(engine.table(names.matches(table)), table, groups))
        for table in order[1:]
    ]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def active_rules(environment: Environment, table: str) -> tuple[DeduplicationRule, ...]:
    """The active deduplication rules of a table; a rule's place counts from 1."""
    return tuple(rule for rule in environment.step(table).deduplicate if rule.active)


def _of(stored: ir.Table, table: str, groups: ir.Table | None) -> ir.Table:
    if groups is None:
        return stored
    return stored.semi_join(groups.filter(groups.table == table), "group")


def _duplicates(environment: Environment, table: str, stored: ir.Table) -> ir.Table:
    rules = active_rules(environment, table)
    shared = [place for place, rule in enumerate(rules, start=1) if rule.is_of_values]
    # The columns of match rules, where the table's setting says so, come after its own rules.
    shared.append(len(rules) + 1)
    columns = {place: [c.column for c in rule.conditions] for place, rule in enumerate(rules, 1)}
    columns[len(rules) + 1] = list(environment.match_columns(table))
    counting = stored.filter(stored.refused.isnull())
    between = counting.filter(counting.left_key != counting.right_key)
    own = ibis.union(
        _of_one_key(counting.filter(counting.rule_index == SAME_KEY_PLACE)),
        _to_the_smallest(counting.filter(counting.rule_index.isin(shared))),
        _directed(between.filter(~between.rule_index.isin([SAME_KEY_PLACE, *shared]))),
    )
    prefix = ibis.literal(environment.source(table).prefix)
    best = own.filter(_is_best(own))
    kind = best.rule_index.cases(
        (SAME_KEY_PLACE, SAME_KEY), (ALWAYS_PLACE, ALWAYS_MATCH), else_=DUPLICATE
    )
    return best.mutate(
        left_identifier=prefix + best.left_key,
        right_identifier=prefix + best.right_key,
        kind=kind,
        left_columns=_columns_of(best.rule_index, columns),
        right_columns=_columns_of(best.rule_index, columns),
    ).select(*LINK)


def _columns_of(place: ir.IntegerValue, columns: Columns) -> ir.ArrayValue:
    """The columns of a rule's conditions, by its place."""
    lists = [(n, ibis.literal(list(names), "array<string>")) for n, names in columns.items()]
    nothing = ibis.literal([], "array<string>")
    return place.cases(*lists, else_=nothing) if lists else nothing


def _of_one_key(links: ir.Table) -> ir.Table:
    """One link a key that several rows have."""
    leads = links.left_is_winner | links.right_is_winner
    keys = links.group_by("left_key", "rule", "rule_index").aggregate(is_winner=leads.any())
    one = ibis.literal(1.0)
    return keys.select(
        "left_key",
        "rule",
        "rule_index",
        right_key="left_key",
        score=one,
        scores=ibis.array([one]),
        left_values=ibis.literal([], "array<string>"),
        right_values=ibis.literal([], "array<string>"),
        left_is_winner="is_winner",
        right_is_winner="is_winner",
        shared_by=ibis.literal(1, "int64"),
    )


def _to_the_smallest(links: ir.Table) -> ir.Table:
    """Link each key that shares values under a rule to the smallest key that does."""
    same = ["group", "rule_index", "values"]
    common = ("group", "rule", "rule_index", "scores")
    left = links.select(*common, values="left_values", key="left_key", leads="left_is_winner")
    right = links.select(*common, values="right_values", key="right_key", leads="right_is_winner")
    rows = left.union(right)
    keys = rows.group_by(*same, "key").aggregate(
        leads=rows.leads.any(), rule=rows.rule.max(), scores=rows.scores.max()
    )
    counted = keys.mutate(
        left_key=keys.key.min().over(group_by=same), shared_by=keys.count().over(group_by=same)
    )
    leading = counted.leads & (counted.key == counted.left_key)
    told = counted.mutate(left_is_winner=leading.any().over(group_by=same))
    others = told.filter(told.key != told.left_key)
    return others.select(
        "left_key",
        "rule",
        "rule_index",
        "scores",
        "left_is_winner",
        "shared_by",
        right_key="key",
        score=ibis.literal(1.0),
        left_values="values",
        right_values="values",
        right_is_winner="leads",
    ).select(*_BY_KEY)


_BY_KEY = ("left_key", "rule", "rule_index", "right_key", *EVIDENCE, "shared_by")


def _directed(links: ir.Table) -> ir.Table:
    """The smaller key on the left, whichever row came first."""
    swap = links.left_key > links.right_key

    def side(one: str, other: str) -> dict[str, ir.Value]:
        return {
            f"{one}_{name}": swap.ifelse(links[f"{other}_{name}"], links[f"{one}_{name}"])
            for name in ("key", "values", "is_winner")
        }

    return links.select(
        "rule",
        "rule_index",
        "score",
        "scores",
        shared_by=ibis.literal(2, "int64"),
        **side("left", "right"),
        **side("right", "left"),
    ).select(*_BY_KEY)


def _is_best(links: ir.Table) -> ir.BooleanValue:
    """Of links between the same keys by the same rule, one: rows may have agreed several times."""
    order = [
        links.score.desc(),
        links.shared_by.desc(),
        links.left_is_winner.desc(),
        links.right_is_winner.desc(),
        links.left_values,
        links.right_values,
    ]
    same = ["left_key", "right_key", "rule_index"]
    return ibis.row_number().over(group_by=same, order_by=order) == 0


def _matches(environment: Environment, table: str, stored: ir.Table) -> ir.Table:
    rules = [rule for rule in environment.step(table).match if rule.active]
    left = {place: [c.left for c in rule.conditions] for place, rule in enumerate(rules, start=1)}
    right = {place: [c.right for c in rule.conditions] for place, rule in enumerate(rules, start=1)}
    found = stored.filter(stored.rule.notnull())
    prefixes = [(name, environment.source(name).prefix) for name in environment.unify.order]
    return found.mutate(
        left_identifier=found.left_table.cases(*prefixes) + found.left_key,
        right_identifier=ibis.literal(environment.source(table).prefix) + found.right_key,
        kind=(found.rule_index == ALWAYS_PLACE).ifelse(ALWAYS_MATCH, MATCH),
        left_columns=_columns_of(found.rule_index, left),
        right_columns=_columns_of(found.rule_index, right),
        shared_by=ibis.literal(2, "int64"),
    ).select(*LINK)
