"""A probabilistic rule: what Splink learns from a world of 400 people whose truth is known."""

import random
from dataclasses import dataclass

import pytest

from identity_pipeline.defs.reviews import review_results
from identity_pipeline.engine.registry import open_engine
from identity_pipeline.terms import names
from identity_pipeline.terms.evidence_contracts import REVIEWS
from identity_pipeline.unify import splink_model
from identity_pipeline_tests.evidence.told import Told
from identity_pipeline_tests.unify.story import Story, Table, table
from identity_pipeline_tests.unify.test_edge_cases import equal, rule

pytest.importorskip("splink")

MODEL = {
    "compare": [
        equal("contacts.Name", "Name", kind="name"),
        equal("contacts.Mail", "Mail", kind="email"),
        equal("contacts.Born", "Born", kind="date_of_birth"),
    ],
    "block_on": [
        [equal("contacts.Phone", "Phone")],
        [equal("contacts.Born", "Born")],
        [equal("contacts.Name", "Name", normalize=["phonetic"])],
    ],
}
BY_PHONE_AND_NAME = rule("Phone", equal("contacts.Phone", "Phone"), equal("contacts.Name", "Name"))
FIRST = ("Ann", "Bob", "Carl", "Dora", "Eve", "Fred", "Gina", "Hans", "Ida", "Jack", "Kate")
ROOTS = ("Ba", "Co", "Du", "Fe", "Gi", "Ho", "Ku", "La", "Me", "Ni")
LAST = [root + end for root in ROOTS for end in ("son", "man", "ley", "ner")]


def unify(**more):
    rules = [BY_PHONE_AND_NAME, {"name": "S1", "splink": {**MODEL, **more}}]
    return {"tables": [{"table": "contacts"}, {"table": "members", "match": rules}]}


def person(source):
    name = f"{source.choice(FIRST)} {source.choice(LAST)}"
    mail = f"{name.replace(' ', '.').lower()}{source.randrange(100)}@x.org"
    born = f"{source.randint(1950, 2000)}-{source.randint(1, 12):02}-{source.randint(1, 28):02}"
    return name, mail, born, str(source.randint(10_000, 99_999))


def slipped(source, text):
    place = source.randrange(len(text))
    return text[:place] + text[place + 1 :]


def world(people=400, known=200, strangers=80):
    """Contacts, and members: person n of the first is the nth of the second, with slips."""
    source = random.Random(4)
    everyone = [person(source) for _ in range(people)]
    members = []
    for name, mail, born, phone in everyone[:known]:
        members.append(
            (
                slipped(source, name) if source.random() < 0.3 else name,
                source.choice((mail, mail, slipped(source, mail), None)),
                born if source.random() < 0.9 else f"{born[:4]}-01-01",
                source.choice((phone, None)),
            )
        )
    members += [person(source) for _ in range(strangers)]
    columns = "Id Name Mail Born Phone"
    return {
        "contacts": table(columns, *((f"c{n:03}", *row) for n, row in enumerate(everyone))),
        "members": table(columns, *((f"m{n:03}", *row) for n, row in enumerate(members))),
    }


def shuffled(tables, seed):
    source = random.Random(seed)
    return {
        name: Table(one.columns, source.sample(one.rows, len(one.rows)))
        for name, one in tables.items()
    }


@dataclass
class Learnt:
    """A world unified twice, with the rows shuffled: what was matched and what is listed."""

    story: Story
    told: Told
    matches: list[list[tuple[object, ...]]]
    reviews: list[list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    with open_engine(None) as opened:
        story = Story(opened, unify(accept="99.5%", review="20%"))
        told = Told(story, tmp_path_factory.mktemp("told") / "told.duckdb")
        found = Learnt(story, told, [], [])
        for seed in range(2):
            told.run(shuffled(world(), seed))
            found.matches.append(
                story.rows(
                    "select key, rule, left_key, score, scores, left_values, right_values"
                    " from unify.members_matches order by key"
                )
            )
            found.reviews.append(
                story.rows("select * from unify.members_reviews order by left_key, right_key")
            )
        yield found


def pairs(rows):
    return {(key, left) for key, rule_, left, *_ in rows if rule_ == "S1"}


def test_two_runs_over_shuffled_rows_say_the_same_to_the_last_place(learnt):
    assert (learnt.matches[0], learnt.reviews[0]) == (learnt.matches[1], learnt.reviews[1])


def test_nobody_is_joined_to_another_person(learnt):
    assert [pair for pair in pairs(learnt.matches[0]) if pair[0][1:] != pair[1][1:]] == []


def test_most_people_whom_no_exact_rule_finds_are_found_or_listed(learnt):
    left = {key for key, rule_, *_ in learnt.matches[0] if rule_ != "Phone" and key < "m200"}
    listed = {right for _, _, one, right, *_ in learnt.reviews[0] if one[1:] == right[1:]}
    found = {key for key, _ in pairs(learnt.matches[0])}

    assert len(left & (found | listed)) >= 0.8 * len(left)
    assert len(left & found) >= 0.6 * len(left)


def test_the_exact_rule_before_it_takes_its_records_first(learnt):
    assert {rule_ for _, rule_, *_ in learnt.matches[0]} == {"Phone", "S1", None}


def test_a_score_is_the_probability_and_each_comparison_has_its_own(learnt):
    scored = [row for row in learnt.matches[0] if row[1] == "S1"]

    assert all(0.995 <= score <= 1 and len(scores) == 3 for _, _, _, score, scores, *_ in scored)


def test_pairs_between_review_and_accept_are_listed_and_join_nothing(learnt):
    columns = "left_key, right_key, probability"
    listed = learnt.story.rows(f"select {columns} from unify.members_reviews")
    joined = {(left, key) for key, _, left, *_ in learnt.matches[0]}

    assert listed
    assert not [row for row in listed if not 0.2 <= row[2] < 0.995 or row[:2] in joined]


def test_why_tells_the_probability_of_a_pair_that_is_listed(learnt):
    [(left, right, probability)] = learnt.story.rows(
        "select left_key, right_key, probability from unify.members_reviews order by all limit 1"
    )

    said = f"probability {probability:.2f}, 0.99 wanted: listed for review"
    assert said in learnt.told.words(str(left), str(right))


def test_why_tells_that_a_pair_is_not_listed(learnt):
    said = "probability below 0.20, or no way of block_on finds the pair"

    assert said in learnt.told.words("c399", "m279")


def test_the_check_counts_the_pairs_that_are_listed(learnt):
    with learnt.story.opened.transaction() as engine:
        [found] = review_results(engine, learnt.told.environment, "members")

    pairs_listed = len(learnt.reviews[1])
    assert (found.passed, found.metadata["pairs"].value) == (False, pairs_listed)


def test_every_column_of_the_pairs_is_described(learnt):
    columns = learnt.story.opened.engine.table(names.reviews("members")).columns

    assert set(columns) == set(REVIEWS.columns)


def test_too_few_pairs_teach_nothing_and_match_nothing(opened):
    story = Story(opened, unify())

    story.run(world(people=30, known=15, strangers=5))

    matched = story.rows("select distinct rule from unify.members_matches order by 1")
    assert matched == [("Phone",), (None,)]


def test_a_certain_world_is_learnt_in_fewer_rounds():
    """Records that agree without exception would make a probability no double can hold."""
    import pyarrow as pa

    from identity_pipeline.terms.splink import SplinkModel

    source = random.Random(4)
    rows = [(str(n), *person(source)) for n in range(400)]
    columns = dict(zip(("id", "c0", "c1", "c2", "b3"), zip(*rows, strict=True), strict=True))
    both = pa.table({name: list(values) for name, values in columns.items()}).sort_by("id")
    model = SplinkModel.model_validate({**MODEL, "block_on": MODEL["block_on"][:2]})

    found = splink_model.score_pairs(model, both, both)

    assert {(one.left, one.right) for one in found or ()} >= {(row[0], row[0]) for row in rows}
