"""The contracts of the published file for guards: what they set aside, and why."""

from identity_pipeline.terms import names
from identity_pipeline.terms.tables import Contract

GUARDED_VALUES = Contract(
    "GuardedValues",
    names.GUARDED_VALUES,
    "One row a value that links nothing: a placeholder, or one that too many source keys carry.",
    {
        "identifier_type": "The identifier type: a column's semantic type, else the unified column "
        "that it feeds, else its own name.",
        "value": "The value as conditions compare it.",
        "reason": "placeholder, or too many records.",
        "keys": "How many source keys carry it, over all tables.",
        "limit": "How many may; NULL for a placeholder.",
        "since": "The ingestion date that first set it aside.",
        "kept": "How many of the keys keep it, because the last run linked them by it: among "
        "themselves it still links.",
    },
)

HELD_FOR_REVIEW = Contract(
    "HeldForReview",
    names.HELD_FOR_REVIEW,
    "One row a source key of a record that is too large for one customer: its keys keep the "
    "customers they had, and new ones are records of their own.",
    {
        "identifier": "DataSource|Table|Key.",
        "record_identifier": "The smallest identifier of the record that the keys would be.",
        "keys": "How many keys that record would have.",
        "limit": "How many keys a customer may have.",
        "since": "The ingestion date since which the key is held.",
        "reason": "Both numbers in words.",
    },
)

KEPT_VALUES = Contract(
    "KeptValues",
    names.KEPT_VALUES,
    "One row a key that keeps a value past its limit: the last run linked it by that value.",
    {
        "identifier_type": "As in GuardedValues.",
        "value": "The value.",
        "table": "The key's source.",
        "key": "The key.",
    },
)

GUARDS = (GUARDED_VALUES, KEPT_VALUES, HELD_FOR_REVIEW)
