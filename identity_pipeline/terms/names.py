"""What things are called: schemas, assets and tables, prefixes of columns."""

from dataclasses import dataclass

SOURCE, REJECTED, UNIFY, CUSTOMER, INSIGHT, EXPORT, LEDGER, SERVING = (
    "source",
    "rejected",
    "unify",
    "customer",
    "insight",
    "export",
    "ledger",
    "serving",
)
SCHEMAS = (SOURCE, REJECTED, UNIFY, CUSTOMER, INSIGHT, EXPORT, LEDGER)

# Between data source, table and key in an identifier; no product name contains it.
BAR = "|"


@dataclass(frozen=True, order=True)
class TableName:
    """A table of the warehouse; its asset key is `[schema, table]`."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def key(self) -> tuple[str, str]:
        """The asset key's parts."""
        return (self.schema, self.table)


def source(table: str) -> TableName:
    """Every accepted row of every applied delivery."""
    return TableName(SOURCE, table)


def rejected(table: str) -> TableName:
    """Rows that do not fit, with the reason."""
    return TableName(REJECTED, table)


def current(table: str) -> TableName:
    """What the source holds now: the last full delivery, or the upserts that count."""
    return TableName(UNIFY, f"{table}_current")


def profiles(table: str) -> TableName:
    """The rows of a profile table that unification works on, with what its rules compare."""
    return TableName(UNIFY, f"{table}_profiles")


def profiles_touched(table: str) -> TableName:
    """The places of the profile rows that came, went or changed the last time."""
    return TableName(UNIFY, f"{table}_profiles_touched")


def groups_touched(table: str) -> TableName:
    """The deduplication groups whose rows are others than before, those that went among them."""
    return TableName(UNIFY, f"{table}_groups_touched")


def members(table: str) -> TableName:
    """Every row of a profile table with its deduplication group."""
    return TableName(UNIFY, f"{table}_members")


def winners(table: str) -> TableName:
    """One row a deduplication group."""
    return TableName(UNIFY, f"{table}_winners")


def duplicates(table: str) -> TableName:
    """The evidence of deduplication: which rows a rule linked."""
    return TableName(UNIFY, f"{table}_duplicates")


def matches(table: str) -> TableName:
    """The evidence of matching: which record each record of a table was attached to, and why."""
    return TableName(UNIFY, f"{table}_matches")


def matches_touched(table: str) -> TableName:
    """The groups of a table whose match, or its evidence, is another than before."""
    return TableName(UNIFY, f"{table}_matches_touched")


def ambiguities(table: str) -> TableName:
    """Records for which more than one match was possible, or one was refused."""
    return TableName(UNIFY, f"{table}_ambiguities")


def device_identities(table: str) -> TableName:
    """Whom the events of shared devices name, where a device names several."""
    return TableName(UNIFY, f"{table}_device_identities")


def reviews(table: str) -> TableName:
    """Pairs that a probabilistic rule finds too likely to pass over, and too unlikely to join."""
    return TableName(UNIFY, f"{table}_reviews")


def column_profile(table: str) -> TableName:
    """What the columns of a source hold: nulls, distinct values, the most frequent ones."""
    return TableName(UNIFY, f"{table}_column_profile")


def enrichment(name: str) -> TableName:
    """What an enrichment knows of customers: one row a CustomerId."""
    return TableName(INSIGHT, f"enrichment_{name}")


def measure(name: str) -> TableName:
    """A measure with a table of its own."""
    return TableName(INSIGHT, f"measure_{name}")


def segment(name: str) -> TableName:
    """The members of a segment, with Customer's columns and projected ones."""
    return TableName(INSIGHT, f"segment_{name}")


def export(name: str) -> TableName:
    """What an export sent last."""
    return TableName(EXPORT, name)


DELIVERIES = TableName(LEDGER, "deliveries")
OVERRIDES = TableName(UNIFY, "custom_matches")
OVERRIDE_PROBLEMS = TableName(UNIFY, "custom_match_problems")
GUARDED_VALUES = TableName(UNIFY, "guarded_values")
KEPT_VALUES = TableName(UNIFY, "kept_values")
GUARDED_TOUCHED = TableName(UNIFY, "guarded_values_touched")
HELD_FOR_REVIEW = TableName(UNIFY, "held_for_review")
UNIFIED = TableName(UNIFY, "unified")
CONSOLIDATED = TableName(UNIFY, "consolidated")
RECORDS_TOUCHED = TableName(UNIFY, "records_touched")
KEYS = TableName(UNIFY, "keys")
MATCH_PAIRS = TableName(UNIFY, "match_pairs")
MATCH_PAIRS_CHANGED = TableName(UNIFY, "match_pairs_changed")
MATCH_PAIRS_TOUCHED = TableName(UNIFY, "match_pairs_touched")
KEY_REGISTRY = TableName(CUSTOMER, "key_registry")
PROFILE_REGISTRY = TableName(CUSTOMER, "profile_registry")
FORMER_IDS = TableName(CUSTOMER, "former_ids")
CUSTOMER_ID_HISTORY = TableName(CUSTOMER, "customer_id_history")
CUSTOMER_KEYS = TableName(CUSTOMER, "customer_keys")
ALTERNATE_KEY = TableName(CUSTOMER, "alternate_key")
CUSTOMERS = TableName(CUSTOMER, "customer")
# Of tables that are changed and not made anew: the keys of all rows that changed the last time.
KEYS_TOUCHED = TableName(CUSTOMER, "alternate_key_touched")
PROFILES_TOUCHED = TableName(CUSTOMER, "profile_registry_touched")
CUSTOMERS_TOUCHED = TableName(CUSTOMER, "customer_touched")
METRICS = TableName(CUSTOMER, "unification_metrics")
MATCH_QUALITY = TableName(CUSTOMER, "match_quality")
MATCH_STATISTICS = TableName(CUSTOMER, "match_statistics")
CONTRADICTIONS = TableName(CUSTOMER, "contradictions")
ACTIVITY = TableName(INSIGHT, "activity")
ACTIVITY_PROBLEMS = TableName(INSIGHT, "activity_problems")
KNOWN_SINCE = TableName(INSIGHT, "known_since")
ACTIVITY_KEYS = TableName(INSIGHT, "activity_keys")
ACTIVITY_OWNERS = TableName(INSIGHT, "activity_owners")
ACTIVITY_DATES = TableName(INSIGHT, "activity_dates")
ACTIVITY_TOUCHED = TableName(INSIGHT, "activity_touched")
ACTIVITY_CHANGED = TableName(INSIGHT, "activity_changed")
UNIFIED_ACTIVITY = TableName(INSIGHT, "unified_activity")
CUSTOMER_MEASURE = TableName(INSIGHT, "customer_measure")
SEGMENT_MEMBERSHIP = TableName(INSIGHT, "segment_membership")
SEGMENT_RULES = TableName(INSIGHT, "segment_rules")
SEGMENT_CHANGES = TableName(INSIGHT, "segment_changes")
SEGMENT_OVERLAP = TableName(INSIGHT, "segment_overlap")
SEGMENT_DIFFERENTIATORS = TableName(INSIGHT, "segment_differentiators")
EXPORT_RUNS = TableName(LEDGER, "export_runs")
EXPORT_RECIPIENTS = TableName(LEDGER, "export_recipients")
VERSIONS = TableName(LEDGER, "versions")
MADE = TableName(LEDGER, "made")
PUBLISHED = TableName(LEDGER, "published")
MATCH_EDGES = TableName(CUSTOMER, "match_edges")
EDGES_TOUCHED = TableName(CUSTOMER, "match_edges_touched")
EDGE_REGISTRY = TableName(CUSTOMER, "edge_registry")
