"""Pairs of a probabilistic rule: records sent to Splink, its scores as candidates and reviews."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions import conditions as compare
from identity_pipeline.expressions.comparable import ValueLists, with_comparables
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.rules import MatchCondition
from identity_pipeline.terms.splink import SplinkModel, SplinkRule
from identity_pipeline.unify import splink_model
from identity_pipeline.unify.candidates import CANDIDATE, Side
from identity_pipeline.unify.splink_model import ID

SCORED = {
    "left_id": "string",
    "right_id": "string",
    "probability": "float64",
    "weight": "float64",
    "scores": "array<float64>",
    "weights": "array<float64>",
}
# Between the parts of a record's text, and what stands for a missing part: no value has them.
MARK, ABSENT = "\x1f", "\x1e"
OF_RECORD = ("_group", "_record", "_target", "_key", "_is_winner", "_ordinal", "_rank", "_number")
REVIEW = (
    *("rule", "left_table", "left_key", "right_key", "probability", "weight"),
    *("scores", "weights", "left_values", "right_values"),
)


@dataclass(frozen=True)
class Scores:
    """What probabilistic rules say of a table.

    Attributes:
        pairs: rule -> its pairs from `review` on: columns as CANDIDATE without `rule_index`, and
            `probability`, `weight`, `weights`.
        untrained: rules whose model could not be learnt; they have no pairs.
    """

    pairs: Mapping[str, ir.Table] = field(default_factory=dict)
    untrained: tuple[str, ...] = ()


def score_rules(
    engine: Engine,
    lower: Side,
    higher: Mapping[str, Side],
    rules: tuple[SplinkRule, ...],
    lists: ValueLists,
) -> Scores:
    """Train the model of each rule on all records of its two tables, and score their pairs.

    All records take part, also those that an earlier rule matches: these are what a model learns
    most from, and a pair has one score, whichever rules come before.

    Args:
        engine: keeps records and pairs.
        lower: the table whose rules these are.
        higher: the tables above it.
        rules: active probabilistic rules.
        lists: bypass and alias lists, and guards of values.
    """
    pairs: dict[str, ir.Table] = {}
    untrained: list[str] = []
    for rule in rules:
        left = engine.keep(_records(rule, higher[rule.splink.left_table], lists, "left"))
        right = engine.keep(_records(rule, lower, lists, "right"))
        sent = (engine.to_arrow(_sent(rule.splink, side)) for side in (left, right))
        found = splink_model.score_pairs(rule.splink, *sent)
        if found is None:
            untrained.append(rule.name)
        scored = engine.keep(
            engine.relation(
                SCORED,
                (
                    (p.left, p.right, p.probability, p.weight, list(p.levels), list(p.weights))
                    for p in found or ()
                ),
            )
        )
        pairs[rule.name] = engine.keep(_pairs(rule, scored, left, right))
    return Scores(pairs, tuple(untrained))


def _records(rule: SplinkRule, side: Side, lists: ValueLists, place: str) -> ir.Table:
    """Every way in which a table's rows show a record, once: with its ID and what is compared.

    The ID is of the row's key and values, so that a record more or less in the table changes no
    other one's.
    """
    name_of = compare.left_name if place == "left" else compare.right_name
    named: dict[str, MatchCondition] = {
        **splink_model.compared_columns(rule.splink),
        **{name_of(number): one for number, one in enumerate(rule.exceptions)},
    }
    columns = {
        name: (condition.left_column if place == "left" else condition.right, condition)
        for name, condition in named.items()
    }
    valued = with_comparables(side.rows, columns, lists.of(side.name))
    same = ["_key", "_group", "_record", "_target", *columns]
    rows = valued.group_by(same).aggregate(
        is_winner=valued._is_winner.any(), ordinal=valued._ordinal.min()
    )
    text = rows._key
    for name in columns:
        text = text + MARK + rows[name].fill_null(ABSENT)
    numeric = side.rows[side.primary_key].type().is_numeric()
    number = rows._target.cast("decimal(38, 9)") if numeric else ibis.null("decimal(38, 9)")
    return rows.select(
        **{ID: text.hexdigest("md5")},
        **{name: rows[name] for name in columns},
        _group=rows._group,
        _record=rows._record,
        _target=rows._target,
        _key=rows._key,
        _is_winner=rows.is_winner,
        _ordinal=rows.ordinal,
        _rank=ibis.literal(side.rank, "int64"),
        _number=number,
    )


def _sent(model: SplinkModel, records: ir.Table) -> ir.Table:
    return records.select(ID, *splink_model.compared_columns(model)).order_by(ID)


def _pairs(rule: SplinkRule, scored: ir.Table, left: ir.Table, right: ir.Table) -> ir.Table:
    """Scored pairs with the records' keys and the values compared; columns as `Scores.pairs`."""
    # The columns of exceptions say themselves of which side they are.
    names = (ID, *splink_model.compared_columns(rule.splink), *OF_RECORD)
    lefts = left.rename({f"left{name}": name for name in names})
    rights = right.rename({f"right{name}": name for name in names})
    both = scored.join(lefts, scored.left_id == lefts[f"left{ID}"])
    both = both.join(rights, both.right_id == rights[f"right{ID}"])
    both = both.filter(compare.holds(both, (), rule.exceptions)) if rule.exceptions else both
    compared = [f"c{number}" for number in range(len(rule.splink.compare))]
    return both.select(
        "probability",
        "weight",
        "scores",
        "weights",
        "left_key",
        "right_key",
        "left_is_winner",
        "right_is_winner",
        "left_ordinal",
        "right_ordinal",
        "left_rank",
        "left_number",
        group="right_group",
        record="left_record",
        rule=ibis.literal(rule.name),
        score="probability",
        # A missing value is shown as an empty one: lists of texts have no gaps.
        left_values=ibis.array([both[f"left{name}"].fill_null("") for name in compared]),
        right_values=ibis.array([both[f"right{name}"].fill_null("") for name in compared]),
        alternates=(~both.left_is_winner).cast("int64") + (~both.right_is_winner).cast("int64"),
        target_key="left_target",
    )


def scored_candidates(rule: SplinkRule, index: int, lower: Side, scores: Scores) -> ir.Table:
    """The pairs that a rule accepts, of the groups in `lower`; columns as CANDIDATE."""
    pairs = scores.pairs[rule.name]
    accepted = pairs.filter(pairs.probability >= rule.splink.accept)
    offered = accepted.semi_join(lower.rows, accepted.group == lower.rows._group)
    return offered.mutate(rule_index=ibis.literal(index, "int64")).select(*CANDIDATE)


def store_reviews(engine: Engine, environment: Environment, table: str, scores: Scores) -> None:
    """Store a table's pairs for review, after its matches; nothing where no rule asks."""
    if rules := environment.step(table).splink_rules:
        matches = engine.table(names.matches(table))
        engine.store(names.reviews(table), review_pairs(rules, scores, matches))


def review_pairs(rules: tuple[SplinkRule, ...], scores: Scores, matches: ir.Table) -> ir.Table:
    """Pairs between `review` and `accept` whose records no rule joined; columns as REVIEW.

    Each pair of keys once by each rule: by the values of its most probable pair of rows.

    Args:
        rules: at least one.
        scores: of these rules.
        matches: which record each group of the table joined; NULL `rule` where it joined none.
    """
    parts = list(_bands(rules, scores))
    band = ibis.union(*parts) if len(parts) > 1 else parts[0]
    joined = matches.filter(matches.rule.notnull()).select(_group="group", _record="record")
    apart = band.anti_join(joined, [band.group == joined._group, band.record == joined._record])
    order = [
        apart.probability.desc(),
        apart.weight.desc(),
        apart.left_values,
        apart.right_values,
    ]
    same = ["rule", "left_table", "left_key", "right_key"]
    best = apart.mutate(_place=ibis.row_number().over(group_by=same, order_by=order))
    return best.filter(best._place == 0).select(*REVIEW)


def _bands(rules: tuple[SplinkRule, ...], scores: Scores) -> Iterator[ir.Table]:
    for rule in rules:
        pairs = scores.pairs[rule.name]
        band = pairs.filter(pairs.probability < rule.splink.accept)
        yield band.select(
            "group",
            "record",
            left_table=ibis.literal(rule.splink.left_table),
            **{name: band[name] for name in REVIEW if name != "left_table"},
        )
