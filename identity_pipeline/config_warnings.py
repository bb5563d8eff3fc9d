"""What a configuration may say, but probably does not mean."""

from collections.abc import Sequence

from identity_pipeline.config_references import Found, rules_of
from identity_pipeline.config_yaml import Path_, read_document
from identity_pipeline.terms.environment import Environment
from identity_pipeline.terms.errors import Problem
from identity_pipeline.terms.event_tables import fusing_rules
from identity_pipeline.terms.splink import SplinkRule

UNIFY = "unify.yaml"


def warnings(environment: Environment) -> list[Problem]:
    """What is allowed but probably not meant, in `unify.yaml`."""
    document = read_document(environment.folder, environment.folder / UNIFY)
    found = (
        *_weak_rules(environment),
        *_mixed_types(environment),
        *fusing_rules(environment),
        *_missing_truth(environment),
    )
    return [document.problem(path, text) for path, text in found]


def _weak_rules(environment: Environment) -> Found:
    for place, step in enumerate(environment.unify.tables):
        path: Path_ = ("tables", place)
        if place and not any(rule.active for rule in step.match):
            text = f"'{step.table}' has no match rule: none of its records can match"
            yield (*path, "table"), text
        for kind, number, rule in rules_of(step):
            if isinstance(rule, SplinkRule):
                continue  # its ways of blocking bound the pairs
            if rule.active and not any(condition.exact for condition in rule.conditions):
                text = f"rule '{rule.name}' has no exact condition: it compares every pair of rows"
                yield (*path, kind, number), text


def _mixed_types(environment: Environment) -> Found:
    combined: list[tuple[Path_, str, Sequence[str]]] = [
        (("columns", name), name, column.sources)
        for name, column in environment.unify.columns.items()
    ]
    for number, group in enumerate(environment.unify.groups):
        for place, name in enumerate(group.columns):
            rows = group.sources.items()
            used = [f"{table}.{row[place]}" for table, row in rows if row[place]]
            combined.append((("groups", number, "columns", place), name, used))
    for path, name, references in combined:
        types = {environment.type_of(*reference.split(".", 1)) for reference in references}
        if len(types) > 1:
            kinds = ", ".join(sorted(map(str, types)))
            yield path, f"'{name}' combines columns of different types ({kinds}): it becomes text"


def _missing_truth(environment: Environment) -> Found:
    truth = environment.unify.quality.truth
    if truth and not (environment.folder / truth).is_file():
        text = f"there is no file '{truth}' in the environment's folder: runs will fail without it"
        yield ("quality", "truth"), text
