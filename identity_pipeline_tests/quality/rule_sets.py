"""Three rule sets on one generated world, side by side: how far each agrees with the truth.

The documentation's figures: `python -m identity_pipeline_tests.quality.rule_sets --people 14000`.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import yaml

from identity_pipeline.config import load_environment
from identity_pipeline.defs.location import Home, assets_of, definitions_of
from identity_pipeline.terms import names
from identity_pipeline.worlds.generate import generate
from identity_pipeline.worlds.plan import World

DAY = "2024-06-03"
# The customer tables with an e-mail address; the till has none.
WITH_EMAIL = ("ecommerce_contacts", "loyalty_members", "support_contacts")
EMAIL = {"normalize": ["lower", "whitespace"]}
NAME = {"normalize": ["name"], "precision": "high"}
MEASURES = ("pair_precision", "pair_recall", "pair_f1")

VISITORS = "web_events"

Rules = dict[str, Any]


def exact_email(unify: Rules) -> None:
    """Equal e-mail addresses are one person."""
    _only(unify, {"Email": EMAIL})


def name_and_email(unify: Rules) -> None:
    """Alike names and alike e-mail addresses are one person; no condition is exact."""
    _only(unify, {"FullName": NAME, "Email": {**EMAIL, "precision": "high"}})


def default(unify: Rules) -> None:
    """The rules that a generated world comes with."""


RULE_SETS: dict[str, Callable[[Rules], None]] = {
    "exact e-mail": exact_email,
    "name High + e-mail High": name_and_email,
    "default": default,
}


def _without_visitors(unify: Rules) -> None:
    """A visitor joins a customer and never two, so customer records are as they are without."""
    unify["tables"] = [step for step in unify["tables"] if step["table"] != VISITORS]
    for name, sources in unify["columns"].items():
        unify["columns"][name] = [one for one in sources if not one.startswith(VISITORS)]
    unify["exclude"] = [one for one in unify["exclude"] if not one.startswith(VISITORS)]
    unify.get("shared_devices", {}).pop(VISITORS, None)
    unify["quality"]["profiles"] = "none"


def _only(unify: Rules, columns: Rules) -> None:
    """One rule within each customer table that has all columns, and against each above it."""
    above: list[str] = []
    for step in unify["tables"]:
        table = step["table"]
        step["deduplicate"], step["match"] = [], []
        if table in WITH_EMAIL:
            within = [{"column": column, **how} for column, how in columns.items()]
            step["deduplicate"] = [{"name": "Within", "conditions": within}]
            for higher in above:
                pairs = [
                    {"left": f"{higher}.{column}", "right": column, **how}
                    for column, how in columns.items()
                ]
                step["match"].append({"name": f"With {higher}", "conditions": pairs})
            above.append(table)
        if not step["match"]:
            del step["match"]


def measure(world: Path, name: str) -> Path:
    """Unify the world by a rule set, compare with the truth; the warehouse that holds the result.

    The world's own rules are there again afterwards; its activities, which nothing here needs, are
    gone.
    """
    (world / "activities.yaml").unlink(missing_ok=True)
    file = world / "unify.yaml"
    written = file.read_text(encoding="utf-8")
    unify = yaml.safe_load(written)
    _without_visitors(unify)
    RULE_SETS[name](unify)
    file.write_text(yaml.safe_dump(unify, sort_keys=False), encoding="utf-8")
    place = Home(world.parent / name.replace(" ", "_"), world.name)
    try:
        environment = load_environment(world)
        definitions = definitions_of(environment, place)
        wanted = dg.AssetSelection.assets(dg.AssetKey(names.MATCH_QUALITY.key)).upstream()
        outcome = dg.materialize(
            assets_of(environment, place),
            selection=wanted.required_multi_asset_neighbors(),
            partition_key=DAY,
            resources=definitions.resources,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    finally:
        file.write_text(written, encoding="utf-8")
    assert outcome.success
    return place.warehouse


def agreement(warehouse: Path) -> dict[tuple[str, str], object]:
    """The numbers of MatchQuality by scope and metric."""
    query = "select scope, metric, value from customer.match_quality"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    return {(scope, metric): value for scope, metric, value in rows}


def main() -> None:
    """Print the documentation's table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=14000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        generate(World(people, 1, 2.0, 1), world, lambda _: None)
        print("| rules | precision | recall | F1 |\n|---|---|---|---|")
        for name in RULE_SETS:
            found = agreement(measure(world, name))
            shown = (f"{found['all', measure]:.3f}" for measure in MEASURES)
            print(f"| {name} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
