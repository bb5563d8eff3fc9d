"""Why records of the sample are one customer, or are not."""

import pytest
from typer.testing import CliRunner

from identity_pipeline.__main__ import app
from identity_pipeline.config import load_environment
from identity_pipeline.engine.registry import Limits, open_engine
from identity_pipeline.evidence.why import why
from identity_pipeline.evidence.words import in_words
from identity_pipeline_tests.golden.scenario import ADA, DEV, WEB1, WEB5


def told(scenario, run, one, other):
    file = scenario.published[run]
    environment = load_environment(file.parent / "contoso")
    with open_engine(file, Limits(read_only=True)) as opened:
        return list(in_words(why(opened.engine, environment, one, other), environment))


BRIDGE = "; a bridge: without it the keys would part"


def test_an_address_of_an_alternate_and_a_loyalty_id_join_shopper_and_visitor(on):
    assert told(on, "r1", "C001", "Auth234") == [
        f"eCommerce Contacts C001 and Web Events Auth234 are one record: customer {ADA}.",
        "1. eCommerce Contacts C001 (an alternate of C002) ~ Loyalty Members 707: match rule L1, "
        f"since 2022-07-23{BRIDGE}",
        '   ecommerce_contacts.Email = Email: "ada@contoso.example", score 1.00',
        "2. Loyalty Members 707 ~ Web Events Auth234: match rule W1 IDMatch, "
        f"since 2022-07-23{BRIDGE}",
        '   loyalty_members.LoyaltyId = LoyaltyID: "707", score 1.00',
    ]


def test_visitors_without_a_loyalty_id_are_not_joined(on):
    assert told(on, "r1", "Unknown1", "Auth234") == [
        f"Web Events Unknown1 (customer {WEB1}) and Web Events Auth234 (customer {ADA}) are apart.",
        "Deduplication rule SameVisitor: Web Events Unknown1 and Web Events Auth234: does not fit",
        '   UserID: "Unknown1" ~ "Auth234" differ (score 0.00, equal wanted)',
        "Match rule W1 IDMatch: Loyalty Members 707 and Web Events Unknown1: does not fit",
        "   LoyaltyId = LoyaltyID: LoyaltyID is missing in Web Events Unknown1",
        "Match rule W2: PoS Customers P10 and Web Events Unknown1: does not fit",
        "   LoyaltyId = LoyaltyID: LoyaltyID is missing in Web Events Unknown1",
    ]


@pytest.mark.parametrize("run", ["r3", "again"])
def test_a_visitor_who_turned_out_to_be_a_member_is_joined_since_that_day(on, run):
    assert told(on, run, "Unkonwn5", "709") == [
        f"Web Events Unkonwn5 and Loyalty Members 709 are one record: customer {DEV}.",
        "1. Web Events Unkonwn5 ~ Loyalty Members 709: match rule W1 IDMatch, "
        f"since 2022-07-25{BRIDGE}",
        '   LoyaltyID = loyalty_members.LoyaltyId: "709", score 1.00',
    ]


def test_a_never_match_is_told_with_its_file_and_line(on):
    file = "landing/overrides/never_match/2022-07-26/never_match.csv"

    assert told(on, "r4", "Unkonwn5", "709") == [
        f"Web Events Unkonwn5 (customer {WEB5}) and Loyalty Members 709 (customer {DEV}) are "
        "apart.",
        f"Never match: Web Events Unkonwn5 and Loyalty Members 709 ({file}, line 2).",
        "Match rule W1 IDMatch: Loyalty Members 709 and Web Events Unkonwn5: fits",
        '   LoyaltyId = LoyaltyID: "709" holds',
        "   refused by never match",
    ]


def test_a_record_that_include_all_left_out_is_said_to_be_no_customer(off):
    [said, *_] = told(off, "r1", "P12", "C003")

    assert "P12 (no customer: it matches no other table, and Include all is off for PoS" in said


def test_edges_are_published_with_the_meaning_of_their_columns(on):
    query = "select count(*), count(comment) from duckdb_columns() where table_name = 'MatchEdges'"

    assert on.rows("r4", query) == [(17, 17)]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["C001", "Auth234"], 0, "match rule L1"),
        (["C001", "Auth234", "--json"], 0, '"rule": "L1"'),
        (["C001", "nobody"], 1, "no profile table has the key 'nobody'"),
    ],
)
def test_the_command_answers_from_the_published_file(on, arguments, code, said):
    folder = on.published["r4"].parent
    places = ["--environment", str(folder / "contoso"), "--home", str(folder / "home")]

    result = CliRunner().invoke(app, ["why", *arguments, *places])

    assert result.exit_code == code
    assert said in result.output
