"""Cross-checks: every table, column, list and rule that is named must exist and fit."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from identity_pipeline.config_yaml import Document, Path_
from identity_pipeline.terms.environment import OWN_COLUMNS, Environment
from identity_pipeline.terms.errors import Problem, did_you_mean
from identity_pipeline.terms.identifiers import guard_faults
from identity_pipeline.terms.rule_faults import condition_faults, rule_faults
from identity_pipeline.terms.rules import (
    Comparison,
    DeduplicationCondition,
    DeduplicationRule,
    MatchCondition,
    Normalization,
)
from identity_pipeline.terms.unification import (
    AnyMatchRule,
    LeastRecent,
    MergePreference,
    MostRecent,
    TableStep,
)

Found = Iterator[tuple[Path_, str]]
DATES, NUMBERS = ("date", "timestamp"), ("integer", "decimal")
# The id column of the automatic household, as Customer shows it.
HOUSEHOLD_ID = "HouseholdId"


def reference_problems(
    environment: Environment, unify: Document, unreadable: Collection[str]
) -> list[Problem]:
    """Everything in `unify.yaml` that names what is not there, or does not fit.

    Args:
        environment: the parts that could be read, valid for themselves.
        unify: the document of `unify.yaml`.
        unreadable: names of sources with problems of their own; nothing is said about these.
    """
    found = _Checks(environment, frozenset(unreadable)).all()
    return [unify.problem(path, text) for path, text in found]


def rules_of(step: TableStep) -> Iterator[tuple[str, int, DeduplicationRule | AnyMatchRule]]:
    """The rules of a table: their key, place and term."""
    for number, rule in enumerate(step.deduplicate):
        yield "deduplicate", number, rule
    for number, match_rule in enumerate(step.match):
        yield "match", number, match_rule


@dataclass(frozen=True)
class _Checks:
    environment: Environment
    unreadable: frozenset[str]

    def all(self) -> Found:
        for place, step in enumerate(self.environment.unify.tables):
            yield from self._step(step, ("tables", place))
        yield from self._columns()
        yield from self._groups()
        yield from self._references()
        yield from self._customer_id()
        yield from self._known_if()
        yield from self._clusters()
        yield from self._output_names()
        yield from () if self.unreadable else guard_faults(self.environment)
        yield from rule_faults(self.environment)

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

    def _step(self, step: TableStep, path: Path_) -> Found:
        order = self.environment.unify.order
        if step.table not in self._profiles() and step.table not in self.unreadable:
            yield (*path, "table"), self._no_table(step.table)
        if (*path[:-1], order.index(step.table)) != path:
            yield (*path, "table"), f"'{step.table}' is in the match order twice"
        called = Counter(rule.name for _, _, rule in rules_of(step))
        for kind, number, rule in rules_of(step):
            here: Path_ = (*path, kind, number)
            if called[rule.name] > 1:
                yield (*here, "name"), f"two rules of '{step.table}' are called '{rule.name}'"
            for inner, condition in rule.placed:
                yield from self._condition(step.table, condition, (*here, *inner))
        if step.match and order[0] == step.table:
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
        elif (kind := self.environment.type_of(table, column)) not in (None, *DATES, *NUMBERS):
            yield path, f"'{column}' is {kind}; recency needs a date, a timestamp or a number"

    def _one_kind(self, columns: Mapping[str, str], path: Path_) -> Found:
        """Recency across tables: a date is neither later nor earlier than a number."""
        kinds = {self.environment.type_of(table, column) for table, column in columns.items()}
        if kinds.intersection(DATES) and kinds.intersection(NUMBERS):
            yield path, "dates cannot be compared with numbers: name columns of one kind"

    def _condition(self, table: str, condition: Comparison, path: Path_) -> Found:
        sides: list[tuple[str, str]] = []
        match condition:
            case MatchCondition():
                yield from self._sides(table, condition, path)
                left = (condition.left_table, condition.left_column)
                sides = [left, (table, condition.right)]
            case DeduplicationCondition():
                if wrong := self._column(table, condition.column):
                    yield (*path, "column"), wrong
                sides = [(table, condition.column)]
        lists = self.environment.unify.overrides
        yield from self._words(condition, (*lists.bypass, *lists.alias), path)
        typed = [(column, self.environment.type_of(side, column)) for side, column in sides]
        for key, text in condition_faults(condition, typed):
            yield (*path, *key), text

    def _words(self, condition: Comparison, lists: Sequence[str], path: Path_) -> Found:
        known = (*(step.value for step in Normalization), *lists)
        for number, word in enumerate(condition.normalize):
            if word not in known:
                text = f"no normalization and no list is called '{word}'. "
                yield (*path, "normalize", number), text + did_you_mean(word, known)

    def _sides(self, table: str, condition: MatchCondition, path: Path_) -> Found:
        order = self.environment.unify.order
        if wrong := self._column(table, condition.right):
            yield (*path, "right"), wrong
        left = condition.left_table
        if wrong := self._column(left, condition.left_column):
            yield (*path, "left"), wrong
        elif table != order[0] and order.index(left) >= order.index(table):
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
            yield from self._one_kind(combined.recency, (*path, "recency"))

    def _groups(self) -> Found:
        for number, group in enumerate(self.environment.unify.groups):
            ages: dict[str, str] = {}
            for table, columns in group.sources.items():
                for place, column in enumerate(columns):
                    path: Path_ = ("groups", number, "from", table, place)
                    is_reference = group.columns[place] == group.reference
                    if column and is_reference:
                        ages[table] = column
                        yield from self._recency(table, column, path)
                    elif column and (wrong := self._column(table, column)):
                        yield path, wrong
                    elif is_reference:
                        yield path, f"'{table}' needs a column for '{group.reference}' too"
            yield from self._one_kind(ages, ("groups", number, "from"))

    def _references(self) -> Found:
        unify = self.environment.unify
        used = {source for combined in unify.columns.values() for source in combined.sources}
        used |= {
            f"{table}.{column}"
            for group in unify.groups
            for table, columns in group.sources.items()
            for column in columns
            if column
        }
        for key in ("separate", "exclude"):
            for number, reference in enumerate(getattr(unify, key)):
                if wrong := self._reference(reference):
                    yield (key, number), wrong
        for number, reference in enumerate(unify.exclude):
            if reference in used or reference in unify.separate:
                text = f"'{reference}' is excluded, yet a unified column uses it; remove one"
                yield ("exclude", number), text

    def _customer_id(self) -> Found:
        selected = self.environment.selected
        every = [name for table in self.environment.unify.order for name in selected(table)]
        for number, column in enumerate(self.environment.unify.customer_id.columns):
            if column in every or self.unreadable:
                continue
            hint = did_you_mean(column, tuple(dict.fromkeys(every)))
            wrong = self._reference(column) if "." in column else f"no table has '{column}'. {hint}"
            if wrong:
                yield ("customer_id", "columns", number), wrong

    def _unified(self) -> Found:
        """The unified columns by the names that their definitions give them, each with its path."""
        unify = self.environment.unify
        for name in unify.columns:
            yield ("columns", name), name
        for number, group in enumerate(unify.groups):
            for place, name in enumerate(group.columns):
                yield ("groups", number, "columns", place), name
        for number, reference in enumerate(unify.separate):
            yield ("separate", number), reference.replace(".", "_", 1)

    def _shown(self) -> Found:
        """The unified columns as Customer shows them, each with the path that names it so."""
        renamed = self.environment.unify.rename
        for path, name in self._unified():
            yield (("rename", name) if name in renamed else path), renamed.get(name, name)

    def _known_if(self) -> Found:
        known_if, order = self.environment.unify.known_if, self.environment.unify.order
        unified = tuple(name for _, name in self._unified())
        for number, column in enumerate(known_if.any_of):
            if column not in unified:
                hint = did_you_mean(column, unified)
                yield ("known_if", "any_of", number), f"no unified column is '{column}'. {hint}"
        for number, table in enumerate(known_if.or_from):
            if table not in order:
                hint = did_you_mean(table, order)
                yield ("known_if", "or_from", number), f"no table is called '{table}'. {hint}"

    def _clusters(self) -> Found:
        shown = tuple(name for _, name in self._shown())
        for number, cluster in enumerate(self.environment.unify.clusters):
            if not any(rule.active for rule in cluster.rules):
                yield ("clusters", number), f"'{cluster.name}' has no active rule: remove it"
            for place, rule in enumerate(cluster.rules):
                for inner, condition in rule.placed:
                    path: Path_ = ("clusters", number, "rules", place, *inner)
                    yield from self._words(condition, (), path)
                    if condition.column not in shown:
                        text = f"no unified column is '{condition.column}'. "
                        yield (*path, "column"), text + did_you_mean(condition.column, shown)

    def _output_names(self) -> Found:
        unify = self.environment.unify
        unified = tuple(name for _, name in self._unified())
        for old in unify.rename:
            if old not in unified:
                text = f"no unified column is '{old}'. {did_you_mean(old, unified)}"
                yield ("rename", old), text
        named = list(self._shown())
        for number, cluster in enumerate(unify.clusters):
            named.append((("clusters", number, "name"), f"{cluster.name}Id"))
        keys = Counter(key.lower() for key in self.environment.key_columns)
        own = Counter(name.lower() for name in OWN_COLUMNS)
        counted = keys + own + Counter(name.lower() for _, name in named)
        named += [(("tables",), key) for key in keys if keys[key] > 1]
        for path, name in named:
            if counted[name.lower()] > 1:
                yield path, f"Customer would have two columns '{name}' (case does not count)"
            if not name or name.startswith("_"):
                yield path, f"'{name}' is no name for a column of Customer: begin it with a letter"
            if unify.households and name.lower() == HOUSEHOLD_ID.lower():
                text = f"'{name}' is the automatic household's: "
                yield path, text + "choose another, or write 'households: false'"
