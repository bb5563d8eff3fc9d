"""The sample environment run day by day, with what was published after each run."""

import datetime
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from identity_pipeline.defs.console import Dates, run_dates

SAMPLE = Path(__file__).parents[2] / "data" / "contoso"
DATES = [datetime.date(2022, 7, day) for day in (23, 24, 25, 26)]

ADA = "5b70efc956fbbf30aa2416cc672743aa"
BEN = "03171c34c0746d877958e8ee5dd3232a"
CARLA = "71836985dce5bd1c473bbc8415be4907"
DEV = "a66544275d2812333bdfcfcf7d890101"
LOY708 = "b0f71886bc621b9db2219c99493b7c80"
FAY = "1877d0e0176786bde74a77c3a0936289"
POS12 = "b919bc864c21c11432b6b487512b9f85"
POS13 = "4eee76381471e2d02e5fc34be68cd4e8"
WEB1 = "b41ee9eb068e310161fea6bcd938e67e"
WEB5 = "ddec0189220a118aad27285403eb2f89"

# Besides the sample's export: the same segment as a file, and one that has members but reaches
# nobody, since people without an address cannot be reached by one.
MORE_EXPORTS = """
  - name: viewed_never_bought
    kind: segment
    segment: viewed_never_bought
    columns: [CustomerId, FullName, Email, Tier]
    to: "file:exports"
    consent: marketing
  - name: ads_unknown_viewers
    kind: hashed_audience
    segment: unknown_viewers
    to: "file:exports"
"""

Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Scenario:
    """What was published after each of the four runs, and after the third was repeated.

    Attributes:
        published: run -> the file as it was then.
        exports: the folder that the exports of all runs are in.
        homes: run -> a copy of the home as it was then, of the first and the repeated run.
    """

    published: dict[str, Path]
    exports: Path
    homes: dict[str, Path] = field(default_factory=dict)

    def rows(self, run: str, query: str) -> Rows:
        """Rows of a query over the file published after a run: r1, r2, r3, again, r4."""
        with duckdb.connect(str(self.published[run]), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def tables(self, run: str) -> dict[str, Rows]:
        """Every published table, its rows sorted."""
        with duckdb.connect(str(self.published[run]), read_only=True) as connection:
            names = connection.execute("select table_name from duckdb_tables() order by 1")
            return {
                str(name): sorted(connection.execute(f'from "{name}"').fetchall(), key=repr)
                for (name,) in names.fetchall()
            }


def environment(folder: Path, *, include_unknown: bool) -> Path:
    """A copy of the sample; with Include all off for point of sale and web where asked."""
    copy = folder / "contoso"
    shutil.copytree(SAMPLE, copy)
    with (copy / "exports.yaml").open("a", encoding="utf-8") as exports:
        exports.write(MORE_EXPORTS)
    if not include_unknown:
        unify = copy / "unify.yaml"
        text = unify.read_text(encoding="utf-8")
        for table in ("pos_customers", "web_events"):
            head, tail = text.split(f"- table: {table}", 1)
            tail = tail.replace("include_all: true", "include_all: false", 1)
            text = f"{head}- table: {table}{tail}"
        unify.write_text(text, encoding="utf-8")
    return copy


def play(folder: Path, *, include_unknown: bool) -> Scenario:
    """Run the four days, the third twice."""
    source = environment(folder, include_unknown=include_unknown)
    home = folder / "home"
    published: dict[str, Path] = {}
    homes = {run: folder / f"home_{run}" for run in ("r1", "again")}
    for run, date in zip(("r1", "r2", "r3", "again", "r4"), [*DATES[:3], *DATES[2:]], strict=True):
        # Repeated, it makes everything again: that nothing changes is not that nothing is done.
        succeeded = run_dates(source, home, Dates(only=date), again=run == "again")
        assert succeeded, f"the run of {date} failed"
        published[run] = folder / f"{run}.duckdb"
        shutil.copy(home / "published" / "contoso.duckdb", published[run])
        if run in homes:
            shutil.copytree(home, homes[run])
    return Scenario(published, home / "exports" / "CustomerInsights_contoso", homes)
