"""Paths: how the rows of a table belong to customers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from identity_pipeline.expressions.conditions import as_text
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import InsightError, did_you_mean

MAX_HOPS = 20  # the product's limit

# Tables that an environment has in any case.
CUSTOMER, ACTIVITY = "customer", "activity"


@dataclass(frozen=True)
class InsightTables:
    """What measures and segments read; unbound tables will do to check them.

    Attributes:
        environment: relationships, and the product's names of sources.
        day: the day of the data; windows end with it.
        customers: Customer, one row a `CustomerId`.
        alternate_keys: AlternateKey: `Identifier`, `CustomerId`.
        activity: UnifiedActivity, where there are activities.
        sources: source -> what it holds now.
        enrichments: name -> one row a `CustomerId`.
        attributes: Customer_Measure, one row a customer, where it is there by now.
        measures: customer measure -> its own table, where it is there by now.
    """

    environment: Environment
    day: ir.DateValue
    customers: ir.Table
    alternate_keys: ir.Table
    activity: ir.Table | None = None
    sources: Mapping[str, ir.Table] = field(default_factory=dict)
    enrichments: Mapping[str, ir.Table] = field(default_factory=dict)
    attributes: ir.Table | None = None
    measures: Mapping[str, ir.Table] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        """Every table that may be named."""
        activity = (ACTIVITY,) if self.activity is not None else ()
        return (CUSTOMER, *activity, *self.enrichments, *self.measures, *self.sources)


@dataclass(frozen=True)
class Link:
    """A step of a path: a column that names a row of another table by its key.

    Attributes:
        name: what a configuration calls it: a relationship's name, `activity` for an activity's
            foreign key, the table's own name where it is a profile table itself.
        table, column: where the foreign key is.
        parent: the table it names.
        parent_key: the parent's key column.
        is_last: whether the parent is a profile table, whose keys are customers' alternate keys.
    """

    name: str
    table: str
    column: str
    parent: str
    parent_key: str
    is_last: bool


def customer_columns(tables: InsightTables) -> ir.Table:
    """Customer beside its attributes and enrichments; these as `enrichment.Column`."""
    wide = tables.customers
    parts = {f"{name}.": table for name, table in tables.enrichments.items()}
    if tables.attributes is not None:
        parts[""] = tables.attributes
    for prefix, table in parts.items():
        names = [name for name in table.columns if name != "CustomerId"]
        columns = {f"{prefix}{name}": table[name] for name in names}
        added = table.select(_id=table.CustomerId, **columns)
        wide = wide.left_join(added, wide.CustomerId == added._id).drop("_id")
    return wide


def rows_of_customers(
    tables: InsightTables, name: str, path: tuple[str, ...] = (), place: tuple[str | int, ...] = ()
) -> ir.Table:
    """The rows of a table, each with the `CustomerId` it belongs to; rows of nobody left out.

    A row belongs to a customer by any of its keys, winner or alternate.

    Args:
        tables: all tables.
        name: `customer`, `activity`, an enrichment, a customer measure or a source.
        path: the names of the links to take, where several paths lead to customers.
        place: where the table is named, for errors.

    Raises:
        InsightError: no such table, no path from it, or several.
    """
    if name == CUSTOMER:
        return customer_columns(tables)
    if name == ACTIVITY and tables.activity is not None:
        return tables.activity.filter(tables.activity.CustomerId.notnull())
    for keyed in (tables.enrichments, tables.measures):
        if name in keyed:
            return keyed[name]
    if name not in tables.sources:
        hint = did_you_mean(name, tables.known)
        raise InsightError(place, f"there is no table '{name}'. {hint}")
    return _along(tables, the_path(tables.environment, name, path, place))


def _along(tables: InsightTables, links: tuple[Link, ...]) -> ir.Table:
    first, *others = links
    rows = tables.sources[first.table]
    if "CustomerId" in rows.columns:
        rows = rows.rename(source_CustomerId="CustomerId")
    joined = rows.mutate(_foreign=as_text(rows[first.column]))
    for link in others:
        previous = links[links.index(link) - 1]
        step = _foreign_keys(tables.sources[link.table], previous.parent_key, link.column)
        joined = joined.join(step, joined._foreign == step._parent)
        joined = joined.drop("_foreign", "_parent").rename(_foreign="_next")
    source = tables.environment.source(links[-1].parent)
    prefix = ibis.literal(source.prefix)
    keys = tables.alternate_keys.select("CustomerId", _identifier="Identifier")
    named = joined.mutate(_foreign=prefix + joined._foreign)
    return named.join(keys, named._foreign == keys._identifier).drop("_foreign", "_identifier")


def _foreign_keys(parent: ir.Table, key: str, column: str) -> ir.Table:
    """The foreign key of each key of a table; of several rows with one key the first delivered."""
    rows = parent.select(
        "_ingestion_date",
        "_file",
        "_line",
        _parent=as_text(parent[key]),
        _next=as_text(parent[column]),
    )
    order = [rows._ingestion_date, rows._file, rows._line]
    ranked = rows.mutate(_place=ibis.row_number().over(group_by="_parent", order_by=order))
    return ranked.filter(ranked._place == 0).select("_parent", "_next")


def the_path(
    environment: Environment, name: str, path: tuple[str, ...], place: tuple[str | int, ...] = ()
) -> tuple[Link, ...]:
    """The path from a source to customers.

    Raises:
        InsightError: there is none, or none with the names of `path`; or several, and no choice.
    """
    found = list(paths_from(environment, name))
    listed = "; ".join(f"[{', '.join(link.name for link in links)}]" for links in found)
    if not found:
        raise InsightError(
            place,
            f"no relationship leads from '{name}' to a profile table: declare one in "
            "relationships.yaml",
        )
    chosen = [links for links in found if not path or tuple(link.name for link in links) == path]
    if len(chosen) > 1:
        raise InsightError(
            place, f"several paths lead from '{name}' to customers; choose with 'path': {listed}"
        )
    if not chosen:
        asked = ", ".join(path)
        raise InsightError(place, f"no path [{asked}] leads from '{name}'; there are: {listed}")
    return chosen[0]


def paths_from(environment: Environment, name: str) -> Iterator[tuple[Link, ...]]:
    """Every path from a source to a profile table, shortest first, without circles."""
    waiting: list[tuple[Link, ...]] = [(link,) for link in _links_from(environment, name)]
    while waiting:
        links = waiting.pop(0)
        if links[-1].is_last:
            yield links
        elif len(links) < MAX_HOPS:
            visited = {link.table for link in links} | {links[-1].parent}
            further = _links_from(environment, links[-1].parent)
            waiting += [(*links, link) for link in further if link.parent not in visited]


def _links_from(environment: Environment, name: str) -> list[Link]:
    links: list[Link] = []
    order = environment.unify.order
    if name in order:
        key = environment.profile(name).primary_key
        links.append(Link(name, name, key, name, key, is_last=True))
    for activity in environment.activities:
        own = activity.link
        if activity.table == name and own.table in order:
            key = environment.profile(own.table).primary_key
            links.append(Link(ACTIVITY, name, own.column, own.table, key, is_last=True))
    for relationship in environment.relationships:
        (child, column), (parent, key) = relationship.child, relationship.parent
        if child == name and parent in environment.sources:
            is_last = parent in order and environment.profile(parent).primary_key == key
            links.append(Link(relationship.name, name, column, parent, key, is_last))
    ends: dict[tuple[str, str, str], Link] = {}
    for link in links:  # the same foreign key by another name is no other path
        ends.setdefault((link.column, link.parent, link.parent_key), link)
    return list(ends.values())
