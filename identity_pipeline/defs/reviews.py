"""Pairs for review: what probabilistic rules find too likely to pass over, and too unlikely."""

from importlib.metadata import version

import dagster as dg

from identity_pipeline.engine.base import Engine
from identity_pipeline.terms import names
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.names import TableName
from identity_pipeline.unify.splink_pairs import Scores

CHECK = "pairs_to_review"
Described = dict[TableName, tuple[str, list[TableName]]]


def reviews_described(environment: Environment, table: str) -> Described:
    """The table of pairs for review with its description and inputs; nothing where no rule asks."""
    if not environment.step(table).splink_rules:
        return {}
    about = f"Pairs of {table} that a probabilistic rule lists for review; they join nothing."
    return {names.reviews(table): (about, [names.matches(table)])}


def splink_version(environment: Environment, table: str) -> str:
    """What a table's version says of Splink: another release of it may score otherwise."""
    return version("splink") if environment.step(table).splink_rules else ""


def review_checks(environment: Environment, table: str) -> list[dg.AssetCheckSpec]:
    """The check of that table."""
    return [
        dg.AssetCheckSpec(
            CHECK,
            asset=dg.AssetKey(name.key),
            description="Nobody has to look at a pair: none lies between `review` and `accept`.",
        )
        for name in reviews_described(environment, table)
    ]


def remarks_on(table: str, scores: Scores) -> list[str]:
    """What people should know of a table's rules, in words."""
    return [
        f"rule '{rule}' of {table} learnt nothing, so it matched nothing: "
        "its ways of block_on find too few pairs, or only pairs without any doubt"
        for rule in scores.untrained
    ]


def review_results(
    engine: Engine, environment: Environment, table: str
) -> list[dg.AssetCheckResult]:
    """The check with its number."""
    return [
        dg.AssetCheckResult(
            check_name=CHECK,
            asset_key=dg.AssetKey(name.key),
            passed=engine.size(name) == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"pairs": engine.size(name)},
        )
        for name in reviews_described(environment, table)
    ]
