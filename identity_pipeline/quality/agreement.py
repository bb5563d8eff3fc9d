"""How far customers agree with the truth: by pairs, by clusters, by B-cubed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import ibis
import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.expressions.views import another
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.quality import ALL, CUSTOMER_RECORDS

PLACES = Decimal("0.000001")
AGREEMENT = {"scope": "string", "metric": "string", "value": "decimal(18, 6)"}
Row = tuple[str, str, Decimal]


@dataclass(frozen=True)
class Cells:
    """So many cells alike; a cell are the records that one customer and one person share.

    Attributes:
        shared: records of the cell.
        customer, person: records of the whole customer, and of the whole person.
        cells: how many cells are like that.
    """

    shared: int
    customer: int
    person: int
    cells: int


def scopes(environment: Environment) -> Mapping[str, tuple[str, ...]]:
    """The tables of each scope: all, those whose rows are profiles themselves, each by itself."""
    order = environment.unify.order
    own = tuple(
        table
        for table in order
        if environment.profile(table).primary_key == environment.source(table).primary_key
    )
    found = {ALL: order}
    if own and own != order:
        found[CUSTOMER_RECORDS] = own
    if len(order) > 1:
        found |= {table: (table,) for table in order}
    return found


def judged_scope(environment: Environment) -> str:
    """The scope whose precision and recall the check judges."""
    return CUSTOMER_RECORDS if CUSTOMER_RECORDS in scopes(environment) else ALL


def cells_of(
    engine: Engine, environment: Environment, keys: ir.Table, truth: ir.Table
) -> dict[str, list[Cells]]:
    """Count cells by their sizes: so no pair is ever made, and all arithmetic is on whole numbers.

    Args:
        engine: counts.
        environment: its tables make the scopes.
        keys: `record`, `table`, `identifier` of every source key. A record that Include all leaves
            out is a customer of its own here.
        truth: as `truth.read_truth`; keys without a person are left out.

    Returns:
        Cells by scope; a scope without records that have a person is not there.
    """
    known = truth.filter(truth.person.notnull())
    persons = known.select("person").distinct()
    # Any numbers will do: they are only faster to group by than names are.
    persons = persons.mutate(number=ibis.row_number())
    held = keys.join(known, "identifier").join(persons, "person")
    shared = held.group_by("record", "table", person="number").aggregate(shared=held.count())
    shared = engine.keep(shared)
    parts = [_sizes(shared, scope, tables) for scope, tables in scopes(environment).items()]
    counted = ibis.union(*parts) if len(parts) > 1 else parts[0]
    found: dict[str, list[Cells]] = {}
    for name, *sizes in engine.rows(counted):
        found.setdefault(str(name), []).append(Cells(*(int(str(size)) for size in sizes)))
    return found


def _sizes(shared: ir.Table, scope: str, tables: tuple[str, ...]) -> ir.Table:
    """How many cells of some tables are alike: scope, shared, customer, person, cells."""
    here = shared.filter(shared.table.isin(tables))
    cells = here.group_by("record", "person").aggregate(shared=here.shared.sum())
    customers = cells.group_by("record").aggregate(customer=cells.shared.sum())
    persons = cells.group_by(of="person").aggregate(whole=cells.shared.sum())
    sized = another(cells).join(customers, "record")
    sized = sized.join(persons, sized.person == persons.of)
    counted = sized.group_by("shared", "customer", "whole").aggregate(cells=sized.count())
    return counted.select(ibis.literal(scope).name("scope"), *counted.columns)


def agreement(cells: Iterable[Cells]) -> dict[str, Decimal]:
    """All numbers of one scope; a share of nothing is not there.

    Pairs: of all pairs of records in one customer, the share of one person (precision); of all
    pairs of one person, the share in one customer (recall). Clusters: of all customers, the share
    that is exactly one whole person; of all persons, the share that is exactly one whole customer.
    B-cubed: the mean over records of the share of their customer that is their person, and of
    their person that is their customer. F1 is the harmonic mean of the two.
    """
    cells = list(cells)
    records = sum(one.cells * one.shared for one in cells)
    # A customer of three records is a third of a customer to each of them.
    customers = sum((Fraction(one.cells * one.shared, one.customer) for one in cells), Fraction())
    persons = sum((Fraction(one.cells * one.shared, one.person) for one in cells), Fraction())
    exact = sum(one.cells for one in cells if one.shared == one.customer == one.person)
    right = sum(one.cells * one.shared * (one.shared - 1) for one in cells)
    joined = sum(one.cells * one.shared * (one.customer - 1) for one in cells)
    true = sum(one.cells * one.shared * (one.person - 1) for one in cells)
    pure = sum((Fraction(one.cells * one.shared**2, one.customer) for one in cells), Fraction())
    whole = sum((Fraction(one.cells * one.shared**2, one.person) for one in cells), Fraction())
    counts = {
        "records": records,
        "customers": int(customers),
        "persons": int(persons),
        "customers_right": exact,
        "pairs_right": right // 2,
        "pairs_joined": joined // 2,
        "pairs_true": true // 2,
    }
    return {
        **{name: Decimal(count) for name, count in counts.items()},
        **dict(_shares("pair", _of(right, joined), _of(right, true))),
        **dict(_shares("cluster", _of(exact, customers), _of(exact, persons))),
        **dict(_shares("bcubed", _of(pure, records), _of(whole, records))),
    }


def _of(part: Fraction | int, whole: Fraction | int) -> Fraction | None:
    return Fraction(part) / whole if whole else None


def _shares(
    kind: str, precision: Fraction | None, recall: Fraction | None
) -> Iterator[tuple[str, Decimal]]:
    found = {"precision": precision, "recall": recall}
    if precision is not None and recall is not None:
        total = precision + recall
        found["f1"] = 2 * precision * recall / total if total else Fraction(0)
    for name, share in found.items():
        if share is not None:
            yield f"{kind}_{name}", _rounded(share)


def _rounded(share: Fraction) -> Decimal:
    """Six places, halves to even; in whole numbers, so that it is the same everywhere."""
    return Decimal(round(share * 10**6)).scaleb(-6).quantize(PLACES)


def measure_agreement(
    engine: Engine, environment: Environment, keys: ir.Table, truth: ir.Table
) -> list[Row]:
    """Every number of every scope: scope, metric, value."""
    found = cells_of(engine, environment, keys, truth)
    rows: list[Row] = [
        (scope, metric, value)
        for scope in scopes(environment)
        for metric, value in agreement(found.get(scope, ())).items()
    ]
    counted = truth.aggregate(all=truth.count(), nobody=truth.person.isnull().sum())
    [(every, nobody)] = engine.rows(counted)
    rows.append((ALL, "truth_records", Decimal(str(every))))
    rows.append((ALL, "truth_without_person", Decimal(str(nobody or 0))))
    return rows


def as_table(engine: Engine, rows: Iterable[Row], date: str) -> ir.Table:
    """Numbers as rows of the table of quality, dated."""
    table = engine.relation(AGREEMENT, list(rows))
    return table.mutate(ingestion_date=ibis.literal(date).cast("date"))
