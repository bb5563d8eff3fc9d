"""In which order measures are calculated: each after what it uses."""

from collections.abc import Collection, Mapping, Sequence

from identity_pipeline.expressions.formula import Formula, read_formula
from identity_pipeline.expressions.row_conditions import Place
from identity_pipeline.terms.errors import InsightError, did_you_mean
from identity_pipeline.terms.measures import Calculation, Measure


def formulas_of(
    calculations: Mapping[str, Calculation], places: Mapping[str, Place]
) -> dict[str, Formula]:
    """The formulas among calculations, read; raises InsightError as `read_formula`."""
    return {
        name: read_formula(one.formula, (*places[name], "formula"))
        for name, one in calculations.items()
        if one.formula is not None
    }


def check_names(formula: Formula, known: Collection[str], place: Place) -> None:
    """Raise InsightError where a formula names what is not there, or nothing at all.

    Args:
        formula: the formula.
        known: what it may name, in the order an error lists it.
        place: the calculation's.
    """
    for name in formula.names:
        if name not in known:
            hint = did_you_mean(name, tuple(known))
            raise InsightError(
                (*place, "formula"), f"there is no number '{name}' for a formula here. {hint}"
            )
    if not formula.names:
        raise InsightError((*place, "formula"), f"'{formula.text}' names no measure")


def in_steps(
    uses: Mapping[str, Collection[str]], places: Mapping[str, Place]
) -> tuple[tuple[str, ...], ...]:
    """Names in steps: each uses only what is no key of `uses`, or is in an earlier step.

    Args:
        uses: name -> what it uses.
        places: name -> where it is written, for errors.

    Raises:
        InsightError: they use one another in a circle; it names the circle.
    """
    steps: list[tuple[str, ...]] = []
    waiting = dict(uses)
    while waiting:
        ready = tuple(name for name, used in waiting.items() if not waiting.keys() & set(used))
        if not ready:
            circle = _circle(waiting)
            raise InsightError(
                places[circle[0]], f"measures use one another in a circle: {' -> '.join(circle)}"
            )
        steps.append(ready)
        waiting = {name: used for name, used in waiting.items() if name not in ready}
    return tuple(steps)


def formulas_in_steps(
    formulas: Mapping[str, Formula], places: Mapping[str, Place]
) -> tuple[tuple[str, ...], ...]:
    """Formulas in the order they are calculated; raises InsightError as `in_steps`."""
    uses = {name: formula.names for name, formula in formulas.items()}
    return in_steps(uses, {name: (*places[name], "formula") for name in formulas})


def tables_in_order(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """Measures with a table of their own, each after those whose tables it reads.

    Customer_Measure comes before all of them: they may read it, it does not read them.

    Raises:
        InsightError: they read one another in a circle; the place is relative to a measure in it.
    """
    own = {one.name: one for one in measures if one.kind != "customer_attribute"}
    uses = {name: tables_of(one) - {name} for name, one in own.items()}
    places: dict[str, Place] = {name: one.functions[:1] for name, one in own.items()}
    return tuple(own[name] for step in in_steps(uses, places) for name in step)


def tables_of(measure: Measure) -> set[str]:
    """The tables that a measure's calculations read; one, if it is sound."""
    reads = (one.reads for one in measure.all_calculations.values())
    return {found[0] for found in reads if found is not None}


def _circle(waiting: Mapping[str, Collection[str]]) -> list[str]:
    """A circle among names of which each uses another: from its smallest name to that again."""
    walk = [min(waiting)]
    while True:
        following = min(used for used in waiting[walk[-1]] if used in waiting)
        if following in walk:
            found = walk[walk.index(following) :]
            smallest = found.index(min(found))
            return [*found[smallest:], *found[:smallest], found[smallest]]
        walk.append(following)
