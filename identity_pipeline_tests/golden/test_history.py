"""The history of one CustomerId, as the published file tells it."""

import pytest

from identity_pipeline.engine.registry import Limits, open_engine
from identity_pipeline.serving.history import UnknownCustomer, history_of
from identity_pipeline_tests.golden.scenario import DEV, WEB1, WEB5


def history(scenario, run, beginning):
    with open_engine(scenario.published[run], Limits(read_only=True)) as opened:
        return history_of(opened.engine, beginning)


@pytest.mark.parametrize(
    ("run", "state", "current"), [("r1", "live", WEB5), ("r3", "merged", DEV), ("r4", "live", WEB5)]
)
def test_an_id_resolves_to_the_customer_that_it_is_now(on, run, state, current):
    found = history(on, run, WEB5[:8])

    assert (found.customer_id, found.state, found.current_id) == (WEB5, state, current)


def test_every_change_is_told_with_its_date_and_rule(on):
    found = history(on, "r4", WEB1)

    told = [(str(e.ingestion_date), e.event, e.rule, e.keys) for e in found.events]
    assert told == [
        ("2022-07-23", "created", None, "Web|Events|Unknown1"),
        ("2022-07-24", "became_known", None, None),
        ("2022-07-24", "key_added", "W1 IDMatch", "Loyalty|Members|708"),
    ]


@pytest.mark.parametrize(
    ("beginning", "said"), [("ffff", "no CustomerId was ever given"), ("", "several CustomerIds")]
)
def test_an_unknown_or_ambiguous_beginning_is_answered(on, beginning, said):
    with pytest.raises(UnknownCustomer, match=said):
        history(on, "r4", beginning)
