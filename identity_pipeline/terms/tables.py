"""The contracts of the published file: tables, columns, and what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from identity_pipeline.terms import names
from identity_pipeline.terms.names import TableName


@dataclass(frozen=True)
class Contract:
    """A published table.

    Attributes:
        name: its name in the published file.
        stored: the warehouse's table that it shows.
        description: what a row is.
        columns: column -> what it means; columns named by the environment are not here.
    """

    name: str
    stored: TableName
    description: str
    columns: Mapping[str, str] = field(default_factory=dict)


CUSTOMER = Contract(
    "Customer",
    names.CUSTOMERS,
    "One row a customer, known or, where Include all is on, unknown.",
    {
        "CustomerId": "The lasting id: kept over runs except where customers merge or split.",
        "IdentityStatus": "known or unknown, by the environment's known_if.",
        "BecameKnownAt": "The ingestion date since which the customer is known.",
        "PreviousCustomerId": "Ids absorbed by the last merge (joined by ';'), or the id that the "
        "customer was split from.",
    },
)

ALTERNATE_KEY = Contract(
    "AlternateKey",
    names.ALTERNATE_KEY,
    "One row a source key: which customer holds it.",
    {
        "DataSourceName": "The product's name of the data source.",
        "TableName": "The product's name of the table.",
        "AlternateValue": "The key, as text.",
        "KeyRing": "JSON: all tables and keys of the customer, in match order; of a customer with "
        "more than 1,000 keys the preferred key of each table, and numberOfKeys.",
        "CustomerId": "The customer that holds the key.",
        "AlternateKeyId": "The MD5 of Identifier.",
        "Identifier": "DataSourceName|TableName|AlternateValue.",
    },
)

MATCH_PAIRS = Contract(
    "ConflationMatchPairs",
    names.MATCH_PAIRS,
    "One row a consolidated record, before Include all is applied.",
    {
        "TrueObjectId": "A temporary id of the record; not a customer's id.",
        "ConflationMatchPairs_ModifiedOn": "The ingestion date of the data.",
    },
)

HISTORY = Contract(
    "CustomerIdHistory",
    names.CUSTOMER_ID_HISTORY,
    "One row a change of identity.",
    {
        "run": "The number of the run, among runs that changed an identity.",
        "ingestion_date": "The date of the data that caused it.",
        "customer_id": "The customer.",
        "event": "created, key_added, key_removed, became_known, became_unknown, merged_into, "
        "split_from, restored_from, id_changed, removed or returned.",
        "counterpart": "The other customer: the survivor of a merge, or the one left by a split.",
        "rule": "The rule or reason that caused it.",
        "keys": "The keys concerned, as DataSource|Table|Key.",
    },
)

PROFILES = Contract(
    "CustomerIdRegistry",
    names.PROFILE_REGISTRY,
    "One row a CustomerId ever given; an old id resolves to the current one.",
    {
        "customer_id": "The id.",
        "state": "live, merged or gone.",
        "merged_into": "Where it was absorbed: the id its first key has now.",
        "status": "known or unknown, when last seen.",
        "created_run": "The run that gave it.",
        "created_on": "The ingestion date that gave it.",
        "became_known_on": "The ingestion date since which it is known.",
        "previous_customer_id": "As in Customer.",
    },
)

METRICS = Contract(
    "UnificationMetrics",
    names.METRICS,
    "One row a number of a run: records, duplicates, matches by rule, known and unknown.",
    {
        "metric": "What is counted.",
        "table_name": "The source table; NULL for all together.",
        "rule": "The match rule; NULL for the table.",
        "value": "The number; shares are in percent.",
        "ingestion_date": "The date of the data.",
    },
)

CUSTOM_MATCH_PROBLEMS = Contract(
    "CustomMatchProblems",
    names.OVERRIDE_PROBLEMS,
    "Lines of custom-match files that do not count.",
    {"file": "The file.", "line": "Its line.", "problem": "Why the line does not count."},
)

DELIVERIES = Contract(
    "Deliveries",
    names.DELIVERIES,
    "One row a delivered file: what was read of it, and what became of it.",
    {
        "table_name": "The source.",
        "ingestion_date": "The delivery's date.",
        "file": "The file, relative to the environment's folder.",
        "change": "upsert or delete.",
        "status": "applied, held (past a limit of the source) or broken (cannot be read).",
        "rows_in": "Its records: accepted plus rejected.",
        "accepted": "Records that were loaded.",
        "rejected": "Records that do not fit; they are in the source's corrupt table.",
        "duplicate_keys": "Accepted records whose primary key the delivery had before.",
        "size": "The file's size in bytes.",
        "sha256": "The file's SHA-256.",
        "message": "What is wrong with it, or was passed over.",
    },
)

CONTRACTS = (
    CUSTOMER,
    ALTERNATE_KEY,
    MATCH_PAIRS,
    HISTORY,
    PROFILES,
    METRICS,
    CUSTOM_MATCH_PROBLEMS,
    DELIVERIES,
)

DUPLICATES = Contract(
    "DeduplicationEvidence",
    names.duplicates("table"),
    "One row a link between two rows of the table.",
    {
        "left_key": "The one row's primary key.",
        "right_key": "The other row's primary key.",
        "rule": "The rule that linked them.",
        "score": "The smallest of the conditions' scores, 0 to 1.",
        "scores": "The score of each condition, in the rule's order.",
        "refused": "Why the link does not count; NULL where it does.",
    },
)

MATCHES = Contract(
    "MatchEvidence",
    names.matches("table"),
    "One row a record of the table: what it was attached to, and why; NULL for nothing.",
    {
        "key": "The record's key: its winner's.",
        "rule": "The rule that matched.",
        "score": "The smallest of the conditions' scores, 0 to 1.",
        "scores": "The score of each condition, in the rule's order.",
        "left_table": "The higher table.",
        "left_key": "The key of the row in it that matched.",
        "left_is_winner": "Whether that row is its record's winner, or an alternate.",
        "right_key": "The key of this table's row that matched.",
        "right_is_winner": "Whether that row is the record's winner, or an alternate.",
    },
)

AMBIGUITIES = Contract(
    "AmbiguousMatch",
    names.ambiguities("table"),
    "One row a record that had several candidates, or whose match was refused.",
    {
        "key": "The record's key.",
        "rule": "The rule.",
        "reason": "several candidates, a shared device (with its policy), never match, or a "
        "maximum of values a customer.",
        "candidates": "How many records were possible, or refused.",
        "chosen_key": "The winner's key of the record it joined; NULL for none.",
        "other_key": "The winner's key of the best one it did not join.",
    },
)

DEDUPLICATION_COLUMNS = {
    "Deduplication_GroupId": "The deduplication group: the place of its first row.",
    "Rule": "The rules that made the group, joined by ';'.",
    "Score": "The smallest score among its links.",
    "Deduplication_WinnerId": "The winner's primary key.",
}

CORRUPT_COLUMNS = {
    "ingestion_date": "The delivery's date.",
    "file": "The file.",
    "line": "The line where the record starts.",
    "column_name": "The first column at fault; NULL where the record itself is.",
    "reason": "What is wrong.",
    "record": "The record as delivered.",
}
