"""Deduplication: rows of one source table that are one record."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import without_made
from identity_pipeline.expressions.views import another
from identity_pipeline.unify import groups
from identity_pipeline.unify.links import DeduplicationTask, automatic_links, custom_links
from identity_pipeline.unify.parting import Linked, parted
from identity_pipeline.unify.profile import KEY, ORDINAL
from identity_pipeline.unify.winner import by_preference, competing_columns, overwrite_columns


@dataclass(frozen=True)
class Deduplicated:
    """The three tables of a deduplicated source.

    Attributes:
        members: every row: `_ordinal`, `_key`, `_filled`, `_group` (the ordinal of the group's
            first row), `_is_winner`, `_rules` (names joined by ";"), `_score`, selected columns.
        winners: one row a group: the same, and `_alternates`: all keys of the group joined by ";",
            NULL where it has one key.
        duplicates: the evidence: `left_key`, `right_key`, `rule`, `rule_index`, `score`, one a
            condition: `scores`, `left_values`, `right_values` (as compared); `left_is_winner`,
            `right_is_winner`, `group` (the left row's), `refused` (why the link does not count,
            else NULL).
    """

    members: ir.Table
    winners: ir.Table
    duplicates: ir.Table


def deduplicate(engine: Engine, rows: ir.Table, task: DeduplicationTask) -> Deduplicated:
    """Group the rows of a table that are one record, and let one row of each group lead.

    Rules are independent: two rows are one record where any rule links them, or links both to a
    third. Then rows of one primary key are one record, and, in a table without rules of its
    own, rows equal in all columns of the match rules. Pairs under never match stay apart, and no
    record gets more identifying values than one customer may have.

    Args:
        engine: stores what is read more than once.
        rows: profile rows as stored (`unify.tasks.store_profiles`).
        task: rules, preferences, overrides.
    """
    custom = engine.keep(custom_links(engine, rows, task))
    links = engine.keep(custom.union(automatic_links(engine, rows, task)))
    if not engine.count(links):
        return _all_alone(rows, links)
    linked = Linked(custom, links, engine.keep(groups.label(engine, links)))
    if task.never is not None or task.maxima is not None:
        linked = parted(engine, rows, linked, task)
    grouped = engine.keep(_grouped(engine, rows, linked, task))
    members = _with_groups(rows, grouped)
    return Deduplicated(
        members=members,
        winners=_winners(members, grouped, task),
        duplicates=_evidence(linked.links, grouped, linked.refused),
    )


def _all_alone(rows: ir.Table, links: ir.Table) -> Deduplicated:
    """Every row a record of its own: what most tables are, at a fraction of the work."""
    members = rows.mutate(
        _group=rows._ordinal,
        _is_winner=ibis.literal(True),
        _rules=ibis.null("string"),
        _score=ibis.null("float64"),
    )
    winners = without_made(members).mutate(_alternates=ibis.null("string"))
    return Deduplicated(members, winners, _evidence(links, members))


def _grouped(engine: Engine, rows: ir.Table, linked: Linked, task: DeduplicationTask) -> ir.Table:
    """The rows that have links, few of all: `_ordinal`, `_key`, and what `_with_groups` adds."""
    columns = competing_columns(task.step.keep, task.profile.primary_key)
    tied = rows.join(linked.labels, rows._ordinal == linked.labels.node)
    tied = engine.keep(tied.select(*columns, _group="component"))
    custom = _within_one_group(linked.custom, tied)
    leading = _with_leader(engine, tied, custom, task)
    ruled = _with_rules(leading, _within_one_group(linked.links, tied))
    return ruled.select(ORDINAL, KEY, "_group", "_is_winner", "_rules", "_score")


def _with_groups(rows: ir.Table, grouped: ir.Table) -> ir.Table:
    """Every row with `_group`, `_is_winner`, `_rules`, `_score`; one without links is alone."""
    joined = rows.left_join(grouped.drop(KEY), ORDINAL, rname="{name}_of_group")
    return joined.mutate(
        _group=ibis.coalesce(joined._group, joined._ordinal),
        _is_winner=joined._is_winner.fill_null(True),
    ).drop("_ordinal_of_group")


def _within_one_group(links: ir.Table, grouped: ir.Table) -> ir.Table:
    """The links whose ends are in one group, with the group."""
    ends = grouped.select("_ordinal", "_group")
    left = links.join(ends, links.left == ends._ordinal).drop("_ordinal")
    other = another(ends)
    both = left.join(other, left.right == other._ordinal, rname="{name}_of_right")
    both = both.filter(both._group == both._group_of_right)
    return both.select(*links.columns, "_group")


def _with_leader(
    engine: Engine, grouped: ir.Table, custom: ir.Table, task: DeduplicationTask
) -> ir.Table:
    """Add `_is_winner`.

    Where rules and custom matches made one group, its winner by the merge preference leads. Where
    they made none of it, or several that one primary key joined, the first row leads.
    """
    custom_labels = engine.keep(groups.label(engine, engine.keep(custom)))
    rows = grouped.left_join(custom_labels, grouped._ordinal == custom_labels.node).drop("node")
    rows = rows.mutate(_custom_groups=rows.component.nunique().over(group_by="_group"))
    preferred = ibis.row_number().over(
        group_by=["_group", "component"],
        order_by=by_preference(rows, task.step.keep, task.profile.primary_key),
    )
    by_rule = (rows._custom_groups == 1) & rows.component.notnull() & (preferred == 0)
    first = (rows._custom_groups != 1) & (rows._ordinal == rows._group)
    return rows.mutate(_is_winner=by_rule | first).drop("component", "_custom_groups")


def _with_rules(rows: ir.Table, links: ir.Table) -> ir.Table:
    """Add to every row the rules that made its group, and the smallest score among them."""
    named = links.select("_group", "rule", "score").distinct()
    made = named.group_by("_group").aggregate(
        _rules=ibis.literal(";").join(named.rule.collect().unique().sort()),
        _score=named.score.min(),
    )
    joined = rows.left_join(made, "_group", rname="{name}_made")
    return joined.drop("_group_made")


def _winners(members: ir.Table, grouped: ir.Table, task: DeduplicationTask) -> ir.Table:
    keys = grouped.select("_group", "_key").distinct()
    several = keys.mutate(_keys=keys.count().over(group_by="_group"))
    several = several.filter(several._keys > 1)
    alternates = several.group_by("_group").aggregate(
        _alternates=ibis.literal(";").join(several._key.collect().sort())
    )
    leading = without_made(members.filter(members._is_winner))
    winners = leading.left_join(alternates, "_group", rname="{name}_of").drop("_group_of")
    return overwrite_columns(winners, members, task.step.keep_columns, task.profile.primary_key)


def _evidence(links: ir.Table, rows: ir.Table, refused: ir.Table | None = None) -> ir.Table:
    """Links by keys instead of ordinals; those between two groups carry what refused them."""
    if refused is None:
        links = links.mutate(refused=ibis.null("string"))
    else:
        links = links.left_join(refused, ["left", "right"], rname="{name}_of")
    keys = rows.select("_ordinal", "_key", "_group", "_is_winner")
    left = links.join(keys, links.left == keys._ordinal).drop("_ordinal")
    left = left.rename(left_key="_key", group="_group", left_is_winner="_is_winner")
    other = another(keys)
    both = left.join(other, left.right == other._ordinal).drop("_ordinal")
    return both.select(
        "left_key",
        "rule",
        "rule_index",
        "score",
        "scores",
        "left_values",
        "right_values",
        "left_is_winner",
        "group",
        right_key="_key",
        right_is_winner="_is_winner",
        refused="refused",
    )
