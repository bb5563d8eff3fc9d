"""Rules with other comparisons than edits: who is one customer by them."""

import datetime
import random

import pytest
from rapidfuzz.distance import JaroWinkler

from identity_pipeline_tests.evidence.told import Told
from identity_pipeline_tests.unify.story import Story, table
from identity_pipeline_tests.unify.test_edge_cases import equal, one_table, rule, same, two_tables

NEAR = {"compare": "difference", "within": "30 days"}
ALIKE = {"compare": "jaro_winkler", "precision": 90}


def test_rows_whose_dates_lie_near_are_one_record(opened):
    story = one_table(opened, "people", deduplicate=[rule("R", same("City"), same("Born", **NEAR))])
    days = [datetime.date(1980, 1, 1), datetime.date(1980, 1, 31), datetime.date(1980, 3, 2)]

    rows = [(str(n), "Rome", day) for n, day in enumerate(days, 1)]
    story.run({"people": table("Id City Born:date", *rows, ("4", "Rome", None))})

    assert story.keyrings() == {"People 1, People 2", "People 3", "People 4"}


def test_an_exception_tells_a_father_from_his_son(opened):
    apart = same("Born", **{**NEAR, "operator": "different"})
    story = one_table(opened, "people", deduplicate=[rule("R", same("Name"), exceptions=[apart])])
    days = [datetime.date(1950, 1, 1), datetime.date(1950, 1, 2), datetime.date(1980, 5, 5)]

    rows = [(str(n), "Carl", day) for n, day in enumerate(days, 1)]
    story.run({"people": table("Id Name Born:date", *rows)})

    assert story.keyrings() == {"People 1, People 2", "People 3"}


def test_names_that_sound_alike_are_one_record_without_an_exact_condition(opened):
    story = one_table(
        opened, "people", deduplicate=[rule("R", same("Name", normalize=["phonetic"]))]
    )

    rows = [("1", "Catherine Smith"), ("2", "Kathryn Smyth"), ("3", "Catherine Jones")]
    story.run({"people": table("Id Name", *rows)})

    assert story.keyrings() == {"People 1, People 2", "People 3"}


def test_of_two_candidates_the_one_whose_number_is_nearer_is_taken(opened):
    near = equal("contacts.Age", "Age", compare="difference", within=4)
    story = two_tables(opened, rule("R", equal("contacts.City", "City"), near))

    story.run(
        {
            "contacts": table("Id City Age:integer", ("1", "Rome", 40), ("2", "Rome", 43)),
            "members": table("Id City Age:integer", ("7", "Rome", 42), ("8", "Rome", 49)),
        }
    )

    matched = story.rows("select key, left_key, score from unify.members_matches order by key")
    assert matched == [("7", "2", 0.87), ("8", None, None)]


def test_households_may_be_of_names_that_are_alike(opened):
    clusters = [{"name": "Home", "rules": [rule("R", same("City"), same("Name", **ALIKE))]}]
    columns = {"Name": ["people.Name"], "City": ["people.City"]}
    unify = {"tables": [{"table": "people"}], "columns": columns, "clusters": clusters}
    story = Story(opened, unify)
    rows = [("1", "Rome", "Martha"), ("2", "Rome", "Marhta"), ("3", "Rome", "Bob")]

    story.run({"people": table("Id City Name", *rows)})

    homes = story.rows("select count(*) from customer.customer where HomeId is not null")
    assert homes == [(2,)]


def alike(one, other):
    return int(100 * JaroWinkler.similarity(*sorted((one, other))) + 1e-9) >= 85


def near(one, other):
    return one is not None and other is not None and abs((one - other).days) <= 20


def components(rows):
    """Groups of rows by the rule below, in plain Python."""
    groups = [{row} for row in rows]
    for one in rows:
        for other in rows:
            if one[1] == other[1] and alike(one[2], other[2]) and near(one[3], other[3]):
                first = next(group for group in groups if one in group)
                second = next(group for group in groups if other in group)
                if first is not second:
                    first |= second
                    groups.remove(second)
    return {", ".join(f"People {row[0]}" for row in sorted(group)) for group in groups}


@pytest.mark.parametrize("seed", range(2))
def test_groups_are_those_of_plain_python_in_whatever_order_rows_come(opened, seed):
    source = random.Random(seed)
    words = ["".join(source.choices("abé ", k=4)).strip() or "a" for _ in range(8)]
    first = datetime.date(1990, 1, 1)
    rows = [
        (
            f"{n:02}",
            source.choice("xy"),
            source.choice(words) + source.choice(("", "a", "é")),
            source.choice((None, first + datetime.timedelta(days=source.randrange(90)))),
        )
        for n in range(40)
    ]
    linked = rule(
        "R",
        same("City"),
        same("Name", compare="jaro_winkler", precision=85),
        same("Born", compare="difference", within="20 days"),
    )
    story = one_table(opened, "people", deduplicate=[linked])
    wanted = components(rows)
    found = []
    for _ in range(2):
        story.run({"people": table("Id City Name Born:date", *rows)})
        found.append(story.keyrings())
        source.shuffle(rows)

    assert found == [wanted, wanted]


WORDS = [
    # column, its type, how it is compared, its two values, what is said of them
    (
        *("Born", "date", NEAR, (datetime.date(1980, 1, 1), datetime.date(1980, 2, 10))),
        'Born: "1980-01-01" ~ "1980-02-10" differ by 40 days, 30 days allowed',
    ),
    (
        *("Age", "integer", {"compare": "difference", "within": 2}, (40, 45)),
        'Age: "40" ~ "45" differ by 5, 2 allowed',
    ),
    (
        *("Name", "text", ALIKE, ("martha", "mary")),
        'Name: "martha" ~ "mary" scores 0.82, 90 % wanted',
    ),
    (
        *("Sound", "text", {"normalize": ["phonetic"]}, ("Schmidt", "Jones")),
        'Sound: "XMT" ~ "JNS" differ (score 0.00, equal wanted)',
    ),
    (
        *("Seen", "date", NEAR, (None, datetime.date(1980, 1, 1))),
        "Seen: Seen is missing in S People 1",
    ),
]


def test_why_tells_what_keeps_two_records_apart(opened, tmp_path):
    rules = [rule(name, same("City"), same(name, **how)) for name, _, how, _, _ in WORDS]
    unify = {"tables": [{"table": "people", "deduplicate": rules}]}
    told = Told(Story(opened, unify), tmp_path / "told.duckdb")
    columns = " ".join(f"{name}:{kind}" for name, kind, *_ in WORDS)
    rows = [(str(n + 1), "Rome", *(word[3][n] for word in WORDS)) for n in range(2)]

    told.run({"people": table(f"Id City {columns}", *rows)})

    assert {said for *_, said in WORDS} <= set(told.words("1", "2"))
