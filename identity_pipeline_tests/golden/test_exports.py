"""What the sample's exports send in each run, hashes and removals included."""

import csv
import hashlib
import json

import pytest

from identity_pipeline_tests.golden.scenario import DATES, LOY708, WEB1

EVE = "476d5435517e37d67e21e20bfe2c242442d0ca9ae4bdc96c762f5480cf004b9f"
DEV = "5a5fc2908af50f50946a4c8e665b7d6e778270f4cc16ac33a099466a491521ab"
SEGMENT = "viewed_never_bought"
ADS = f"ads_{SEGMENT}"


def sent(scenario, export, table, day):
    """The rows of a table that an export sent on a day, the latest if it was sent twice."""
    found = sorted(scenario.exports.glob(f"{export}/{table}/{DATES[day - 1]:%Y/%m/%d}/*/*_1.csv"))
    with found[-1].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


AUDIENCE = [
    # run, hashed addresses sent, hashed addresses taken back
    (1, [], []),
    (2, [EVE], []),
    (3, [EVE, DEV], []),
    (4, [EVE], [DEV]),
]


@pytest.mark.parametrize("mode", ["on", "off"])
@pytest.mark.parametrize(("run", "added", "removed"), AUDIENCE)
def test_addresses_leave_the_house_as_hashes_and_are_taken_back(mode, run, added, removed, request):
    scenario = request.getfixturevalue(mode)

    rows = sent(scenario, ADS, SEGMENT, run)
    gone = sent(scenario, ADS, f"{SEGMENT}_removed", run)

    assert [row["email"] for row in rows] == added
    assert [row["email"] for row in gone] == removed


@pytest.mark.parametrize(("mode", "customer"), [("on", WEB1), ("off", LOY708)])
def test_the_file_export_has_a_header_and_a_row(mode, customer, request):
    rows = sent(request.getfixturevalue(mode), SEGMENT, SEGMENT, 2)

    assert rows == [
        {
            "CustomerId": customer,
            "FullName": "Eve Lund",
            "Email": "eve.lund@contoso.example",
            "Tier": "Bronze",
        }
    ]


def test_model_json_names_the_files_of_the_last_run_with_their_hashes(on):
    model = json.loads((on.exports / SEGMENT / "model.json").read_text(encoding="utf-8"))

    [part] = next(e for e in model["entities"] if e["name"] == SEGMENT)["partitions"]
    file = on.exports / SEGMENT / part["location"]
    hashed = {note["name"]: note["value"] for note in part["annotations"]}["sha256"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == hashed


UNKNOWN = [("off", [0, 0, 0, 0]), ("on", [2, 1, 0, 1])]


@pytest.mark.parametrize(("mode", "members"), UNKNOWN)
def test_unknown_viewers_have_no_address_to_reach_them_by(mode, members, request):
    query = """
        select members, eligible, without_identifier from ExportRuns
        where export = 'ads_unknown_viewers' order by ingestion_date
    """

    rows = request.getfixturevalue(mode).rows("r4", query)

    assert rows == [(count, 0, count) for count in members]


def test_nobody_is_exported_who_did_not_agree(on):
    query = f"""
        select members, eligible, refused_by_consent, without_identifier from ExportRuns
        where export = '{ADS}' order by ingestion_date
    """

    assert on.rows("r4", query) == [(0, 0, 0, 0), (1, 1, 0, 0), (2, 2, 0, 0), (1, 1, 0, 0)]
