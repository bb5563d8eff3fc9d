"""The sample's timeline: what visitors did while unknown stays theirs when they are known."""

import pytest

from identity_pipeline_tests.golden.scenario import ADA, DEV, LOY708, WEB1, WEB5

EVENTS = {
    # event: ActivityId, time, Unix seconds, title
    1: ("09768cc5c2763e4a029f0e37aff31dc8", "2022-07-23T10:00:00Z", 1658570400, "Product view"),
    2: ("b5c458153016ac4ba8e9191e42a7b3d6", "2022-07-23T10:05:00Z", 1658570700, "Loyalty sign-in"),
    3: ("c72283596a9846691377781c66862212", "2022-07-23T10:10:00Z", 1658571000, "Checkout"),
    4: ("47934a17f2d337533aa393b2c7108fc2", "2022-07-23T10:20:00Z", 1658571600, "Product view"),
    5: ("6675c591c7801d370e2a09a87adde94b", "2022-07-24T09:00:00Z", 1658653200, "Loyalty sign-in"),
    6: ("d4b0bc1a74b71c0386686be145c80877", "2022-07-25T08:30:00Z", 1658737800, "Loyalty sign-in"),
}

CUSTOMERS = [
    # mode, run, the customer of each event; None while nobody has its key
    ("off", "r1", [None, ADA, ADA, None]),
    ("off", "r2", [LOY708, ADA, ADA, None, LOY708]),
    ("off", "r3", [LOY708, ADA, ADA, DEV, LOY708, DEV]),
    ("off", "r4", [LOY708, ADA, ADA, None, LOY708, None]),
    ("on", "r1", [WEB1, ADA, ADA, WEB5]),
    ("on", "r2", [WEB1, ADA, ADA, WEB5, WEB1]),
    ("on", "r3", [WEB1, ADA, ADA, DEV, WEB1, DEV]),
    ("on", "r4", [WEB1, ADA, ADA, WEB5, WEB1, WEB5]),
]


@pytest.mark.parametrize(("mode", "run", "customers"), CUSTOMERS)
def test_activities_belong_to_whoever_holds_their_key_now(mode, run, customers, request):
    query = """
        select ActivityId, strftime(ActivityTimeStamp, '%Y-%m-%dT%H:%M:%SZ'), RangeIndex, Title,
            CustomerId
        from UnifiedActivity order by SourceActivityId
    """

    rows = request.getfixturevalue(mode).rows(run, query)

    assert rows == [(*EVENTS[event], customer) for event, customer in enumerate(customers, start=1)]


UNKNOWN = [("r1", [1, 4]), ("r2", [1, 4]), ("r3", [1, 4]), ("r4", [1, 4, 6])]


@pytest.mark.parametrize("mode", ["on", "off"])
@pytest.mark.parametrize(("run", "events"), UNKNOWN)
def test_events_before_the_sign_in_were_of_somebody_unknown(mode, run, events, request):
    query = """
        select SourceActivityId::integer from UnifiedActivity where was_unknown_at_event order by 1
    """

    assert request.getfixturevalue(mode).rows(run, query) == [(event,) for event in events]
