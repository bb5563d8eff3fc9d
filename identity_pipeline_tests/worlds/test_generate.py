"""The command: what it writes loads, runs, and unifies people who are one."""

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.config import load_environment
from identity_pipeline.config_warnings import warnings
from identity_pipeline.defs.validation import check_types
from identity_pipeline.terms.rules import DeduplicationRule
from identity_pipeline_tests.worlds.conftest import made

# What the rules reach on such a world; below these something broke.
PRECISION_FLOOR, RECALL_FLOOR = 0.97, 0.7


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A world made by the command, and a home where it ran."""
    place = tmp_path_factory.mktemp("tiny")
    out, home = place / "tiny", place / "home"
    words = ["generate", "--people", "400", "--days", "2", "--events-per-person", "4"]
    generated = CliRunner().invoke(app, [*words, "--out", str(out)])
    ran = CliRunner().invoke(app, ["run", "--environment", str(out), "--home", str(home)])
    return generated, ran, out, home


def test_the_command_says_what_it_wrote(tiny):
    generated, _, out, _ = tiny

    assert generated.exit_code == 0
    assert f"{out}: 400 people," in generated.output


def test_a_generated_environment_has_no_problem_and_no_warning(large):
    environment = load_environment(large.out)
    check_types(environment)

    assert warnings(environment) == []


def test_every_fuzzy_condition_stands_beside_an_exact_one(large):
    steps = load_environment(large.out).unify.tables
    rules = [rule for step in steps for rule in (*step.deduplicate, *step.match)]

    assert any(isinstance(rule, DeduplicationRule) for rule in rules)
    assert all(any(condition.exact for condition in rule.conditions) for rule in rules)


def test_a_tiny_world_runs_and_nothing_is_rejected(tiny):
    _, ran, _, home = tiny

    with duckdb.connect(home / "published" / "tiny.duckdb", read_only=True) as published:
        rejected = published.execute('select sum(rejected) from "Deliveries"').fetchone()
    assert (ran.exit_code, rejected) == (0, (0,))


def test_the_default_rules_find_people_who_are_one(tiny):
    _, _, out, home = tiny
    truth = pd.read_csv(out / "truth.csv", dtype=str).query("DataSource != 'Web'")
    with duckdb.connect(home / "published" / "tiny.duckdb", read_only=True) as published:
        keys = published.execute('select * from "AlternateKey"').df()
    on = {"DataSourceName": "DataSource", "TableName": "Table", "AlternateValue": "Key"}
    joined = truth.merge(keys.rename(columns=on), on=list(on.values()))

    right = pairs(joined, ["CustomerId", "Person"])
    precision, recall = right / pairs(joined, ["CustomerId"]), right / pairs(joined, ["Person"])

    assert precision > PRECISION_FLOOR
    assert recall > RECALL_FLOOR


def pairs(rows, by):
    sizes = rows.groupby(by).size()
    return (sizes * (sizes - 1) / 2).sum()


REFUSED = [
    (["--people", "0"], "--people 0: must be from 1"),
    (["--people", "9", "--trap", "kiosk=1x1"], "Did you mean 'kiosks'?"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_what_cannot_be_made_is_refused_with_2_and_nothing_is_written(tmp_path, words, message):
    out = tmp_path / "w"

    result = CliRunner().invoke(app, ["generate", "--out", str(out), *words])

    assert (result.exit_code, out.exists()) == (2, False)
    assert message in result.output


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    world = made(tmp_path / "w", people=5)
    before = world.digests()

    result = CliRunner().invoke(app, ["generate", "--people", "9", "--out", str(world.out)])

    assert (result.exit_code, world.digests()) == (2, before)
    assert "is not empty" in result.output


def test_a_folder_whose_name_names_no_environment_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["generate", "--people", "9", "--out", str(tmp_path / "My-W")])

    assert (result.exit_code, (tmp_path / "My-W").exists()) == (2, False)
