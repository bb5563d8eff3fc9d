"""What is wrong with rules, seen the types of the columns that they compare."""

from collections.abc import Iterator, Sequence

from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.extras import missing_extra
from identity_pipeline.terms.periods import Period
from identity_pipeline.terms.rules import PRECISIONS, Comparison, Normalization
from identity_pipeline.terms.splink import SplinkModel, SplinkRule

# A condition's key, then what is wrong with it.
Faults = Iterator[tuple[tuple[str | int, ...], str]]
DATES, NUMBERS = ("date", "timestamp"), ("integer", "decimal")


def condition_faults(condition: Comparison, sides: Sequence[tuple[str, str | None]]) -> Faults:
    """Find what the columns' types do not allow, and packages that are missing.

    Args:
        condition: of any rule.
        sides: the columns compared, each with its type; None for one that is not known.
    """
    phonetic = Normalization.PHONETIC.value
    if phonetic in condition.normalize:
        place = condition.normalize.index(phonetic)
        if missing := missing_extra(phonetic):
            yield ("normalize", place), missing
        for column, kind in sides:
            if kind not in (None, "text"):
                yield ("normalize", place), f"'{column}' is {kind}: only text has a sound"
    if condition.precision < PRECISIONS["exact"]:
        for column, kind in sides:
            if kind not in (None, "text"):
                yield ("precision",), f"'{column}' is {kind}: only text can be compared fuzzily"
    if condition.within is not None:
        yield from _of_difference(condition.within, sides)


def _of_difference(within: object, sides: Sequence[tuple[str, str | None]]) -> Faults:
    """A period lies between dates or timestamps, a number between numbers."""
    wanted, meant = NUMBERS, "a number needs numbers"
    if isinstance(within, Period):
        wanted, meant = DATES, f"{within} lie between dates or timestamps"
    for column, kind in sides:
        if kind is not None and kind not in wanted:
            yield ("within",), f"'{column}' is {kind}: {meant}"


def rule_faults(environment: Environment) -> Faults:
    """What is wrong with probabilistic rules and clusters: place in `unify.yaml`, and why."""
    for place, step in enumerate(environment.unify.tables):
        for number, rule in enumerate(step.match):
            if isinstance(rule, SplinkRule) and rule.active:
                path = ("tables", place, "match", number, "splink")
                for key, text in _of_model(environment, step.table, rule.splink):
                    yield (*path, *key), text
    types = _unified_types(environment) if environment.unify.clusters else {}
    for place, cluster in enumerate(environment.unify.clusters):
        for number, cluster_rule in enumerate(cluster.rules):
            for inner, condition in cluster_rule.placed:
                sides = _of_unified(condition, types)
                for key, text in condition_faults(condition, sides):
                    yield ("clusters", place, "rules", number, *inner, *key), text


def _of_model(environment: Environment, table: str, model: SplinkModel) -> Faults:
    if missing := missing_extra("splink"):
        yield (), missing
    for number, one in enumerate(model.compare):
        if one.kind == "exact":
            continue
        wanted = ("text", "date") if one.kind == "date_of_birth" else ("text",)
        for side, column in ((one.left_table, one.left_column), (table, one.right)):
            kind = environment.type_of(side, column)
            if kind is not None and kind not in wanted:
                text = f"'{column}' is {kind}: '{one.kind}' compares {' or '.join(wanted)}"
                yield ("compare", number, "kind"), text


def _of_unified(
    condition: Comparison, types: dict[str, tuple[str | None, ...]]
) -> list[tuple[str, str | None]]:
    """A cluster's column with its type; columns of several types are combined as text."""
    column = str(getattr(condition, "column", ""))
    kinds = sorted({str(kind) for kind in types.get(column, ()) if kind is not None})
    if condition.within is not None:
        return [(column, kind) for kind in kinds]
    return [(column, kinds[0] if len(kinds) == 1 else "text")] if kinds else []


def _unified_types(environment: Environment) -> dict[str, tuple[str | None, ...]]:
    """The unified columns as Customer shows them, each with the types of its sources."""
    unify = environment.unify
    found = unify.feeds | {one.replace(".", "_", 1): (one,) for one in unify.separate}
    return {
        unify.rename.get(name, name): tuple(
            environment.type_of(*reference.split(".", 1)) for reference in references
        )
        for name, references in found.items()
    }
