"""Measures checked before there is data: every faulty one, not only the first."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import ibis
import ibis.expr.datatypes as dt

from identity_pipeline.expressions.formula import Formula, calculate, read_formula
from identity_pipeline.expressions.paths import InsightTables
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.measures.customer import (
    ID,
    check_attribute_names,
    check_reads,
    customer_attributes,
)
from identity_pipeline.measures.order import check_names, in_steps, tables_of
from identity_pipeline.measures.own_tables import measure_table
from identity_pipeline.terms.errors import InsightError
from identity_pipeline.terms.measures import Measure

# What an attribute with a fault of its own counts as, so that others do not fail because of it.
ASSUMED = dt.Int64()


class MeasureProblem(NamedTuple):
    """A measure that cannot be calculated: its number in the list, where in it, and why."""

    measure: int
    place: Place
    message: str


def measure_problems(tables: InsightTables, measures: Sequence[Measure]) -> list[MeasureProblem]:
    """The first fault of each measure that has one, in the order of the measures.

    Args:
        tables: unbound tables will do. `attributes` is not looked at; own tables that other
            measures read are needed only where the measure itself is not in the list.
        measures: all measures.
    """
    check = _Check(tables, measures)
    types = check.attribute_types()
    schema = {ID: tables.customers[ID].type(), **types}
    check.own_tables(replace(tables, attributes=ibis.table(schema, name="Customer_Measure")))
    return sorted(check.problems)


@dataclass
class _Check:
    tables: InsightTables
    measures: Sequence[Measure]
    problems: list[MeasureProblem] = field(default_factory=list)

    @contextmanager
    def _noting(self, number: int) -> Iterator[None]:
        try:
            yield
        except InsightError as error:
            self.problems.append(MeasureProblem(number, error.place, str(error)))

    def _of_kind(self, *, attribute: bool) -> list[tuple[int, Measure]]:
        return [
            (number, one)
            for number, one in enumerate(self.measures)
            if (one.kind == "customer_attribute") == attribute
        ]

    def attribute_types(self) -> dict[str, dt.DataType]:
        """The type of each customer attribute."""
        chosen = self._of_kind(attribute=True)
        numbers = _numbers(chosen)
        own = {one.name for _, one in self._of_kind(attribute=False)}
        types: dict[str, dt.DataType] = {}
        formulas: dict[str, Formula] = {}
        before: list[Measure] = []
        for number, one in chosen:
            with self._noting(number):
                check_attribute_names(self.tables, [*before, one])
                check_reads(one, numbers, own)
                before.append(one)
                if one.formula is None:
                    found = customer_attributes(self.tables, [one])
                    types[one.name] = found[one.name].type()
                else:
                    formula = read_formula(one.formula, ("formula",))
                    check_names(formula, numbers, ())
                    formulas[one.name] = formula
        known = dict.fromkeys(numbers, ASSUMED) | types
        return known | self._formula_types(formulas, known, numbers)

    def _formula_types(
        self,
        formulas: Mapping[str, Formula],
        known: Mapping[str, dt.DataType],
        numbers: Mapping[str, int],
    ) -> dict[str, dt.DataType]:
        types = dict(known)
        uses = {name: formula.names for name, formula in formulas.items()}
        for name in self._sound_order(uses, numbers):
            columns = ibis.table(types, name="attributes")
            values = {column: columns[column] for column in formulas[name].names}
            with self._noting(numbers[name]):
                types[name] = calculate(formulas[name], values, ("formula",)).type()
        return types

    def own_tables(self, tables: InsightTables) -> None:
        """Build each measure that has a table of its own, those first that others read."""
        numbers = _numbers(self._of_kind(attribute=False))
        uses = {name: tables_of(self.measures[number]) for name, number in numbers.items()}
        built = dict(tables.measures)
        # The table of a business measure has no customers: no measure can read it.
        readable = {name for name, number in numbers.items() if self._is_of_customers(number)}
        for name in self._sound_order({n: used - {n} for n, used in uses.items()}, numbers):
            one = self.measures[numbers[name]]
            if uses[name] & readable - built.keys() - {name}:
                continue  # the fault is the other measure's
            with self._noting(numbers[name]):
                rows = measure_table(replace(tables, measures=built), one)
                if name in readable:
                    built[name] = ibis.table(rows.schema(), name=name)

    def _is_of_customers(self, number: int) -> bool:
        return self.measures[number].kind == "customer"

    def _sound_order(
        self, uses: Mapping[str, Collection[str]], numbers: Mapping[str, int]
    ) -> list[str]:
        """Names after what they use; those in a circle, or that use one, are left out."""
        order: list[str] = []
        waiting = dict(uses)
        while ready := [n for n, used in waiting.items() if not waiting.keys() & set(used)]:
            order += ready
            waiting = {name: used for name, used in waiting.items() if name not in ready}
        try:
            in_steps(waiting, {name: (name,) for name in waiting})
        except InsightError as error:
            number = numbers[str(error.place[0])]
            place = self.measures[number].functions[:1]
            self.problems.append(MeasureProblem(number, place, str(error)))
        return order


def _numbers(chosen: Sequence[tuple[int, Measure]]) -> dict[str, int]:
    """Name -> number in the list; of two of one name the first counts, the second is the fault."""
    return {one.name: number for number, one in reversed(chosen)}
