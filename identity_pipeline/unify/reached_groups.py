"""Which deduplication groups of a table a run can change: all others are as they were."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.comparable import ValueLists
from identity_pipeline.expressions.views import another
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.rules import DeduplicationRule
from identity_pipeline.unify import changed_rows
from identity_pipeline.unify.deduplicate import deduplicate
from identity_pipeline.unify.guarded_values import keys_with
from identity_pipeline.unify.links import DeduplicationTask, automatic_rule
from identity_pipeline.unify.pairs import pairs_between, value_names, valued_rows
from identity_pipeline.unify.profile import KEY, ORDINAL


@dataclass(frozen=True)
class Last:
    """A table as it was deduplicated the last time.

    Attributes:
        members, duplicates: as `deduplicate.Deduplicated`.
        touched: `_ordinal` of the rows that came, went or changed since, and of those of which
            values are set aside now, or are not any more.
    """

    members: ir.Table
    duplicates: ir.Table
    touched: ir.Table


def last_of(engine: Engine, environment: Environment, table: str, changed: Collection[str]) -> Last:
    """A table as it was deduplicated the last time, and what changed of its rows since.

    Args:
        engine: has what that left, and what is known of changes.
        environment: guards and rules.
        table: the source's name.
        changed: what changed of that which deduplication reads, as `schema.table`.
    """
    rows = engine.table(names.profiles(table))
    parts = [rows.select(ORDINAL).filter(ibis.literal(False))]
    if str(names.profiles(table)) in changed:
        parts.append(engine.table(names.profiles_touched(table)))
    if str(names.GUARDED_VALUES) in changed and engine.size(names.GUARDED_TOUCHED):
        keys = keys_with(engine, environment, table, engine.table(names.GUARDED_TOUCHED))
        parts.append(another(rows).semi_join(keys, KEY).select(ORDINAL))
    return Last(
        members=engine.table(names.members(table)),
        duplicates=engine.table(names.duplicates(table)),
        touched=engine.keep(ibis.union(*parts, distinct=True)) if parts[1:] else parts[0],
    )


@dataclass(frozen=True)
class ReachedGroups:
    """What is to be deduplicated anew.

    Attributes:
        rows: the profile rows.
        groups: `_group` of the groups that they replace.
        ordinals: `_ordinal` of the rows that these had.
    """

    rows: ir.Table
    groups: ir.Table
    ordinals: ir.Table


def deduplicate_again(
    engine: Engine, rows: ir.Table, last: Last, task: DeduplicationTask
) -> bool | None:
    """Deduplicate what a run can change, where that is not most of the rows.

    Args:
        engine: has the tables of the last run: they are amended.
        rows, last, task: as `reached_groups`.

    Returns:
        Whether a group is another now; None where nothing was done.
    """
    part = reached_groups(engine, rows, last, task)
    if part is None:
        return None
    if not engine.count(part.rows) and not engine.count(part.groups):
        return False
    found = deduplicate(engine, part.rows, task)
    table, groups = task.step.table, found.members.select("_group")
    engine.store(names.groups_touched(table), part.groups.union(groups, distinct=True))
    engine.amend(names.members(table), ORDINAL, part.ordinals, found.members)
    engine.amend(names.winners(table), "_group", part.groups, found.winners)
    engine.amend(
        names.duplicates(table), "group", part.groups.rename(group="_group"), found.duplicates
    )
    return True


def reached_groups(
    engine: Engine, rows: ir.Table, last: Last, task: DeduplicationTask
) -> ReachedGroups | None:
    """Find the groups that a run can change; None where those have most of the rows.

    Links are between rows that agree, so new ones touch a row that changed, and lost ones were in
    its group. Whatever was linked with one of these, also where the link was refused, can change;
    two other rows agree or do not as they did before.

    Args:
        engine: keeps what is read more than once.
        rows: all profile rows as they are now.
        last: the table as it was; by the same rules, lists and custom matches.
        task: these.
    """
    total = engine.count(rows)
    if total <= changed_rows.SHORT:
        return None
    seeds = engine.keep(_seeds(rows, last, task))
    if engine.count(seeds) > changed_rows.MOST * total:
        return None
    parts = [seeds.select(ORDINAL), last.touched.select(ORDINAL), *_agreeing(rows, seeds, task)]
    near = engine.keep(ibis.union(*parts, distinct=True))
    groups = _with_refused(engine, last.members.semi_join(near, ORDINAL).select("_group"), last)
    mates = engine.keep(last.members.semi_join(groups, "_group").select(ORDINAL))
    either = engine.keep(near.union(mates, distinct=True))
    if engine.count(either) > changed_rows.MOST * total:
        return None
    return ReachedGroups(engine.keep(rows.semi_join(either, ORDINAL)), groups, mates)


def _seeds(rows: ir.Table, last: Last, task: DeduplicationTask) -> ir.Table:
    """Rows that changed, and those that custom matches name: which row they mean may change."""
    named = [
        pairs.select(**{KEY: key})
        for pairs in (task.always, task.never)
        if pairs is not None
        for key in ("key1", "key2")
    ]
    if not named:
        return rows.semi_join(last.touched, ORDINAL)
    keys = ibis.union(*named, distinct=True)
    of_keys = another(rows).semi_join(keys, KEY).select(ORDINAL)
    return rows.semi_join(last.touched.select(ORDINAL).union(of_keys), ORDINAL)


def _agreeing(rows: ir.Table, seeds: ir.Table, task: DeduplicationTask) -> list[ir.Table]:
    """`_ordinal` of rows that a rule, or their key, links to one of the seeds."""
    found = [rows.semi_join(seeds, KEY).select(ORDINAL)]
    for index, rule in enumerate(task.rules, start=1):
        found += _agreeing_by(rows, seeds, rule, index, task.lists)
    if automatic := automatic_rule(task):
        found += _agreeing_by(rows, seeds, automatic, 0, task.lists.only_guards)
    return found


def _agreeing_by(
    rows: ir.Table, seeds: ir.Table, rule: DeduplicationRule, index: int, lists: ValueLists
) -> Sequence[ir.Table]:
    if rule.is_of_values:
        columns = value_names(rule)
        values = valued_rows(seeds, rule, lists).select(*columns).distinct()
        return [valued_rows(rows, rule, lists).semi_join(values, columns).select(ORDINAL)]
    # The earlier row is on the left, on whichever side the seed is.
    after = pairs_between(seeds, rows, rule, index, lists).select(**{ORDINAL: "right"})
    before = pairs_between(rows, seeds, rule, index, lists).select(**{ORDINAL: "left"})
    return [after, before]


def _with_refused(engine: Engine, groups: ir.Table, last: Last) -> ir.Table:
    """Groups with all to which a refused link leads, over any number of them."""
    found = engine.keep(groups.distinct())
    refused = last.duplicates.filter(last.duplicates.refused.notnull())
    keys = last.members.select(KEY, _other="_group").distinct()
    ends = refused.join(keys, refused.right_key == keys[KEY])
    forth = engine.keep(ends.select(_group="group", _other="_other").distinct())
    if not engine.count(forth):
        return found
    both = engine.keep(forth.union(forth.select(_group="_other", _other="_group")))
    while True:
        more = both.semi_join(found, "_group").select(_group="_other").distinct()
        more = engine.keep(more.anti_join(found, "_group"))
        if not engine.count(more):
            return found
        found = engine.keep(found.union(more))
