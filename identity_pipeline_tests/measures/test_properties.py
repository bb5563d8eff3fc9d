"""The engine agrees with the oracle, in any order of rows and on any number of threads."""

import datetime
import random

import pytest

from identity_pipeline.engine.registry import open_engine
from identity_pipeline.measures.customer import customer_attributes
from identity_pipeline.measures.own_tables import measure_table
from identity_pipeline.terms.measures import TEMPLATE_NEEDS
from identity_pipeline_tests.measures import oracle
from identity_pipeline_tests.measures.world import (
    DAY,
    World,
    acts,
    measure,
    random_world,
)

# table -> number columns, other columns, time column
COLUMNS = {
    "activity": (("Amount", "Points"), ("Title", "ActivityTimeStamp"), "ActivityTimeStamp"),
    "orders": (("Total", "Pieces"), ("Note", "Placed"), "Placed"),
    "lines": (("Price",), ("Order",), None),
    "customer": (("Steps",), ("Tier",), "Born"),
    "scores": (("Score",), (), None),
}
WHERE = {
    "activity": [{"Title": {"in": ["View", "Help"]}}, {"Amount": {"gt": 2}, "Points": {"gt": 5}}],
    "orders": [{"Note": {"eq": "x"}}, {"Pieces": {"is_null": True}}],
    "lines": [{"Price": {"gt": 0}}],
    "customer": [{"Tier": {"eq": "A"}}],
    "scores": [{"Score": {"gt": 2}}],
}


def calculation(rng: random.Random, table: str) -> dict[str, object]:
    """A calculation that fits a table, as YAML says it."""
    numbers, others, time = COLUMNS[table]
    column = rng.choice(numbers)
    any_column = rng.choice([*numbers, *others])
    choices: list[dict[str, object]] = [
        {"count": table},
        {"count": f"{table}.{any_column}"},
        {"count_unique": f"{table}.{any_column}"},
        {rng.choice(["sum", "average"]): f"{table}.{column}"},
        {rng.choice(["max", "min"]): f"{table}.{any_column}"},
        {rng.choice(["arg_max", "arg_min"]): {"of": f"{table}.{any_column}", "by": column}},
    ]
    if time:
        choices.append({rng.choice(["first", "last"]): f"{table}.{any_column}"})
    if table == "activity":
        choices += [{"template": rng.choice(list(TEMPLATE_NEEDS))}] * 4
    said = dict(rng.choice(choices))
    if time and (table != "activity") and ({"first", "last"} & said.keys() or rng.random() < 0.4):
        said["time"] = time
    if rng.random() < 0.4:
        said["where"] = rng.choice(WHERE[table])
    if (said.get("time") or table == "activity") and rng.random() < 0.4:
        said["window"] = rng.choice(["1 day", "7 days", "20 days"])
    if rng.random() < 0.3 and _gives_a_number(said):
        said["null_as"] = rng.choice([0, -1])
    return said


def _gives_a_number(said: dict[str, object]) -> bool:
    asked = next(iter(said.values()))
    column = str(asked["of"] if isinstance(asked, dict) else asked).partition(".")[2]
    counted = {"count", "count_unique", "template"} & said.keys()
    return bool(counted) or any(column in numbers for numbers, _, _ in COLUMNS.values())


@pytest.mark.parametrize("seed", range(12))
def test_attributes_are_what_plain_python_says_in_any_order_of_rows(engine, seed):
    rng, world = random.Random(seed), random_world(seed)
    said = {f"m{n}": calculation(rng, rng.choice(list(COLUMNS))) for n in range(25)}
    measures = [measure(name, **words) for name, words in said.items()]

    found = customer_attributes(world.shuffled(seed).store(engine), measures)

    columns = [oracle.attribute(world, words) for words in said.values()]
    wanted = {(row[0], *(column[row[0]] for column in columns)) for row in world.rows["customer"]}
    assert set(engine.rows(found)) == wanted


DIMENSIONS = {
    "activity": ["Title", "is_shown"],
    "orders": ["Note", "Pieces"],
    "lines": [],
    "customer": ["Tier"],
    "scores": ["Score"],
}


@pytest.mark.parametrize("kind", ["customer", "business"])
@pytest.mark.parametrize("seed", range(8))
def test_own_tables_are_what_plain_python_says_in_any_order_of_rows(engine, seed, kind):
    rng, world = random.Random(seed), random_world(seed)
    for table, dimensions in DIMENSIONS.items():
        said: dict[str, object] = {
            "kind": kind,
            "by": rng.sample(dimensions, rng.randint(0, len(dimensions))),
            "calculations": {f"c{n}": calculation(rng, table) for n in range(rng.randint(1, 4))},
        }
        if rng.random() < 0.5:
            said["where"] = WHERE[table][0]

        found = measure_table(world.shuffled(seed).store(engine), measure(**said))

        assert set(engine.rows(found)) == oracle.own_table(world, said)


@pytest.mark.parametrize("seed", range(8))
def test_a_single_calculation_is_a_table_as_several_are(engine, seed):
    rng, world = random.Random(seed), random_world(seed)
    said = {"kind": "customer", "by": ["Title"], **calculation(rng, "activity")}

    found = measure_table(world.store(engine), measure(**said))

    assert set(engine.rows(found)) == oracle.own_table(world, said)


def many_rows(count: int) -> World:
    """So many activities that an engine spreads them over threads; most are alike."""
    rng = random.Random(1)
    [alike] = acts("C1 SalesOrder 07-01T10:00 View 1.10 3")
    rows = [
        (f"C{rng.randint(0, 2)}", f"a{n % 50_000}", *alike[2:4], rng.choice("xyz"), *alike[5:])
        for n in range(count)
    ]
    return World({"customer": [(f"C{n}", "A", DAY, n) for n in range(3)], "activity": rows})


def test_one_two_or_four_threads_give_the_same_attributes():
    world = many_rows(400_000)
    functions = [
        {"first": "activity.Title"},
        {"last": "activity.Title"},
        {"arg_max": {"of": "activity.Title", "by": "Amount"}},
        {"arg_min": {"of": "activity.ActivityId", "by": "Points"}},
        {"average": "activity.Amount"},
        {"template": "average_monthly_revenue"},
    ]
    measures = [measure(f"m{n}", **words) for n, words in enumerate(functions)]
    found = []
    for threads in (1, 2, 4):
        with open_engine(None) as opened:
            opened.connection.execute(f"set threads = {threads}")
            tables = world.shuffled(threads).store(opened.engine)
            found.append(sorted(opened.engine.rows(customer_attributes(tables, measures))))

    assert found[0] == found[1] == found[2]


def test_a_window_ends_with_the_day_of_the_data(engine):
    rows = acts(
        "C1 Other 07-25T23:59:59 early",
        "C1 Other 07-26T00:00 first",
        "C1 Other 07-26T23:59:59 last",
        "C1 Other 07-27T00:00 ahead",
    )
    world = World({"customer": [("C1", None, None, None)], "activity": rows})
    asked = [
        measure("begin", first="activity.Title", window="1 day"),
        measure("end", last="activity.Title", window="1 day"),
    ]

    [row] = engine.rows(customer_attributes(world.store(engine), asked))

    assert (DAY, row) == (datetime.date(2022, 7, 26), ("C1", "first", "last"))
