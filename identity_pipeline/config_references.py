"""Cross-checks: every table, column, list and rule that is named must exist and fit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from identity_pipeline.config_yaml import Document, Path_
from identity_pipeline.terms.environment import Environment, override_sources
from identity_pipeline.terms.errors import Problem, did_you_mean
from identity_pipeline.terms.rules import (
    Comparison,
    DeduplicationRule,
    MatchCondition,
    MatchRule,
    Normalization,
)
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.terms.unification import (
    LeastRecent,
    MergePreference,
    MostRecent,
    TableStep,
)

Found = Iterator[tuple[Path_, str]]
RECENCY_TYPES = ("date", "timestamp", "integer", "decimal")
# Columns of Customer that unification makes itself.
OWN_COLUMNS = ("CustomerId", "PreviousCustomerId", "IdentityStatus", "BecameKnownAt")


def reference_problems(
    environment: Environment, unify: Document, sources: Mapping[str, Document]
) -> list[Problem]:
    """Everything in `unify.yaml` and between sources that names what is not there.

    Args:
        environment: read, its parts valid for themselves.
        unify: the document of `unify.yaml`.
        sources: the document of each source.
    """
    found = [unify.problem(path, text) for path, text in _Checks(environment).all()]
    reserved = override_sources(environment)
    products = Counter((s.data_source, s.table) for s in environment.sources.values())
    for name, source in environment.sources.items():
        if name in reserved:
            text = f"'{name}' is the name of a file of overrides; choose another"
            found.append(sources[name].problem(("name",), text))
        if products[source.data_source, source.table] > 1:
            text = f"another source is {source.data_source} {source.table} too"
            found.append(sources[name].problem(("table",), text))
    return found


def reference_warnings(environment: Environment, unify: Document) -> list[Problem]:
    """What is allowed but probably not meant."""
    found: list[Problem] = []
    for place, step in enumerate(environment.unify.tables):
        path: Path_ = ("tables", place)
        if place and not any(rule.active for rule in step.match):
            text = f"'{step.table}' has no match rule: none of its records can match"
            found.append(unify.problem((*path, "table"), text))
        for kind, number, rule in _rules_of(step):
            if not any(condition.exact for condition in rule.conditions):
                text = f"rule '{rule.name}' has no exact condition: it compares every pair of rows"
                found.append(unify.problem((*path, kind, number), text))
    return found


def _rules_of(step: TableStep) -> Iterator[tuple[str, int, DeduplicationRule | MatchRule]]:
    for number, rule in enumerate(step.deduplicate):
        yield "deduplicate", number, rule
    for number, match_rule in enumerate(step.match):
        yield "match", number, match_rule


@dataclass(frozen=True)
class _Checks:
    environment: Environment

    def all(self) -> Found:
        unify = self.environment.unify
        known = self._profiles()
        for place, step in enumerate(unify.tables):
            path: Path_ = ("tables", place)
            if step.table not in known:
                yield (*path, "table"), self._no_table(step.table)
                continue
            if unify.order.index(step.table) != place:
                yield (*path, "table"), f"'{step.table}' is in the match order twice"
            yield from self._step(step, path)
        yield from self._columns()
        yield from self._groups()
        yield from self._references()
        yield from self._known_if()
        yield from self._clusters()
        yield from self._output_names()

    def _profiles(self) -> tuple[str, ...]:
        return tuple(name for name, s in self.environment.sources.items() if s.profile)

    def _no_table(self, name: str) -> str:
        if name in self.environment.sources:
            return f"source '{name}' has no 'profile': it says which key and columns take part"
        return f"no source is called '{name}'. {did_you_mean(name, self._profiles())}"

    def _column(self, table: str, column: str) -> str | None:
        """What is wrong with a reference to a column, if anything is."""
        if table not in self.environment.unify.order:
            known = self.environment.unify.order
            return f"no table of the match order is called '{table}'. {did_you_mean(table, known)}"
        source = self.environment.sources.get(table)
        if source is None or source.profile is None:
            return None  # said at the table itself
        if column in source.profile.columns:
            return None
        if column in source.columns:
            return f"column '{column}' of '{table}' is not selected: add it to 'profile.columns'"
        hint = did_you_mean(column, source.profile.columns)
        return f"table '{table}' has no column '{column}'. {hint}"

    def _reference(self, reference: str) -> str | None:
        table, _, column = reference.partition(".")
        return self._column(table, column)

    def _type(self, table: str, column: str) -> str | None:
        source = self.environment.sources.get(table)
        return source.columns[column].type if source and column in source.columns else None

    def _step(self, step: TableStep, path: Path_) -> Found:
        names = Counter(rule.name for _, _, rule in _rules_of(step))
        for kind, number, rule in _rules_of(step):
            here: Path_ = (*path, kind, number)
            if names[rule.name] > 1:
                yield (*here, "name"), f"two rules of '{step.table}' are called '{rule.name}'"
            for part in ("conditions", "exceptions"):
                conditions: Sequence[Comparison] = getattr(rule, part)
                for place, condition in enumerate(conditions):
                    yield from self._condition(step.table, condition, (*here, part, place))
        if step.match and self.environment.unify.order[0] == step.table:
            yield (*path, "match"), "the first table of the match order has nothing to match with"
        yield from self._preference(step.table, step.keep, (*path, "keep"))
        for name, keep in step.keep_columns.items():
            if wrong := self._column(step.table, name):
                yield (*path, "keep_columns", name), wrong
            yield from self._preference(step.table, keep, (*path, "keep_columns", name))

    def _preference(self, table: str, keep: MergePreference, path: Path_) -> Found:
        match keep:
            case MostRecent():
                key, column = "most_recent", keep.most_recent
            case LeastRecent():
                key, column = "least_recent", keep.least_recent
            case _:
                return
        yield from self._recency(table, column, (*path, key))

    def _recency(self, table: str, column: str, path: Path_) -> Found:
        if wrong := self._column(table, column):
            yield path, wrong
        elif (kind := self._type(table, column)) not in RECENCY_TYPES:
            yield path, f"'{column}' is {kind}; recency needs a date, a timestamp or a number"

    def _condition(self, table: str, condition: Comparison, path: Path_) -> Found:
        if isinstance(condition, MatchCondition):
            yield from self._sides(table, condition, path)
            own = condition.right
        else:
            own = str(getattr(condition, "column", ""))
            if wrong := self._column(table, own):
                yield (*path, "column"), wrong
        lists = self.environment.unify.overrides
        known = (*(step.value for step in Normalization), *lists.bypass, *lists.alias)
        for number, word in enumerate(condition.normalize):
            if word not in known:
                text = f"no normalization and no list is called '{word}'. "
                yield (*path, "normalize", number), text + did_you_mean(word, known)
        if condition.precision < 100 and self._type(table, own) not in (None, "text"):
            text = f"'{own}' is {self._type(table, own)}: only text can be compared fuzzily"
            yield (*path, "precision"), text

    def _sides(self, table: str, condition: MatchCondition, path: Path_) -> Found:
        order = self.environment.unify.order
        if wrong := self._column(table, condition.right):
            yield (*path, "right"), wrong
        left = condition.left_table
        if wrong := self._column(left, condition.left_column):
            yield (*path, "left"), wrong
        elif order.index(left) >= order.index(table):
            text = f"'{left}' is not above '{table}' in the match order ({', '.join(order)})"
            yield (*path, "left"), text

    def _columns(self) -> Found:
        for name, combined in self.environment.unify.columns.items():
            path: Path_ = ("columns", name)
            for number, reference in enumerate(combined.sources):
                if wrong := self._reference(reference):
                    yield (*path, number), wrong
            for table, column in combined.recency.items():
                yield from self._recency(table, column, (*path, "recency", table))

    def _groups(self) -> Found:
        for number, group in enumerate(self.environment.unify.groups):
            for table, columns in group.sources.items():
                for place, column in enumerate(columns):
                    path: Path_ = ("groups", number, "from", table, place)
                    if column is None:
                        continue
                    if wrong := self._column(table, column):
                        yield path, wrong
                    elif group.reference and group.columns[place] == group.reference:
                        yield from self._recency(table, column, path)

    def _references(self) -> Found:
        unify = self.environment.unify
        used = {source for combined in unify.columns.values() for source in combined.sources}
        used |= {
            f"{table}.{column}"
            for group in unify.groups
            for table, columns in group.sources.items()
            for column in columns
        }
        for key in ("separate", "exclude"):
            for number, reference in enumerate(getattr(unify, key)):
                if wrong := self._reference(reference):
                    yield (key, number), wrong
        for number, reference in enumerate(unify.exclude):
            if reference in used or reference in unify.separate:
                text = f"'{reference}' is excluded, yet a unified column uses it; remove one"
                yield ("exclude", number), text
        for number, column in enumerate(unify.customer_id.columns):
            if not any(column in self._selected(table) for table in unify.order):
                every = [name for table in unify.order for name in self._selected(table)]
                hint = did_you_mean(column, tuple(dict.fromkeys(every)))
                yield ("customer_id", "columns", number), f"no table has '{column}'. {hint}"

    def _selected(self, table: str) -> tuple[str, ...]:
        source: SourceTable | None = self.environment.sources.get(table)
        return source.profile.columns if source and source.profile else ()

    def _unified(self) -> tuple[str, ...]:
        """The unified columns by the names that their definitions give them."""
        unify = self.environment.unify
        grouped = [column for group in unify.groups for column in group.columns]
        separate = [reference.replace(".", "_", 1) for reference in unify.separate]
        return (*unify.columns, *grouped, *separate)

    def _known_if(self) -> Found:
        known_if = self.environment.unify.known_if
        for number, column in enumerate(known_if.any_of):
            if column not in self._unified():
                hint = did_you_mean(column, self._unified())
                yield ("known_if", "any_of", number), f"no unified column is '{column}'. {hint}"
        for number, table in enumerate(known_if.or_from):
            if table not in self.environment.unify.order:
                hint = did_you_mean(table, self.environment.unify.order)
                yield ("known_if", "or_from", number), f"no table is called '{table}'. {hint}"

    def _clusters(self) -> Found:
        renamed = self.environment.unify.rename
        shown = tuple(renamed.get(name, name) for name in self._unified())
        for number, cluster in enumerate(self.environment.unify.clusters):
            for rule_number, rule in enumerate(cluster.rules):
                for part in ("conditions", "exceptions"):
                    for place, condition in enumerate(getattr(rule, part)):
                        if condition.column not in shown:
                            hint = did_you_mean(condition.column, shown)
                            path = ("clusters", number, "rules", rule_number, part, place, "column")
                            yield path, f"no unified column is '{condition.column}'. {hint}"

    def _output_names(self) -> Found:
        unify = self.environment.unify
        for old in unify.rename:
            if old not in self._unified():
                text = f"no unified column is '{old}'. {did_you_mean(old, self._unified())}"
                yield ("rename", old), text
        keys = [
            f"{source.data_source}_{source.table}_{source.profile.primary_key}{alternate}"
            for table in unify.order
            if (source := self.environment.sources.get(table)) and source.profile
            for alternate in ("", "_Alternate")
        ]
        clusters = [f"{cluster.name}Id" for cluster in unify.clusters]
        shown = [unify.rename.get(name, name) for name in self._unified()]
        counted = Counter(name.lower() for name in (*OWN_COLUMNS, *keys, *clusters, *shown))
        for name in (name for name in shown if counted[name.lower()] > 1):
            text = f"Customer would have two columns '{name}' (case does not count)"
            yield ("columns", name), text
