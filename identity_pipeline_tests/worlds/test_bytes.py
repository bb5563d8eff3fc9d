"""Equal arguments are equal bytes, and a knob turns only what it says."""

import pytest

from identity_pipeline.worlds.plan import FileKind, Noise
from identity_pipeline_tests.worlds.conftest import made

CUSTOMERS = ("ecommerce", "loyalty", "pos", "support")


def of_customers(digests):
    return {
        name: hash_
        for name, hash_ in digests.items()
        if name.split("/")[1:2] and name.split("/")[1] in CUSTOMERS
    }


@pytest.mark.parametrize("kind", list(FileKind))
def test_the_same_seed_makes_the_same_bytes(tmp_path, kind):
    one, other = (made(tmp_path / n / "w", people=300, seed=7, kind=kind) for n in "ab")

    assert one.digests() == other.digests()


def test_another_seed_makes_another_file_of_each_table(tmp_path):
    one, other = (made(tmp_path / f"s{seed}" / "w", people=300, seed=seed) for seed in (1, 2))

    files = [name for name in one.digests() if not name.endswith(".yaml")]
    assert [n for n in files if one.digests()[n] == other.digests().get(n)] == []


def test_more_events_leave_the_customers_as_they_are(tmp_path):
    few = made(tmp_path / "few", people=300, events_per_person=1)
    many = made(tmp_path / "many", people=300, events_per_person=30)

    assert of_customers(few.digests()) == of_customers(many.digests())


def test_traps_of_visitors_leave_the_customers_as_they_are(large, trapped):
    names = ["PosId", "FullName", "LoyaltyId", "PostalCode"]

    plain, other = (each.rows("pos", "customers", 0)[names] for each in (large, trapped))

    assert plain.equals(other)


def test_noise_leaves_the_people_and_their_tables_as_they_are(tmp_path):
    low = made(tmp_path / "low", people=300, noise=Noise.LOW)
    high = made(tmp_path / "high", people=300, noise=Noise.HIGH)

    low_truth, high_truth = (
        each.read("truth").query("DataSource != 'Web'") for each in (low, high)
    )
    assert low_truth.equals(high_truth)


def test_csv_and_parquet_hold_the_same_values(tmp_path):
    text = made(tmp_path / "text", people=300).rows("loyalty", "members")
    typed = made(tmp_path / "typed", people=300, kind=FileKind.PARQUET).rows("loyalty", "members")

    assert as_lines(typed) == as_lines(text)


def as_lines(rows):
    return rows.astype("object").fillna("").to_csv(index=False).splitlines()
