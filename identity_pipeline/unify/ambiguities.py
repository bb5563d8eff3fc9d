"""Ambiguities: records with several candidates, or with one that was refused."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from identity_pipeline.unify.apart import NEVER_MATCH
from identity_pipeline.unify.candidates import CANDIDATE, Side, best_first
from identity_pipeline.unify.winner import first_of

SEVERAL = "several candidates"


def ambiguities_of(
    lower: Side, offers: ir.Table, chosen: ir.Table, displaced: Sequence[ir.Table]
) -> ir.Table:
    """Groups of a table whose match was one of several, or refused; as `Matched.ambiguities`.

    Args:
        lower: the table.
        offers: every candidate that was tried, with `forbidden`.
        chosen: the candidate that each group was attached by.
        displaced: candidates given up for another group, with the `reason`.
    """
    allowed = offers.filter(~offers.forbidden)
    several = allowed.group_by("group").aggregate(candidates=allowed.record.nunique())
    several = several.filter(several.candidates > 1)
    picks = chosen.select(_group="group", rule="rule", chosen_key="target_key", _record="record")
    rivals = allowed.join(several, "group").join(picks, ibis._.group == picks._group)
    rivals = rivals.filter(rivals.record != rivals._record)
    rival = rivals.filter(first_of(rivals, "group", best_first(rivals)))
    ambiguous = rival.select(
        "group",
        "chosen_key",
        "candidates",
        rule="rule_right",
        reason=ibis.literal(SEVERAL),
        other_key="target_key",
    )
    forbidden = offers.filter(offers.forbidden).mutate(reason=ibis.literal(NEVER_MATCH))
    parts = [table.select(*CANDIDATE, "reason") for table in (forbidden, *displaced)]
    refused = _refused(ibis.union(*parts) if len(parts) > 1 else parts[0], picks)
    names = lower.rows.filter(lower.rows._is_winner).select(_of="_group", key="_key")
    both = ambiguous.union(refused.select(*ambiguous.columns))
    return both.join(names, both.group == names._of).select(
        "key", "rule", "reason", "candidates", "chosen_key", "other_key"
    )


def _refused(refused: ir.Table, picks: ir.Table) -> ir.Table:
    named = ["group", "reason"]
    count = refused.group_by(named).aggregate(candidates=refused.record.nunique())
    first = refused.mutate(
        _place=ibis.row_number().over(group_by=named, order_by=best_first(refused))
    ).filter(ibis._._place == 0)
    joined = first.join(count, named).left_join(picks.drop("rule"), ibis._.group == picks._group)
    return joined.select(
        "group", "chosen_key", "candidates", "rule", "reason", other_key="target_key"
    )
