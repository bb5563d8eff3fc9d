"""The policies of shared devices in `unify.yaml`: what they may say, and that they take effect."""

import datetime

import duckdb
import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.config_warnings import warnings
from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline.terms.errors import ConfigError
from identity_pipeline.terms.shared_devices import SharedDevice
from identity_pipeline_tests.shop import DAY_1, UNIFY, write_shop


def shop(folder, policies, more=""):
    text = f"{more}{UNIFY}shared_devices: {policies}\n"
    return write_shop(folder, {"unify.yaml": text})


READ = [
    # as written, as read
    ("newest", {"policy": "newest"}),
    ("{policy: limit_and_priority, limit: 3}", {"policy": "limit_and_priority", "limit": 3}),
    ("session_switch", {"policy": "session_switch", "session_gap": 30}),
    ("{policy: session_switch, session_gap: 2 hours}", {"session_gap": 120}),
    ("{policy: session_switch, session: Page}", {"session": "Page"}),
    ("{}", {"policy": "last_known_at_event"}),
]


@pytest.mark.parametrize(("written", "read"), READ)
def test_a_policy_is_written_short_or_with_its_options(tmp_path, written, read):
    environment = load_environment(shop(tmp_path, f"{{visits: {written}}}"))

    found = environment.unify.shared_devices["visits"].model_dump()
    assert {key: found[key] for key in read} == read


WRONG = [
    # as written, what is said
    ("{visitz: newest}", "visitz: no table of the match order is called 'visitz'. Did you mean"),
    (
        "{contacts: newest}",
        "'contacts' is the first table of the match order: its rows name nobody",
    ),
    ("{visits: newst}", "shared_devices.visits: 'newst' is not known. Did you mean 'newest'?"),
    ("{visits: {policy: newest, limit: 2}}", "'limit' goes with 'policy: limit_and_priority'"),
    ("{visits: {policy: newest, session: Page}}", "'session' goes with 'policy: session_switch'"),
    (
        "{visits: {policy: session_switch, session: Page, session_gap: 5 minutes}}",
        "'session_gap' and 'session' both tell sessions apart; remove one",
    ),
    (
        "{visits: {policy: session_switch, session_gap: 2 days}}",
        "must be a pause in minutes or hours, as 30 minutes",
    ),
    (
        "{visits: {policy: session_switch, session: Pag}}",
        "shared_devices.visits.session: table 'visits' has no column 'Pag'. Did you mean 'Page'?",
    ),
]


@pytest.mark.parametrize(("written", "said"), WRONG)
def test_a_policy_that_cannot_be_followed_is_an_error(tmp_path, written, said):
    with pytest.raises(ConfigError) as caught:
        load_environment(shop(tmp_path, written))

    assert said in str(caught.value)
    assert "unify.yaml:" in str(caught.value)


def test_linking_by_components_leaves_no_policy_a_meaning(tmp_path):
    with pytest.raises(ConfigError, match="there is no conflict to decide; remove one of the two"):
        load_environment(shop(tmp_path, "{visits: newest}", more="linking: components\n"))


def test_a_table_without_events_of_its_own_has_no_devices(tmp_path):
    unify = UNIFY + "shared_devices: {visits: newest}\n"
    files = {"unify.yaml": unify, "activities.yaml": ORDERS_ONLY}

    with pytest.raises(ConfigError) as caught:
        load_environment(write_shop(tmp_path, files))

    assert (
        "unify.yaml:19, shared_devices.visits: the rows of 'visits' are no events of its own "
        "profiles: activities.yaml has no activity with 'table: visits' and 'customer: Visitor'"
    ) in str(caught.value)


ORDERS_ONLY = """\
activities:
  - table: orders
    type: Other
    key: OrderId
    time: At
    customer: {column: Contact, table: contacts}
"""


def test_a_rule_that_fuses_people_through_devices_above_them_is_worth_a_warning(tmp_path):
    below = """\
tables:
  - table: visits
  - table: contacts
    match: [{name: Mail, conditions: [{left: visits.Mail, right: Email}]}]
columns: {Email: [contacts.Email]}
known_if: {or_from: [contacts]}
"""
    environment = load_environment(write_shop(tmp_path, {"unify.yaml": below}))

    said = "\n".join(map(str, warnings(environment)))

    assert (
        "unify.yaml:4, tables[1].match[0]: rule 'Mail' makes all records of 'contacts' one "
        "customer that a shared device of 'visits' names; put 'visits' below it"
    ) in said


def test_every_default_is_the_documented_one():
    assert SharedDevice().model_dump() == {
        "policy": "last_known_at_event",
        "limit": 2,
        "session_gap": 30,
        "session": None,
    }


TIMELINE = """
    select SourceActivityId, Name from UnifiedActivity left join Customer using (CustomerId)
    where profile_identifier = 'Web|Visits|v1' order by 1
"""


def test_another_policy_takes_effect_though_nothing_else_changed(tmp_path):
    found = []
    for policies in ("{}", "{visits: refuse}"):
        environment = shop(tmp_path, policies)
        day = Dates(only=datetime.date.fromisoformat(DAY_1))
        assert run_dates(environment, tmp_path / "home", day)
        with duckdb.connect(str(tmp_path / "home" / "published" / "shop.duckdb")) as published:
            found.append(dict(published.execute(TIMELINE).fetchall()))

    assert found == [
        {"1": "Bob", "2": "Ann", "3": "Bob"},
        {"1": None, "2": "Ann", "3": "Bob"},
    ]
