"""The sample's third and fourth run, and Include all, by the commands that people use."""

import dataclasses
import json
import shutil

import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline_tests.defs.planning import tree
from identity_pipeline_tests.golden.scenario import (
    DEV,
    FAY,
    POS12,
    POS13,
    WEB1,
    WEB5,
    Scenario,
    environment,
)
from identity_pipeline_tests.golden.test_exports import ADS, EVE, SEGMENT, sent
from identity_pipeline_tests.golden.test_exports import DEV as DEVS_ADDRESS

LAST = "2022-07-26"
PAIR = ("Loyalty:Members:709", "Web:Events:Unkonwn5")


def cli(folder, command, *options):
    where = ("--environment", folder / "contoso", "--home", folder / "home")
    return CliRunner().invoke(app, [str(word) for word in (command, *options, *where)])


@dataclasses.dataclass(frozen=True)
class Told:
    """What the commands said, and what they left."""

    folder: object
    undo: str
    why: str

    @property
    def scenario(self):
        home = self.folder / "home"
        exports = home / "exports" / "CustomerInsights_contoso"
        return Scenario({"r4": home / "published" / "contoso.duckdb"}, exports)


@pytest.fixture(scope="module")
def told(tmp_path_factory, on):
    """After three days the never-match line of the fourth is written by the command, and run."""
    folder = tmp_path_factory.mktemp("commands")
    copy = environment(folder, include_unknown=True)
    shutil.rmtree(copy / "landing" / "overrides")
    shutil.copytree(on.homes["again"], folder / "home")
    note = ("--reason", "the flatmate's laptop", "--author", "Kim", "--date", LAST)
    undo = cli(folder, "never-match", *PAIR, *note)
    assert cli(folder, "run", "--date", LAST).exit_code == 0
    return Told(folder, undo.output, cli(folder, "why", *PAIR).output)


def rows_but_of_bytes(tables):
    """All tables, deliveries without the file's size, hash and what it has beside the template."""
    files = [(*row[:8], row[8]) for row in tables["Deliveries"]]
    return tables | {"Deliveries": sorted(files, key=repr)}


def test_the_tables_are_those_of_the_file_written_by_hand(told, on):
    found = rows_but_of_bytes(told.scenario.tables("r4"))

    assert found == rows_but_of_bytes(on.tables("r4"))


def test_the_platform_is_told_to_forget_who_was_wrongly_reached(told):
    [eve], [dev] = (sent(told.scenario, ADS, name, 4) for name in (SEGMENT, f"{SEGMENT}_removed"))

    assert (eve["email"], dev["email"]) == (EVE, DEVS_ADDRESS)


SHOWN = [
    "customers: 8 (6 known) > 9 (6 known)",
    f"restored 1: {WEB5[:8]} > {DEV[:8]} (Web|Events|Unkonwn5)",
    f"keys moved 1: Web|Events|Unkonwn5 {DEV[:8]} > {WEB5[:8]}",
    f"segment {SEGMENT}: 2 > 1; left 1: {DEV[:8]}",
    f"segment unknown_viewers: 0 > 1; entered 1: {WEB5[:8]}",
    f"export {ADS}: 2 > 1; left 1: {DEV[:8]}; recipients: 1 taken back",
    f"`identity-pipeline run --date {LAST}` applies it.",
]


def test_the_command_shows_what_the_run_will_do_and_how_to_start_it(told):
    assert set(SHOWN) <= {line.strip() for line in told.undo.splitlines()}


def test_why_says_who_keeps_them_apart_and_for_which_reason(told):
    assert f"{LAST}/never_match.csv, line 2; Kim: the flatmate's laptop)" in told.why


@pytest.fixture(scope="module")
def turned_on(tmp_path_factory, off):
    """After the first day, which ran with Include all off, it is turned on, and planned."""
    folder = tmp_path_factory.mktemp("turned_on")
    copy = environment(folder, include_unknown=False)
    shutil.copytree(off.homes["r1"], folder / "home")
    text = (copy / "unify.yaml").read_text(encoding="utf-8")
    (copy / "unify.yaml").write_text(text.replace("include_all: false", "include_all: true"))
    before = tree(folder)
    outcome = cli(folder, "plan", "--through", "2022-07-23", "--json")
    assert tree(folder) == before
    return outcome


def test_include_all_makes_five_customers_and_merges_nobody(turned_on):
    assert turned_on.exit_code == 3, turned_on.output
    customers = json.loads(turned_on.stdout)["effect"]["customers"]

    new = [one["customer_id"] for one in customers["created"]["examples"]]
    assert new == sorted([FAY, POS12, POS13, WEB1, WEB5])
    assert (customers["created"]["count"], customers["merged"]["count"]) == (5, 0)
