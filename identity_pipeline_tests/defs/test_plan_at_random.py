"""Whatever changes, rules or data: a plan tells what the run then does."""

import random
import shutil

import duckdb
import pytest

from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline_tests.defs.planning import published, rehearsed
from identity_pipeline_tests.shop import DAY_2, UNIFY, write_shop

DAY_3 = "2024-05-03"
MEASURES = """\
measures:
  - {name: looks, kind: customer_attribute, count: activity, where: {Title: Look}, null_as: 0}
"""
SEGMENTS = """\
segments:
  - {name: with_mail, rule: {Email: {is_null: false}}}
  - {name: lookers, rule: {looks: {gt: 0}}}
  - {name: first_guests, kind: static, rule: {IdentityStatus: known}}
"""
EXPORTS = """\
exports:
  - {name: letter, kind: email_list, segment: with_mail, to: "file:exports"}
  - {name: ads, kind: hashed_audience, segment: with_mail, to: "file:exports"}
"""
OVERRIDES = "overrides: {never_match: 'landing/never/{ingestion_date}/*.csv'}\n"
FILES = {
    "unify.yaml": UNIFY + OVERRIDES,
    "measures.yaml": MEASURES,
    "segments.yaml": SEGMENTS,
    "exports.yaml": EXPORTS,
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("random")
    environment = write_shop(folder, FILES)
    assert run_dates(environment, folder / "home", Dates())
    return environment


def replace(environment, file, old, new):
    path = environment / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def land(environment, chance, table, lines):
    day = chance.choice([DAY_2, DAY_3])
    file = environment / "landing" / table / day / "late.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(lines)


def people(environment, chance):
    named, mails = ["Ann", "Bob", "Dee"], ["ann@x.example", "bob@gmail.com", "dee@x.example", ""]
    rows = [
        f"C{number},{chance.choice(named)},{chance.choice(mails)},Rome,IT,2024-01-01"
        for number in chance.sample(range(1, 8), 3)
    ]
    land(environment, chance, "contacts", "\n".join(["Id,Name,Email,City,Country,Joined", *rows]))


def visits(environment, chance):
    rows = [
        f"{number},2024-05-02 08:00:00,v{chance.randrange(1, 4)},{mail},Look,/decaf"
        for number, mail in ((chance.randrange(1, 9), "bob@gmail.com"), (11, ""), (12, ""))
    ]
    land(environment, chance, "visits", "\n".join(["Visit,At,Visitor,Mail,What,Page", *rows]))


def never(environment, chance):
    pairs = [
        f"Shop_Contacts,C{chance.randrange(1, 4)},Web_Visits,v1",
        "Shop_Contacts,C1,Shop_Contacts,C2",
    ]
    header = "Table1,Table1Key,Table2,Table2Key"
    land(environment, chance, "never", "\n".join([header, chance.choice(pairs)]))


def without_visitors(environment, _):
    head, tail = (environment / "unify.yaml").read_text().split("- table: visits")
    tail = tail.replace("include_all: true", "include_all: false", 1)
    (environment / "unify.yaml").write_text(f"{head}- table: visits{tail}")


def no_deduplication(environment, _):
    replace(environment, "unify.yaml", "{column: Email, normalize: [lower]}", "{column: Email}")


def no_match(environment, _):
    replace(environment, "unify.yaml", "{name: Mail, cond", "{name: Mail, active: false, cond")


def known_otherwise(environment, _):
    replace(environment, "unify.yaml", "or_from: [contacts]", "or_from: []")


def another_segment(environment, _):
    new = "  - {name: romans, rule: {City: Rome}}\n"
    (environment / "segments.yaml").write_text(SEGMENTS + new)


def changed_segment(environment, chance):
    rule = chance.choice(["{Name: Ann}", "{looks: {gt: 1}}", "{IdentityStatus: unknown}"])
    replace(environment, "segments.yaml", "{Email: {is_null: false}}", rule)


RULES = (without_visitors, no_deduplication, no_match, known_otherwise)
OTHERS = (people, visits, never, another_segment, changed_segment)


def tables_before_and_after(environment):
    """What the plan says and would publish; what was published before, and after the run."""
    home = environment.parent / "home"
    file = home / "published" / "shop.duckdb"
    effect, planned = rehearsed(environment, home)
    shutil.copy(file, environment.parent / "before.duckdb")
    assert run_dates(environment, home, Dates())
    return effect, planned, (environment.parent / "before.duckdb", file)


def members(file):
    """Pairs of segment and customer, of segments that are there."""
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute("from duckdb_tables() select table_name").fetchall()
        return {
            (name.removeprefix("Segment_"), customer)
            for (name,) in names
            if name.startswith("Segment_")
            for (customer,) in connection.execute(f'select CustomerId from "{name}"').fetchall()
        }


def facts(file):
    """Customers with their status, and keys with their customer."""
    with duckdb.connect(str(file), read_only=True) as connection:
        who = connection.execute("select CustomerId, IdentityStatus from Customer").fetchall()
        keys = connection.execute("select Identifier, CustomerId from AlternateKey").fetchall()
        return dict(who), dict(keys)


def told_by_plan(effect):
    """The plan's lists, as sets."""
    customers, keys = effect.customers, effect.keys
    came = ("created", "split", "restored", "returned", "renamed")

    def ids(*names):
        return {one.customer_id for name in names for one in getattr(customers, name).examples}

    return {
        "came": ids(*came),
        "went": ids("merged", "gone"),
        "dropped": ids("dropped"),
        "became known": ids("became_known"),
        "became unknown": ids("became_unknown"),
        "moved": {(one.key, one.before, one.after) for one in keys.moved.examples},
        "added": {one.key for one in keys.added.examples},
        "gone": {one.key for one in keys.gone.examples},
        "entered": {(one.name, who) for one in effect.segments for who in one.entered.examples},
        "left": {(one.name, who) for one in effect.segments for who in one.left.examples},
    }


def told_by_tables(before, after):
    """The same from the published files, by sets in Python."""
    (was, had), (now, have) = facts(before), facts(after)
    stay = was.keys() & now.keys()
    held = {had[key] for key in had.keys() & have.keys()}
    known = {who for who in was if was[who] == "known"}
    return {
        "came": now.keys() - was.keys(),
        "went": was.keys() - now.keys(),
        "dropped": known - held - now.keys(),
        "became known": {who for who in stay if now[who] == "known" != was[who]},
        "became unknown": {who for who in stay if was[who] == "known" != now[who]},
        "moved": {(k, had[k], have[k]) for k in had.keys() & have.keys() if had[k] != have[k]},
        "added": have.keys() - had.keys(),
        "gone": had.keys() - have.keys(),
        "entered": members(after) - members(before),
        "left": members(before) - members(after),
    }


@pytest.mark.parametrize("seed", [0])
def test_a_plan_equals_what_the_run_then_does(ran, tmp_path, seed):
    shutil.copytree(ran.parent, tmp_path, dirs_exist_ok=True)
    environment, chance = tmp_path / "shop", random.Random(seed)
    for change in (chance.choice(RULES), *chance.sample(OTHERS, 2)):
        change(environment, chance)

    effect, planned, (before, after) = tables_before_and_after(environment)

    assert planned == published(after)
    assert told_by_plan(effect) == told_by_tables(before, after)
