"""Splink at work: two tables of texts in, pairs with their match probability out."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from identity_pipeline.terms.rules import MatchCondition
from identity_pipeline.terms.splink import Kind, SplinkModel

ID = "id"
# Of pairs from which chance agreements are estimated, and of pairs that a way of blocking trains
# with: Splink takes a sample of more, always the same one, since records keep their ids.
SAMPLED_PAIRS, TRAINING_PAIRS = 2_000_000, 1_000_000
# A way of blocking that finds fewer pairs teaches nothing: a few agreements would mean certainty.
FEWEST_PAIRS = 100
# Rounds of expectation maximisation at most, Splink's own number first.
ROUNDS = (25, 3, 1)
# What is kept of probabilities, and of weights: sums of doubles differ past the twelfth place.
PROBABILITY_PLACES, WEIGHT_PLACES = 6, 4


@dataclass(frozen=True)
class ScoredPair:
    """Two records with what Splink says of them.

    Attributes:
        left, right: ids of the records.
        probability: that they are one customer, 0 to 1.
        weight: the match weight: the logarithm to base 2 of the odds.
        levels: one a comparison: 1.0 for the closest agreement, 0.0 for none or a missing value.
        weights: what each comparison adds to the weight.
    """

    left: str
    right: str
    probability: float
    weight: float
    levels: tuple[float, ...]
    weights: tuple[float, ...]


def compared_columns(model: SplinkModel) -> dict[str, MatchCondition]:
    """The columns that Splink reads besides ID: by name, how each is made comparable."""
    found: dict[str, MatchCondition] = {
        f"c{number}": one for number, one in enumerate(model.compare)
    }
    known = {_way_of(condition): name for name, condition in found.items()}
    for condition in (condition for way in model.block_on for condition in way):
        block = model.block(condition)
        name = known.setdefault(_way_of(block), f"b{len(known)}")
        found.setdefault(name, block)
    return found


def _way_of(condition: MatchCondition) -> tuple[object, ...]:
    return condition.left, condition.right, frozenset(condition.normalize), condition.region


def score_pairs(model: SplinkModel, left: pa.Table, right: pa.Table) -> list[ScoredPair] | None:
    """Train a model on two tables and score their pairs, always with the same answer.

    Chance agreements (u) are estimated from a sample of all pairs, agreements of one customer (m)
    by expectation maximisation on the pairs of each way of `block_on`. One thread and rows in one
    order give the same sums; what is left of a difference is rounded away.

    Args:
        model: what to compare.
        left, right: ID and the columns of `compared_columns`, all text, in the order of ID.

    Returns:
        Pairs with a probability of `review` at least, in the order of their ids. None where a
        comparison cannot be learnt: no way of blocking without it finds FEWEST_PAIRS pairs.
    """
    ways = list(_ways(model))
    trained = [way for way in ways if _pairs(left, right, way.settled) >= FEWEST_PAIRS]
    names = [f"c{number}" for number in range(len(model.compare))]
    if any(all(name in way.settled for way in trained) for name in names):
        return None
    import splink

    database = splink.DuckDBAPI()
    try:
        database.duckdb_con.execute("set threads = 1")
        frames = [
            database.register(table, dataset_display_name=name)
            for name, table in (("records_1", left), ("records_2", right))
        ]
        linker = _trained(splink, frames, model, trained, left.num_rows)
        if linker is None:
            return None
        # What rounding lifts to the limit counts.
        limit = model.review - 10**-PROBABILITY_PLACES
        found = linker.inference.predict(threshold_match_probability=limit).as_pyarrow_table()
    finally:
        database.duckdb_con.close()
    pairs = (_scored(row, model) for row in found.to_pylist())
    kept = (pair for pair in pairs if pair.probability >= model.review)
    return sorted(kept, key=lambda pair: (pair.left, pair.right))


@dataclass(frozen=True)
class _Way:
    """A way of blocking.

    Attributes:
        columns: what must be equal.
        settled: the same, and the comparisons of these columns that are made otherwise: they are
            no surprise among its pairs, so nothing may be learnt of them there.
    """

    columns: tuple[str, ...]
    settled: tuple[str, ...]


def _ways(model: SplinkModel) -> Iterator[_Way]:
    named = {_way_of(condition): name for name, condition in compared_columns(model).items()}
    for way in model.block_on:
        columns = [named[_way_of(model.block(condition))] for condition in way]
        sides = [(condition.left, condition.right) for condition in way]
        others = [
            f"c{number}"
            for number, one in enumerate(model.compare)
            if (one.left, one.right) in sides
        ]
        yield _Way(tuple(columns), tuple(dict.fromkeys((*columns, *others))))


def _pairs(left: pa.Table, right: pa.Table, columns: Sequence[str]) -> int:
    """How many pairs are equal in columns, missing values not counted."""

    def values(table: pa.Table) -> Counter[tuple[str, ...]]:
        rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
        return Counter(row for row in rows if None not in row)

    ones, others = values(left), values(right)
    return sum(count * others[value] for value, count in ones.items())


def _trained(
    splink: Any, frames: list[Any], model: SplinkModel, ways: Sequence[_Way], records: int
) -> Any:
    """A linker with a trained model; None where it cannot be trained.

    Where records of one customer agree without exception, each round of training makes the
    probability of a disagreement a power of what it was, until no double holds it, and Splink
    stops. Then the rounds were too many: training starts again with fewer.
    """
    # Its messages are for those who tune a model by hand.
    logging.getLogger("splink").setLevel(logging.ERROR)
    sampling = splink.Linker(frames, _settings(splink, model, records), log_level=None)
    sampling.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=model.seed)
    settings = sampling.misc.save_model_to_json()
    for rounds in ROUNDS:
        linker = splink.Linker(frames, settings | {"max_iterations": rounds}, log_level=None)
        try:
            for way in ways:
                linker.training.estimate_parameters_using_expectation_maximisation(
                    splink.block_on(*way.settled), max_pairs=TRAINING_PAIRS
                )
            return linker
        except ValueError:
            continue
    return None


def _settings(splink: Any, model: SplinkModel, records: int) -> Any:
    return splink.SettingsCreator(
        link_type="link_only",
        unique_id_column_name=ID,
        comparisons=[_comparison(one.kind, f"c{n}") for n, one in enumerate(model.compare)],
        blocking_rules_to_generate_predictions=[
            splink.block_on(*way.columns) for way in _ways(model)
        ],
        probability_two_random_records_match=model.expected / records,
        retain_intermediate_calculation_columns=True,
    )


def _comparison(kind: Kind, column: str) -> Any:
    from splink import comparison_library as library

    made: dict[Kind, Any] = {
        "name": library.NameComparison,
        "email": library.EmailComparison,
        "date_of_birth": partial(library.DateOfBirthComparison, input_is_string=True),
        "postcode": library.PostcodeComparison,
        "exact": library.ExactMatch,
        "levenshtein": library.LevenshteinAtThresholds,
        "jaro_winkler": library.JaroWinklerAtThresholds,
    }
    return made[kind](column)


def _scored(row: dict[str, Any], model: SplinkModel) -> ScoredPair:
    names = [f"c{number}" for number in range(len(model.compare))]
    levels = [
        # One level is of missing values; the others count from 0, for no agreement.
        max(row[f"gamma_{name}"], 0)
        / (len(_comparison(one.kind, name).create_comparison_levels()) - 2)
        for name, one in zip(names, model.compare, strict=True)
    ]
    weights = [row[f"mw_{name}"] + (row.get(f"mw_tf_adj_{name}") or 0.0) for name in names]
    return ScoredPair(
        left=row[f"{ID}_l"],
        right=row[f"{ID}_r"],
        probability=round(row["match_probability"], PROBABILITY_PLACES),
        weight=round(row["match_weight"], WEIGHT_PLACES),
        levels=tuple(round(level, 2) for level in levels),
        weights=tuple(round(weight, WEIGHT_PLACES) for weight in weights),
    )
