"""Cross-checks of insights: every table, column, segment and purpose that is named must exist."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from identity_pipeline.config_yaml import Document, Path_
from identity_pipeline.terms.activities import UNIFIED_ACTIVITY_COLUMNS, Activity
from identity_pipeline.terms.enrichments import Address, EmailDomain, FunctionEnrichment
from identity_pipeline.terms.environment import OWN_COLUMNS, Environment
from identity_pipeline.terms.errors import Problem, did_you_mean
from identity_pipeline.terms.exports import HashedAudience, TableExport, Webhook

Found = Iterator[tuple[Path_, str]]
# Tables that measures and segments name, whatever sources there are.
RESERVED_TABLES = ("customer", "activity")
# What tables about all segments are called, after `segment_`.
SHARED_NAMES = ("membership", "rules", "changes", "overlap", "differentiators")


def insight_problems(environment: Environment, documents: Mapping[str, Document]) -> list[Problem]:
    """Everything in the files of insights that names what is not there, or does not fit.

    Args:
        environment: valid for itself, sources and unification too.
        documents: file -> what was read.
    """
    checks = _Checks(environment)
    by_file = {
        "relationships.yaml": checks.relationships,
        "activities.yaml": checks.activities,
        "enrichments.yaml": checks.enrichments,
        "measures.yaml": checks.measures,
        "segments.yaml": checks.segments,
        "exports.yaml": checks.exports,
    }
    return [
        documents[file].problem(path, text)
        for file, check in by_file.items()
        if file in documents
        for path, text in check()
    ]


def customer_columns(environment: Environment) -> tuple[str, ...]:
    """The columns of Customer that are known before anything runs."""
    unify = environment.unify
    unified = [*unify.columns, *(name for group in unify.groups for name in group.columns)]
    unified += [reference.replace(".", "_", 1) for reference in unify.separate]
    shown = (unify.rename.get(name, name) for name in unified)
    clusters = (f"{cluster.name}Id" for cluster in unify.clusters)
    households = ("HouseholdId",) if unify.households else ()
    return (*environment.key_columns, *shown, *OWN_COLUMNS, *clusters, *households)


@dataclass(frozen=True)
class _Checks:
    environment: Environment

    def _table(self, name: str) -> str | None:
        known = tuple(self.environment.sources)
        return None if name in known else f"no source is '{name}'. {did_you_mean(name, known)}"

    def _column(self, table: str, column: str) -> str | None:
        """What is wrong with a column of a source, if anything is; silent if the source is not."""
        source = self.environment.sources.get(table)
        if source is None or column in source.columns:
            return None
        hint = did_you_mean(column, tuple(source.columns))
        return f"table '{table}' has no column '{column}'. {hint}"

    def _unified(self, column: str) -> str | None:
        """What is wrong with a column of Customer, beside attributes and enrichments."""
        known = customer_columns(self.environment)
        attributes = tuple(
            one.name for one in self.environment.measures if one.kind == "customer_attribute"
        )
        enriched = tuple(f"{one.name}." for one in self.environment.enrichments)
        if column in (*known, *attributes) or column.startswith(enriched):
            return None
        return f"Customer has no column '{column}'. {did_you_mean(column, (*known, *attributes))}"

    def _segment(self, name: str) -> str | None:
        known = tuple(one.name for one in self.environment.segments)
        if name not in known:
            return f"no segment is '{name}'. {did_you_mean(name, known)}"
        drafts = [one.name for one in self.environment.segments if one.state == "draft"]
        return f"segment '{name}' is a draft: it has no members" if name in drafts else None

    def relationships(self) -> Found:
        found = self.environment.relationships
        yield from _twice("relationships", [one.name for one in found])
        for number, one in enumerate(found):
            path: Path_ = ("relationships", number)
            for key, (table, column) in (("from", one.child), ("to", one.parent)):
                if wrong := self._table(table) or self._column(table, column):
                    yield (*path, key), wrong
            parent = self.environment.sources.get(one.parent[0])
            if parent is None or one.parent[1] not in parent.columns:
                continue
            keys = [parent.primary_key, *([parent.profile.primary_key] if parent.profile else [])]
            if one.parent[1] not in keys:
                text = f"'{one.to}' is no key: a foreign key names {' or '.join(sorted(set(keys)))}"
                yield (*path, "to"), text
            if one.child[0] == one.parent[0]:
                yield path, "a table cannot be related to itself"

    def activities(self) -> Found:
        found = self.environment.activities
        yield from _twice("activities", [one.table for one in found], key="table")
        kinds: dict[str, str | None] = {}
        spelled: dict[str, str] = {}
        for number, one in enumerate(found):
            path: Path_ = ("activities", number)
            if wrong := self._table(one.table):
                yield (*path, "table"), wrong
                continue
            yield from self._activity_columns(one, path)
            for name, column in one.attributes.items():
                here = (*path, "attributes", name)
                if name.lower() in (own.lower() for own in UNIFIED_ACTIVITY_COLUMNS):
                    yield here, f"'{name}' is a column that every activity has; choose another"
                if (other := spelled.setdefault(name.lower(), name)) != name:
                    text = f"'{name}' is spelled '{other}' in another table; spell them alike"
                    yield here, text
                kind = self.environment.type_of(one.table, column)
                if kinds.setdefault(name.lower(), kind) != kind:
                    text = f"'{name}' is {kind} here and {kinds[name.lower()]} in another table"
                    yield here, text

    def _activity_columns(self, one: Activity, path: Path_) -> Found:
        columns = {key: getattr(one, key) for key in ("key", "time", "event", "web_address")}
        columns |= {"detail": one.detail}
        named = [((*path, key), column) for key, column in columns.items() if column]
        named += [((*path, "attributes", n), column) for n, column in one.attributes.items()]
        named.append(((*path, "customer"), one.link.column))
        for place, column in named:
            if wrong := self._column(one.table, column):
                yield place, wrong
        kind = self.environment.type_of(one.table, one.time)
        if kind not in (None, "date", "timestamp"):
            yield (*path, "time"), f"'{one.time}' is {kind}; a time is a timestamp or a date"
        order = self.environment.unify.order
        if one.link.table not in order:
            text = f"'{one.link.table}' takes no part in unification: name a profile table with "
            yield (*path, "customer"), text + f"{{column, table}}. {did_you_mean('', order)}"

    def enrichments(self) -> Found:
        found = self.environment.enrichments
        yield from _twice("enrichments", [one.name for one in found])
        for number, one in enumerate(found):
            path: Path_ = ("enrichments", number)
            yield from self._table_name(one.name, path)
            if one.segment and (wrong := self._segment(one.segment)):
                yield (*path, "segment"), wrong
            columns: dict[Path_, str | None] = {}
            match one:
                case FunctionEnrichment():
                    columns = {("inputs", n): name for n, name in enumerate(one.inputs)}
                case EmailDomain():
                    columns = {("email",): one.email}
                case Address():
                    keys = ("street", "city", "state", "postal_code", "country")
                    columns = {(key,): getattr(one, key) for key in keys}
                case _:
                    pass
            known = customer_columns(self.environment)
            for place, column in columns.items():
                if column and column not in known:
                    hint = did_you_mean(column, known)
                    yield (*path, *place), f"Customer has no column '{column}'. {hint}"

    def _table_name(self, name: str, path: Path_) -> Found:
        if name in RESERVED_TABLES or name in self.environment.sources:
            yield (*path, "name"), f"a table is called '{name}' already; choose another name"

    def measures(self) -> Found:
        found = self.environment.measures
        yield from _twice("measures", [one.name for one in found])
        taken = {name.lower() for name in customer_columns(self.environment)}
        for number, one in enumerate(found):
            path: Path_ = ("measures", number)
            if one.kind == "customer_attribute" and one.name.lower() in taken:
                yield (*path, "name"), f"Customer has a column '{one.name}'; choose another name"
            if one.kind != "customer_attribute":
                yield from self._table_name(one.name, path)

    def segments(self) -> Found:
        yield from _twice("segments", [one.name for one in self.environment.segments])
        for number, one in enumerate(self.environment.segments):
            if one.name in SHARED_NAMES:
                text = f"a table of all segments is called 'segment_{one.name}'; choose another"
                yield ("segments", number, "name"), text

    def exports(self) -> Found:
        consents = self.environment.consents
        yield from _twice("consents", [one.purpose for one in consents], key="purpose")
        yield from _twice("exports", [one.name for one in self.environment.exports])
        purposes = tuple(one.purpose for one in consents)
        for number, one in enumerate(self.environment.exports):
            path: Path_ = ("exports", number)
            if one.consent and one.consent not in purposes:
                hint = did_you_mean(one.consent, purposes)
                yield (*path, "consent"), f"no purpose under 'consents' is '{one.consent}'. {hint}"
            if isinstance(one, TableExport):
                continue
            if wrong := self._segment(one.segment):
                yield (*path, "segment"), wrong
            named: dict[Path_, str] = {}
            match one:
                case HashedAudience():
                    named = {("identifiers", key): name for key, name in one.identifiers.items()}
                case Webhook():
                    named = {("columns", n): name for n, name in enumerate(one.columns)}
                case _:
                    named = {("columns", n): name for n, name in enumerate(one.columns)}
                    named |= {("email",): one.email} if one.kind == "email_list" else {}
            for place, column in named.items():
                if wrong := self._unified(column):
                    yield (*path, *place), wrong


def _twice(what: str, words: Sequence[str], key: str = "name") -> Found:
    """Names that two entries of a list share; the warehouse does not tell names apart by case."""
    counted = Counter(word.lower() for word in words)
    for number, word in enumerate(words):
        if counted[word.lower()] > 1 and number != _first(words, word):
            yield (what, number, key), f"'{word}' is there twice under '{what}'; choose another"


def _first(words: Iterable[str], word: str) -> int:
    return next(n for n, other in enumerate(words) if other.lower() == word.lower())
