"""What a run would do is said beforehand, and nothing is written or sent for it."""

import io
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import copytree, ignore_patterns

import filelock
import pytest
from rich.console import Console
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.defs import plan as plans
from identity_pipeline.defs.console import Dates
from identity_pipeline.effects.effect import CustomerChange, CustomerEffect, Some
from identity_pipeline.effects.words import customers_in_words
from identity_pipeline_tests.builders import UNIFY, write_environment
from identity_pipeline_tests.defs.planning import QUIET, tree

DAY, NEXT = "2024-05-01", "2024-05-02"
SEGMENTS = "segments:\n  - {name: with_mail, rule: {Email: {is_null: false}}}\n"
LANDED = {
    f"landing/contacts/{DAY}/file.csv": """\
Id,Name,Email,Joined
1,Ann,ann@x.example,2024-01-01
4,Dan,dan@x.example,2024-01-01
""",
    f"landing/visitors/{DAY}/file.csv": "Visitor,Mail\nv1,ANN@x.example\nv2,\n",
}
TOGETHER = UNIFY.replace("  - table: visitors\n", "  - table: visitors\n    include_all: true\n")
APART = UNIFY.replace("  - table: visitors\n", "  - table: visitors\n    include_all: false\n")


class Listener(ThreadingHTTPServer):
    """Counts what is posted to it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted = 0


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.posted += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def listener():
    with Listener() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def ran(tmp_path_factory, listener):
    """An environment with a webhook and a file export, run for a day."""
    folder = tmp_path_factory.mktemp("plan")
    url = f"http://127.0.0.1:{listener.server_address[1]}/"
    exports = f"""\
exports:
  - {{name: hook, kind: webhook, segment: with_mail, url: "{url}"}}
  - {{name: list, kind: email_list, segment: with_mail, to: "file:exports"}}
"""
    insights = {"segments.yaml": SEGMENTS, "exports.yaml": exports, "unify.yaml": TOGETHER}
    environment = write_environment(folder, insights | LANDED)
    outcome = cli("run", environment)
    assert outcome.exit_code == 0, outcome.output
    return environment


@pytest.fixture
def environment(ran, tmp_path):
    copytree(ran.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "small"


def cli(command, environment, *options):
    home = ("--home", environment.parent / "home")
    words = [command, "--environment", environment, *home, *options]
    return CliRunner().invoke(app, [str(word) for word in words])


def arrives(environment, text):
    file = environment / "landing" / "contacts" / NEXT / "file.csv"
    file.parent.mkdir()
    file.write_text(text)


@dataclass(frozen=True)
class Planned:
    """The same plan for people and for programs, and what it left behind."""

    text: str
    effect: dict
    files: tuple[dict, dict]
    posted: int


@pytest.fixture(scope="module")
def planned(ran, tmp_path_factory, listener):
    """The next day has a new person, another name for one, and no row of a third."""
    folder = tmp_path_factory.mktemp("planned")
    copytree(ran.parent, folder, dirs_exist_ok=True)
    environment = folder / "small"
    people = "1,Anna,ann@x.example,2024-01-01\n2,Bob,bob@x.example,2024-02-01\n"
    arrives(environment, f"Id,Name,Email,Joined\n{people}")
    before, posted = tree(folder), listener.posted
    question = plans.Question(environment, folder / "home", Dates())
    plan = plans.make_plan(question, QUIET, None)
    printed = Console(record=True, file=io.StringIO(), width=200)
    plans.print_plan(printed, plan)
    effect = json.loads(plans.as_json(plan))["effect"]
    left = (before, tree(folder))
    return Planned(printed.export_text(), effect, left, listener.posted - posted)


def test_nothing_would_change_where_nothing_did(environment):
    outcome = cli("plan", environment)

    assert outcome.exit_code == 0, outcome.output
    assert "Nothing would change." in outcome.output


def test_a_plan_leaves_home_and_environment_as_they_are(planned):
    assert planned.files[1] == planned.files[0]


def test_a_plan_sends_nothing(planned):
    assert planned.effect["exports"][0]["customers"]["entered"]["count"] == 1
    assert planned.posted == 0


def test_a_plan_tells_who_comes_and_what_segments_and_exports_get(planned):
    [segment], [_, letter] = planned.effect["segments"], planned.effect["exports"]
    [bob] = planned.effect["customers"]["created"]["examples"]

    assert bob["keys"] == "Shop|Contacts|2"
    assert segment["entered"] == {"count": 1, "examples": [bob["customer_id"]]}
    assert (letter["customers"]["before"], letter["customers"]["after"]) == (2, 2)
    assert (letter["sent"], letter["taken_back"]) == (1, 1)


def test_known_people_who_are_in_no_customer_any_more_are_named(planned):
    [dan] = planned.effect["customers"]["dropped"]["examples"]
    [key] = planned.effect["keys"]["gone"]["examples"]

    assert (dan["was_known"], dan["is_dropped"]) == (True, True)
    assert key == {"key": "Shop|Contacts|4", "before": dan["customer_id"], "after": None}


def test_columns_with_other_values_are_counted(planned):
    assert planned.effect["values"] == [{"table": "Customer", "column": "Name", "customers": 1}]


def test_people_read_what_programs_read(planned):
    [bob] = (one["customer_id"][:8] for one in planned.effect["customers"]["created"]["examples"])
    [dan] = (one["customer_id"][:8] for one in planned.effect["customers"]["dropped"]["examples"])
    change = f"2 > 2; entered 1: {bob}; left 1: {dan}"

    assert {
        f"Plan of small for {NEXT}; 1 other date unchanged",
        "  customers: 3 (2 known) > 3 (2 known)",
        f"  created 1: {bob} (Shop|Contacts|2)",
        f"  known people dropped 1: {dan}",
        f"  keys in no customer any more 1: Shop|Contacts|4 {dan}",
        "  other values in Customer, customers by column: Name 1",
        f"  segment with_mail: {change}",
        f"  export list: {change}; recipients: 1 added, 1 taken back",
    } <= set(planned.text.splitlines())


def test_examples_are_the_first_by_id_and_the_others_are_counted():
    changes = tuple(
        CustomerChange(digit * 32, None, None, None, was_known=False, is_dropped=False)
        for digit in "12"
    )
    effect = CustomerEffect(created=Some(5, changes))

    [line] = customers_in_words(effect)

    assert line == "  created 5: 11111111, 22222222 and 3 more"


def test_before_the_first_run_everything_is_new(tmp_path):
    environment = write_environment(tmp_path, LANDED)

    outcome = cli("plan", environment)

    assert outcome.exit_code == 3, outcome.output
    assert "Nothing was run yet of small: everything is new." in outcome.stdout
    assert not (tmp_path / "home").exists()


def changed_copy(environment):
    """The rules in another folder, of another name, without files; they leave visitors out."""
    copy = environment.parent / "checkout" / "small_changed"
    copytree(environment, copy, ignore=ignore_patterns("landing"))
    (copy / "unify.yaml").write_text(APART)
    return copy


def test_a_changed_copy_is_compared_with_its_base_and_reads_its_files(environment):
    home = ("--home", environment.parent / "home", "--json")

    copy = changed_copy(environment)
    words = ["plan", "--environment", copy, "--base", environment, *home]
    outcome = CliRunner().invoke(app, [str(word) for word in words])

    customers = json.loads(outcome.stdout)["effect"]["customers"]
    assert outcome.exit_code == 3
    assert (customers["gone"]["count"], customers["created"]["count"]) == (1, 0)


ANSWERS = [
    # options, exit code, what is said
    (["--date", "2024-13-01"], 2, "is no date"),
    (["--date", DAY, "--through", DAY], 2, "not both"),
    (["--date", "2023-01-01"], 2, "no files before 2024-05-01"),
    (["--base", "nowhere"], 2, "nowhere was never run"),
]


@pytest.mark.parametrize(("options", "code", "said"), ANSWERS)
def test_a_wrong_request_is_answered(environment, options, code, said):
    outcome = cli("plan", environment, *options)

    assert outcome.exit_code == code
    assert said in outcome.output


def test_a_copy_without_files_asks_for_its_base(environment):
    outcome = cli("plan", changed_copy(environment))

    assert outcome.exit_code == 2
    assert "with --base" in outcome.output


def test_a_run_that_would_fail_is_told(environment):
    arrives(environment, "no header of ours\n")

    outcome = cli("plan", environment)

    assert outcome.exit_code == 1
    assert f"landing/contacts/{NEXT}/file.csv" in outcome.stderr


def test_a_plan_waits_for_a_run_and_says_so_when_it_gives_up(environment, monkeypatch):
    monkeypatch.setattr(plans, "PATIENCE_SECONDS", 0.1)
    warehouse = environment.parent / "home" / "warehouse" / "small.duckdb"

    with filelock.FileLock(f"{warehouse}.lock"):
        outcome = cli("plan", environment)

    assert outcome.exit_code == 2
    assert "was in use" in outcome.output
