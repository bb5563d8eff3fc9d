"""How well records were put together, against the truth: exact numbers of pairs."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

# Visitors are no customer records; Splink is not given them either.
VISITORS = "Web"


@dataclass(frozen=True)
class Quality:
    """Pairs of records that are one person, or are said to be.

    Attributes:
        found: said to be, and are.
        said: said to be.
        true: are.
    """

    found: int
    said: int
    true: int

    @property
    def precision(self) -> float:
        """The share of what is said that is so; 1 where nothing is said."""
        return self.found / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """The share of what is so that is said; 1 where nothing is so."""
        return self.found / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both: 2 found / (said + true)."""
        return 2 * self.found / (self.said + self.true) if self.said + self.true else 1.0


def quality_of(groups: duckdb.DuckDBPyRelation, truth: duckdb.DuckDBPyRelation) -> Quality:
    """Compare groups of customer records with the truth.

    Args:
        groups: `source`, `tab`, `record`, `grp`; records that are not in the truth do not count.
        truth: `source`, `tab`, `record`, `person`; visitors and records of nobody do not count.
            Records that are in no group are alone.
    """
    people = truth.filter(f"source <> '{VISITORS}' and person is not null").set_alias("people")
    both = people.join(groups.set_alias("grouped"), "source, tab, record", how="left").set_alias(
        "both"
    )
    return Quality(
        found=_pairs(both, "person, grp"), said=_pairs(both, "grp"), true=_pairs(both, "person")
    )


def _pairs(records: duckdb.DuckDBPyRelation, key: str) -> int:
    """How many pairs of records have equal, present keys."""
    present = " and ".join(f"{part} is not null" for part in key.split(", "))
    sizes = records.filter(present).aggregate("count(*)::hugeint as n", key)
    (pairs,) = sizes.aggregate("coalesce(sum(n * (n - 1) // 2), 0)").fetchone()
    return int(pairs)


def read_truth(connection: duckdb.DuckDBPyConnection, file: Path) -> duckdb.DuckDBPyRelation:
    """A world's truth as `quality_of` wants it."""
    rows = connection.read_parquet(str(file))
    return rows.project('DataSource as source, "Table" as tab, Key as record, Person as person')


def published_quality(published: Path, truth: Path) -> Quality:
    """The quality of the published alternate keys."""
    with duckdb.connect(published, read_only=True) as connection:
        keys = connection.table("AlternateKey").project(
            "DataSourceName as source, TableName as tab, AlternateValue as record,"
            " CustomerId as grp"
        )
        return quality_of(keys, read_truth(connection, truth))


def clustered_quality(clusters: Path, truth: Path) -> Quality:
    """The quality of clusters in a Parquet file with columns as `quality_of` wants them."""
    with duckdb.connect() as connection:
        return quality_of(connection.read_parquet(str(clusters)), read_truth(connection, truth))
