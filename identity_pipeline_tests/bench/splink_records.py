"""Splink on a world's customer records, the usual way; a process of its own, to be measured.

Runs in a world's folder. Writes `splink/<threshold>.parquet` for some thresholds, and
`splink/costs.json`: processor seconds until all pairs are scored, and of each clustering.
"""

import json
import time
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
OUT = Path("splink")

# Pairs with one of these in common are scored; the first two train the model, too.
BLOCKING = (
    block_on("email"),
    block_on("phone"),
    block_on("birthday", "postal_code"),
    block_on("first_name", "last_name", "postal_code"),
    block_on("birthday", "last_name"),
)
SETTINGS = SettingsCreator(
    link_type="dedupe_only",
    unique_id_column_name="unique_id",
    blocking_rules_to_generate_predictions=list(BLOCKING),
    comparisons=[
        cl.JaroWinklerAtThresholds("first_name", [0.92, 0.8]),
        cl.JaroWinklerAtThresholds("last_name", [0.92, 0.8]).configure(
            term_frequency_adjustments=True
        ),
        cl.LevenshteinAtThresholds("email", 2),
        cl.LevenshteinAtThresholds("phone", 2),
        cl.LevenshteinAtThresholds("birthday", 1),
        cl.ExactMatch("postal_code"),
    ],
    retain_matching_columns=False,
)
RECALL = 0.7  # of the deterministic rules below, as Splink's tutorial guesses
RULES = [block_on("email", "first_name"), block_on("phone", "last_name")]
PAIRS_OF_CHANCE = 1e6
SEED = 1


def train(linker: Linker) -> None:
    """Learn how much each agreement is worth."""
    training = linker.training
    training.estimate_probability_two_random_records_match(RULES, recall=RECALL)
    training.estimate_u_using_random_sampling(max_pairs=PAIRS_OF_CHANCE, seed=SEED)
    for rule in (block_on("email"), block_on("phone"), block_on("birthday", "postal_code")):
        training.estimate_parameters_using_expectation_maximisation(rule)


def main() -> None:
    """Read the records, train, score, and cluster at each threshold."""
    OUT.mkdir(exist_ok=True)
    connection = duckdb.connect()
    connection.execute(Path(__file__).with_name("records.sql").read_text(encoding="utf-8"))
    database = DuckDBAPI(connection)
    linker = Linker(database.register("records"), SETTINGS)
    train(linker)
    pairs = linker.inference.predict(threshold_match_probability=min(THRESHOLDS))
    scored = time.process_time()
    clustering = {}
    for threshold in THRESHOLDS:
        began = time.process_time()
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold)
        name = clusters.physical_name
        connection.table(name).project("source, tab, record, cluster_id as grp").write_parquet(
            str(OUT / f"{threshold}.parquet")
        )
        clustering[threshold] = time.process_time() - began
    costs = {"scored": scored, "clustering": clustering}
    (OUT / "costs.json").write_text(json.dumps(costs), encoding="utf-8")


if __name__ == "__main__":
    main()
