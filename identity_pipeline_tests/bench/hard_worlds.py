"""Worlds that are hard on purpose: long paths, large stars, one value shared by all, many insights.

Each is an environment of a few lines of YAML and Parquet files, made of numbers alone: the same on
every machine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from identity_pipeline_tests.builders import write_files

DATE = "2024-06-04"
# People are known whatever their rows say.
KNOWN = "known_if: {or_from: [people]}\n"

# Names of three to six syllables, as many letters as people's names have; every tenth record has
# the name of the one before it with a letter too many.
NAMES = """
with numbered as (select range as i, range - cast(range % 10 = 9 as integer) as seed from range(?)),
syllables as (select ['ka','lo','mi','ren','sta','vo','nel','dri','po','shu','ga','ber','ti','wen',
    'mar','so','cli','ya','hun','fe','ro','dal','zi','kon'] as them),
spelt as (select i, list_aggregate(list_transform(range(3 + cast(hash % 4 as integer)), place ->
    them[1 + cast((hash // (24 ** place)) % 24 as integer)]), 'string_agg', '') as name
    from (select i, md5_number_lower(cast(seed as varchar)) % 1000000007 as hash from numbered),
    syllables)
select cast(i as varchar) as Id, name || if(i % 10 = 9, 'x', '') as Name, 'Springfield' as City
from spelt order by i
"""

PAIRED = """
select cast(range as varchar) as Id, 'a' || (range // 2) as One, 'b' || ((range + 1) // 2) as Other
from range(?)
"""
PEOPLE_OF_PATH = """
select cast(range as varchar) as Id, 'v' || range as One, null::varchar as Other
from range((? + 1) // 2)
"""
LINKS_OF_PATH = """
select cast(range as varchar) as Id, 'v' || range as One, 'v' || (range + 1) as Other
from range(? // 2)
"""
ALL_ALIKE = """
select cast(range as varchar) as Id, 'one' as One, cast(range % 7 as varchar) as Other
from range(?)
"""
CENTRE = "select 'C' as Id, 'one' as One, ? as Other"
VISITS = """
select cast(range as varchar) as Visit, 'v' || range as Visitor, 'one' as One,
    timestamp '2024-06-03 00:00:00' + to_seconds(range % 80000) as At
from range(?)
"""


@dataclass(frozen=True)
class HardWorld:
    """One case.

    Attributes:
        about: what is hard about it, in a few words.
        size: how many of it are measured.
        rows: table -> the query that makes its rows; its one parameter is the size.
        unify: the file `unify.yaml` but for `known_if`.
        columns: table -> its columns, the key first, where they are not Id, One, Other.
        others: further files, by the size.
    """

    about: str
    size: int
    rows: Mapping[str, str]
    unify: str
    columns: Mapping[str, str] = field(default_factory=dict)
    others: Callable[[int], Mapping[str, str]] = lambda size: {}


def write_world(world: HardWorld, folder: Path, size: int) -> Path:
    """Write the environment of a case with so many rows below a folder."""
    files = {f"sources/{table}.yaml": _source(world, table) for table in world.rows}
    files |= {"unify.yaml": world.unify + KNOWN, **world.others(size)}
    write_files(folder, files)
    with duckdb.connect() as connection:
        for table, query in world.rows.items():
            landing = folder / "landing" / table / DATE
            landing.mkdir(parents=True)
            rows = connection.execute(query, [size]).to_arrow_table()
            connection.register("written", rows)
            connection.table("written").write_parquet(str(landing / "file.parquet"))
    return folder


def _source(world: HardWorld, table: str) -> str:
    columns = world.columns.get(table, "Id: text, One: text, Other: text")
    key = columns.partition(":")[0]
    profile, *others = [part.partition(":")[0].strip() for part in columns.split(",")]
    if table == "visits":
        profile, others = "Visitor", ["One"]
    return f"""\
name: {table}
data_source: Hard
table: {table.capitalize()}
landing: landing/{table}/{{ingestion_date}}/*.parquet
format: {{kind: parquet}}
refresh: full
primary_key: {key}
columns: {{{columns}}}
profile: {{primary_key: {profile}, columns: [{", ".join([profile, *others])}]}}
"""


def _links_in(*columns: str) -> str:
    rules = ", ".join(f"{{name: {one}, conditions: [{{column: {one}}}]}}" for one in columns)
    return f"deduplicate: [{rules}]"


PEOPLE = "  - {{table: people, include_all: true, {}}}\n"
OUT = "columns:\n  One: [people.One]\n  Other: [people.Other]\n"
NAME_OUT = "columns:\n  Name: [people.Name]\n"
NAMED = {"people": "Id: text, Name: text, City: text"}
BY_CITY = "deduplicate: [{name: Near, conditions: \
[{column: City}, {column: Name, precision: high}]}]"
BY_NAME = "deduplicate: [{name: Near, conditions: [{column: Name, precision: high}]}]"

ACTIVITIES = """\
activities:
  - {table: visits, type: Other, key: Visit, time: At, event: One, customer: Visitor}
"""
FEW_OF_A_CITY = "guards: {records_per_value: {City: 1000}}\n"
NEVER = """\
overrides: {never_match: "landing/never/{ingestion_date}/*.csv"}
"""


def _foes(size: int) -> dict[str, str]:
    head = "Table1,Table1Key,Table2,Table2Key\n"
    return {f"landing/never/{DATE}/file.csv": f"{head}Hard_People,0,Hard_People,{size - 1}\n"}


def _insights(size: int) -> dict[str, str]:
    """Half of them measures, half segments: each of another threshold."""
    half = max(1, size // 2)
    measures = "".join(
        f"  - {{name: visits_{n}, kind: customer_attribute, count: activity, "
        f'where: {{ActivityTimeStamp: {{ge: "2024-06-03 {n % 24:02}:{n // 24 % 60:02}:00"}}}}, '
        "null_as: 0}\n"
        for n in range(half)
    )
    segments = "".join(
        f"  - {{name: often_{n}, rule: {{all: [{{visits_{n}: {{ge: {n % 5}}}}}]}}}}\n"
        for n in range(half)
    )
    return {
        "activities.yaml": ACTIVITIES,
        "measures.yaml": f"measures:\n{measures}",
        "segments.yaml": f"segments:\n{segments}",
    }


STAR = f"""\
tables:
{PEOPLE.format("deduplicate: []")}\
  - {{table: visits, include_all: true, match:
      [{{name: Centre, conditions: [{{left: people.One, right: One}}]}}]}}
{OUT}"""
EVENTS = {"visits": "Visit: text, Visitor: text, One: text, At: timestamp"}
SOME_PEOPLE = """
select cast(range as varchar) as Id, 'p' || range as One, null::varchar as Other
from range(least(?, 200))
"""
SOME_VISITS = """
select cast(range as varchar) as Visit, 'v' || (range % 300) as Visitor,
    'p' || (range % 300) as One,
    timestamp '2024-06-03 00:00:00' + to_seconds((range * 7919) % 80000) as At
from range(2000 + 0 * ?)
"""

WORLDS = {
    "path": HardWorld(
        "a path: each row shares one value with the row before, one with the next",
        1_000_000,
        {"people": PAIRED},
        f"tables:\n{PEOPLE.format(_links_in('One', 'Other'))}{OUT}",
    ),
    "path_components": HardWorld(
        "the same path through two tables, linking: components",
        1_000_000,
        {"people": PEOPLE_OF_PATH, "links": LINKS_OF_PATH},
        f"""\
linking: components
tables:
{PEOPLE.format("deduplicate: []")}\
  - {{table: links, include_all: true, match: [
      {{name: Here, conditions: [{{left: people.One, right: One}}]}},
      {{name: Next, conditions: [{{left: people.One, right: Other}}]}}]}}
{OUT}""",
    ),
    "star": HardWorld(
        "a star: one value, shared by all rows of a table",
        1_000_000,
        {"people": ALL_ALIKE},
        f"tables:\n{PEOPLE.format(_links_in('One'))}{OUT}",
    ),
    "star_centre": HardWorld(
        "a star: visitors with an event each, all of one person",
        1_000_000,
        {"people": CENTRE, "visits": VISITS},
        STAR,
        EVENTS,
        lambda size: {"activities.yaml": ACTIVITIES},
    ),
    "star_never": HardWorld(
        "the star, and two of its keys under never match",
        1_000_000,
        {"people": ALL_ALIKE},
        f"tables:\n{PEOPLE.format(_links_in('One'))}{NEVER}{OUT}",
        others=_foes,
    ),
    "shared_value": HardWorld(
        "one exact value shared by all, a fuzzy condition beside it",
        100_000,
        {"people": NAMES},
        f"tables:\n{PEOPLE.format(BY_CITY)}{NAME_OUT}",
        NAMED,
    ),
    "shared_value_guarded": HardWorld(
        "the same with a limit of 1,000 records a value",
        100_000,
        {"people": NAMES},
        f"tables:\n{PEOPLE.format(BY_CITY)}{NAME_OUT}{FEW_OF_A_CITY}",
        NAMED,
    ),
    "fuzzy_alone": HardWorld(
        "a fuzzy rule without an exact condition",
        10_000,
        {"people": NAMES},
        f"tables:\n{PEOPLE.format(BY_NAME)}{NAME_OUT}",
        NAMED,
    ),
    "insights": HardWorld(
        "as many measures and segments together, 200 customers",
        1_000,
        {"people": SOME_PEOPLE, "visits": SOME_VISITS},
        STAR,
        EVENTS,
        _insights,
    ),
}
