"""The keyring: which keys of which tables a customer has."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.json_texts import json_text
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.names import BAR
from identity_pipeline.terms.unification import MergePreference
from identity_pipeline.unify.winner import by_preference, first_of

# A KeyRing lists all keys of a customer with at most so many. It stands beside every one of them,
# so with all its keys a customer of 100,000 would have 100,000 times 2 MB of text.
MOST_LISTED_KEYS = 1000


@dataclass(frozen=True)
class Contribution:
    """What one table brings to consolidated records.

    Attributes:
        table: the source's name; `data_source` and `table_name` are the product's names for it.
        rank: its place in the match order, from 1.
        include_all: whether its records that match nothing become customers.
        members, winners: as `unify.deduplicate.Deduplicated`.
        records: `group` and `record`, one row a group.
    """

    table: str
    data_source: str
    table_name: str
    rank: int
    include_all: bool
    keep: MergePreference
    primary_key: str
    members: ir.Table
    winners: ir.Table
    records: ir.Table

    @property
    def prefix(self) -> str:
        """What comes before the table's keys in an identifier."""
        return f"{self.data_source}{BAR}{self.table_name}{BAR}"


def consolidate(contributions: Sequence[Contribution]) -> ir.Table:
    """Put the groups of all tables together as consolidated records.

    Returns:
        One row a dedup group: `record`, `rank`, `table`, `group`, `key` (its winner's), `leads`
        (whether it is the table's winner within the record, by the table's merge preference),
        `tables` (how many tables the record has), `kept` (false for a record of one table whose
        Include all is off).
    """
    parts = [_groups_of(contribution) for contribution in contributions]
    together = ibis.union(*parts) if len(parts) > 1 else parts[0]
    counted = together.mutate(tables=together["rank"].nunique().over(group_by="record"))
    kept = (counted.tables > 1) | counted.include_all
    return counted.mutate(kept=kept).drop("include_all")


def _groups_of(part: Contribution) -> ir.Table:
    joined = part.winners.join(part.records, part.winners._group == part.records.group)
    leads = first_of(joined, "record", by_preference(joined, part.keep, part.primary_key))
    return joined.select(
        "record",
        "group",
        rank=ibis.literal(part.rank, "int64"),
        table=ibis.literal(part.table),
        key="_key",
        leads=leads,
        include_all=ibis.literal(part.include_all),
    )


def keys_of(consolidated: ir.Table, contributions: Sequence[Contribution]) -> ir.Table:
    """Every source key with the record that holds it.

    Returns:
        One row a key of a table: `record`, `kept`, `rank`, `table`, `data_source`, `table_name`,
        `key`, `preferred_key` (the table's winner in the record), `identifier`
        (`DataSource|Table|Key`).
    """
    parts = [_keys_of_table(consolidated, part) for part in contributions]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _keys_of_table(consolidated: ir.Table, part: Contribution) -> ir.Table:
    keys = part.members.select(group="_group", key="_key").distinct()
    here = consolidated.filter(consolidated["rank"] == part.rank)
    groups = here.select("record", "kept", _of="group")
    leaders = here.filter(here.leads).select(_record="record", preferred_key="key")
    held = groups.join(leaders, groups.record == leaders._record)
    joined = keys.join(held, keys.group == held._of)
    prefix = ibis.literal(part.prefix)
    return joined.select(
        "record",
        "kept",
        "key",
        "preferred_key",
        rank=ibis.literal(part.rank, "int64"),
        table=ibis.literal(part.table),
        data_source=ibis.literal(part.data_source),
        table_name=ibis.literal(part.table_name),
        identifier=prefix + joined.key,
    )


def key_rings(keys: ir.Table, contributions: Sequence[Contribution]) -> ir.Table:
    """The KeyRing of each record.

    Returns:
        One row a record: `record` and `key_ring`, JSON without blanks: a list of
        `{"dataSourceName","tableName","preferredKey","keys"}`, tables in match order, keys
        ascending by code point. A record of more than MOST_LISTED_KEYS keys lists the preferred
        key of each table alone, and says in a further `numberOfKeys` how many there are.
    """
    sizes = keys.group_by("record").aggregate(_size=keys.count())
    sized = keys.join(sizes, "record")
    is_short = sized._size > MOST_LISTED_KEYS
    listed = json_text(sized.key).collect(where=~is_short)
    quoted = sized.group_by(["record", "rank", "preferred_key"]).aggregate(
        _keys=ibis.literal(",").join(listed.sort()), _count=sized.count(), _is_short=is_short.any()
    )
    preferred = json_text(quoted.preferred_key)
    of_many = preferred + ibis.literal('],"numberOfKeys":') + quoted._count.cast("string") + "}"
    pieces = quoted.mutate(
        _piece=ibis.literal('"preferredKey":')
        + preferred
        + ibis.literal(',"keys":[')
        + quoted._is_short.ifelse(of_many, quoted._keys + ibis.literal("]}"))
    )
    names = [f"_piece_{part.rank}" for part in contributions]
    wide = pieces.group_by("record").aggregate(
        **{
            name: pieces._piece.max(where=pieces["rank"] == part.rank)
            for name, part in zip(names, contributions, strict=True)
        }
    )
    objects = [
        ibis.literal(f'{{"dataSourceName":"{part.data_source}","tableName":"{part.table_name}",')
        + wide[name]
        for name, part in zip(names, contributions, strict=True)
    ]
    present = ibis.array(objects).filter(lambda piece: piece.notnull())
    joined = ibis.literal("[") + ibis.literal(",").join(present) + ibis.literal("]")
    return wide.select("record", key_ring=joined)


def alternate_keys(keys: ir.Table, rings: ir.Table) -> ir.Table:
    """The product's AlternateKey table.

    Args:
        keys: as `keys_of`, of kept records, with `customer_id`.
        rings: as `key_rings`.
    """
    joined = keys.join(rings, "record")
    return joined.select(
        DataSourceName="data_source",
        TableName="table_name",
        AlternateValue="key",
        KeyRing="key_ring",
        CustomerId="customer_id",
        AlternateKeyId=joined.identifier.hexdigest("md5"),
        Identifier="identifier",
    )


def key_columns(keys: ir.Table, contributions: Sequence[Contribution]) -> ir.Table:
    """A customer's keys as columns.

    Returns:
        One row a record: for each table `{DataSource}_{Table}_{Key}` (the winner's key) and the
        same with `_Alternate`: all keys joined by ";" where there are several, else NULL.
    """
    names = key_names(contributions)
    preferred = keys.group_by("record").aggregate(**preferred_columns(keys, contributions))
    several = _joined_keys(keys)
    alternates = several.group_by("record").aggregate(
        **{
            f"{name}_Alternate": several.joined.max(where=several["rank"] == rank)
            for rank, name in names.items()
        }
    )
    joined = preferred.left_join(alternates, "record")
    beside = (column for name in names.values() for column in (name, f"{name}_Alternate"))
    return joined.select("record", *beside)


def preferred_columns(
    keys: ir.Table, contributions: Sequence[Contribution]
) -> dict[str, ir.StringValue]:
    """A record's preferred key of each table, by the column it is in, over groups of `keys`."""
    return {
        name: keys.preferred_key.max(where=keys["rank"] == rank)
        for rank, name in key_names(contributions).items()
    }


def key_names(contributions: Sequence[Contribution]) -> dict[int, str]:
    """The column of a customer's preferred key, by the rank of its table."""
    return {
        part.rank: f"{part.data_source}_{part.table_name}_{part.primary_key}"
        for part in contributions
    }


def _joined_keys(keys: ir.Table) -> ir.Table:
    """Records with several keys of one table, few of all: `record`, `rank`, `joined`."""
    counted = keys.group_by(["record", "rank"]).aggregate(_several=keys.key.min() != keys.key.max())
    several = counted.filter(counted._several)
    held = another(keys).semi_join(several, ["record", "rank"])
    listed = held.key.collect().sort()
    return held.group_by(["record", "rank"]).aggregate(joined=ibis.literal(";").join(listed))
