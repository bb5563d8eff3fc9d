"""Lines of custom-match files written by commands: where, what, what is refused, and undone."""

import csv
import datetime
import shutil
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline.defs.undo import Asked, add_line
from identity_pipeline_tests.builders import UNIFY, write_environment
from identity_pipeline_tests.defs.planning import rehearsed

DAY, NEXT = "2024-05-01", "2024-05-02"
OVERRIDES = """\
overrides:
  never_match: landing/never/{ingestion_date}/*.csv
  always_match: landing/always/{ingestion_date}/*.csv
"""
FILES = {
    "unify.yaml": UNIFY.replace(
        "  - table: visitors\n", "  - table: visitors\n    include_all: on\n"
    )
    + OVERRIDES,
    f"landing/contacts/{DAY}/file.csv": """\
Id,Name,Email,Joined
1,Ann,ann@x.example,2024-01-01
2,Bob,bob@x.example,2024-01-01
""",
    f"landing/visitors/{DAY}/file.csv": "Visitor,Mail\nv1,ANN@x.example\nv2,\n",
}
ANN, V1, V2 = "Shop:Contacts:1", "Web:Visitors:v1", "Web:Visitors:v2"
HEADER = "Table1,Table1Key,Table2,Table2Key"
NOTES = "Author,Reason,Written"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = write_environment(tmp_path_factory.mktemp("undo"), FILES)
    assert run_dates(folder, folder.parent / "home", Dates())
    return folder


@pytest.fixture
def environment(ran, tmp_path):
    shutil.copytree(ran.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "small"


def cli(environment, command, *words):
    where = ("--environment", environment, "--home", environment.parent / "home")
    words = [command, *words, *where, *([] if command in ("run", "plan") else ["--no-plan"])]
    return CliRunner().invoke(app, [str(word) for word in words])


def never(environment, one=ANN, other=V1, *more):
    return cli(environment, "never-match", one, other, "--reason", "not one", *more)


def file_of(environment, kind="never", day=DAY, name=None):
    return environment / "landing" / kind / day / (name or f"{kind}_match.csv")


def lines(file):
    with file.open(newline="") as stored:
        return list(csv.DictReader(stored))


def deliver(environment, text, day=DAY, name=None):
    file = file_of(environment, day=day, name=name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def test_a_line_has_the_products_columns_and_who_wrote_it_and_why(environment):
    outcome = never(environment, ANN, V1, "--author", "Kim")

    [line] = lines(file_of(environment))
    assert outcome.exit_code == 0, outcome.output
    assert datetime.datetime.fromisoformat(line.pop("Written")).tzinfo is datetime.UTC
    assert [*line.values()] == ["Shop_Contacts", "1", "Web_Visitors", "v1", "Kim", "not one"]


def test_the_line_is_of_the_day_of_the_data_and_the_run_of_it_is_named(environment):
    outcome = never(environment)

    assert f"`identity-pipeline run --date {DAY}` applies it." in outcome.output


def test_a_customer_stands_for_the_first_key_and_it_is_said(environment):
    file = environment.parent / "home" / "published" / "small.duckdb"
    with duckdb.connect(str(file), read_only=True) as published:
        [(ann,)] = published.execute(
            "select CustomerId from Customer where Name = 'Ann'"
        ).fetchall()

    outcome = never(environment, ann[:10], "v2")

    assert "never match: Shop Contacts 1 and Web Visitors v2" in outcome.output


def test_a_new_delivery_has_the_lines_still_in_force(environment):
    deliver(environment, f"{HEADER}\nShop_Contacts,2,Web_Visitors,v2\n")

    never(environment, ANN, V1, "--date", NEXT)

    keys = [
        (line["Table1Key"], line["Table2Key"]) for line in lines(file_of(environment, day=NEXT))
    ]
    assert keys == [("2", "v2"), ("1", "v1")]
    assert len(lines(file_of(environment))) == 1


def test_lines_and_columns_of_others_stay_as_they_are(environment):
    text = f'{HEADER},Ticket\r\n"Shop_Contacts","2",Web_Visitors,v2,"a, ""b""\n c"\r\n\r\n'
    deliver(environment, text)

    never(environment, ANN, V1, "--author", "Kim")

    found = file_of(environment).read_bytes().decode()
    written = found.rstrip("\r\n").rpartition(",")[2]
    assert found == (
        f"{HEADER},Ticket,{NOTES}\r\n"
        '"Shop_Contacts","2",Web_Visitors,v2,"a, ""b""\n c",,,\r\n\r\n'
        f"Shop_Contacts,1,Web_Visitors,v1,,Kim,not one,{written}\r\n"
    )


def test_a_delivery_of_several_files_stays_whole(environment):
    deliver(environment, f"{HEADER}\nShop_Contacts,2,Web_Visitors,v2\n", name="a.csv")
    deliver(environment, f"{HEADER}\n", name="b.csv")

    never(environment, ANN, V1, "--date", NEXT)

    sizes = [len(lines(file_of(environment, day=NEXT, name=name))) for name in ("a.csv", "b.csv")]
    assert sizes == [1, 1]


REFUSED = [
    # what was written before, what is asked, what is said
    ([], (ANN, ANN), "cannot be a pair with itself"),
    ([], (ANN, "Shop:Contacts:9"), "Shop Contacts has no key '9'"),
    ([], (ANN, "nobody"), "no profile table has the key 'nobody'"),
    ([], (ANN, V1, "--date", "2999-01-01"), "2999-01-01 is in the future"),
    ([], (ANN, V1, "--date", "2024-04-30"), f"before {DAY}, the first ingestion date"),
    ([("never-match", V1, ANN)], (ANN, V1), "under never match already (landing/never/"),
    ([("always-match", V1, ANN)], (ANN, V1), "forget-override"),
    ([("never-match", ANN, V2, "--date", NEXT)], (ANN, V1, "--date", DAY), f"--date {NEXT}"),
]


@pytest.mark.parametrize(("before", "asked", "said"), REFUSED)
def test_what_would_not_count_is_refused(environment, before, asked, said):
    for command, *words in before:
        assert cli(environment, command, *words, "--reason", "x").exit_code == 0

    outcome = never(environment, *asked)

    assert outcome.exit_code == 2, outcome.output
    assert said in outcome.output


def test_an_environment_without_the_file_is_told_what_to_add(environment):
    (environment / "unify.yaml").write_text(UNIFY)

    outcome = never(environment)

    assert outcome.exit_code == 2
    assert "overrides:\n  never_match: landing/overrides/never_match/{ingest" in outcome.output


def test_a_file_without_the_header_is_not_touched(environment):
    deliver(environment, "One,Two\n")

    outcome = never(environment)

    assert outcome.exit_code == 2
    assert "the header lacks Table1" in outcome.output
    assert file_of(environment).read_text() == "One,Two\n"


def test_a_file_with_an_open_quote_is_not_touched(environment):
    text = 'Table1,Table1Key,Table2,Table2Key\nShop_Contacts,"1,Web_Visitors,v9\n'
    deliver(environment, text)

    outcome = never(environment)

    told = (outcome.exit_code, "line 2" in outcome.output, file_of(environment).read_text())
    assert told == (2, True, text)


def test_a_mark_before_a_quoted_header_is_no_part_of_it(environment):
    deliver(environment, '\ufeff"Table1","Table1Key","Table2","Table2Key"\n')
    never(environment)

    assert len(lines(file_of(environment))) == 1


def test_people_who_write_at_once_wait_for_each_other(environment):
    home = environment.parent / "home"
    others = [f"Web:Visitors:{key}" for key in ("v1", "v2")] + ["Shop:Contacts:2"]

    with ThreadPoolExecutor() as pool:
        asked = [Asked(environment, home, ANN, other) for other in others]
        list(pool.map(lambda one: add_line(one, "never_match", "Kim", "x"), asked))

    assert sorted(line["Table2Key"] for line in lines(file_of(environment))) == ["2", "v1", "v2"]


def test_forget_takes_the_pair_out_of_whichever_file_has_it(environment):
    cli(environment, "always-match", ANN, V2, "--reason", "x")

    outcome = cli(environment, "forget-override", V2, ANN)

    assert outcome.exit_code == 0, outcome.output
    assert lines(file_of(environment, kind="always")) == []


def test_a_line_of_a_key_that_is_gone_can_be_forgotten(environment):
    deliver(environment, f"{HEADER}\nShop_Contacts,9,Web_Visitors,v2\n")

    outcome = cli(environment, "forget-override", "Shop:Contacts:9", V2)

    assert outcome.exit_code == 0, outcome.output
    assert lines(file_of(environment)) == []


def test_what_is_under_no_line_cannot_be_forgotten(environment):
    outcome = cli(environment, "forget-override", ANN, V2)

    assert outcome.exit_code == 2
    assert "neither never match nor always match has the pair" in outcome.output


def test_added_and_forgotten_is_as_never_added(environment):
    never(environment)
    cli(environment, "forget-override", ANN, V1)

    effect, _ = rehearsed(environment, environment.parent / "home")

    assert [one.table for one in effect.tables] == ["Deliveries"]


def identities(environment):
    """Who holds which key, and who is known."""
    file = environment.parent / "home" / "published" / "small.duckdb"
    with duckdb.connect(str(file), read_only=True) as published:
        query = "select * exclude (KeyRing) from AlternateKey order by all"
        status = "select CustomerId, IdentityStatus, Email from Customer order by all"
        return published.execute(query).fetchall(), published.execute(status).fetchall()


def test_applied_and_forgotten_gives_the_same_ids(environment):
    before = identities(environment)
    never(environment)
    cli(environment, "run")
    parted = identities(environment)
    cli(environment, "forget-override", ANN, V1)

    cli(environment, "run")

    assert parted != before
    assert identities(environment) == before
