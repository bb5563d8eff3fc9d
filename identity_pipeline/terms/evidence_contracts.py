"""The contracts of the published file for explanations: what joined records, and what did not."""

from identity_pipeline.terms import names
from identity_pipeline.terms.sources import SourceTable
from identity_pipeline.terms.tables import AMBIGUITIES, MATCHES, Contract

# Why an edge is there.
SAME_KEY, DUPLICATE, MATCH, ALWAYS_MATCH = "same key", "duplicate", "match", "always match"

# Of the custom matches, the pairs that must stay apart.
NEVER = "never"

MATCH_EDGES = Contract(
    "MatchEdges",
    names.MATCH_EDGES,
    "One row an accepted link between two keys: a rule, or a custom match, says they are one.",
    {
        "CustomerId": "The customer that both keys belong to; NULL where Include all left it out.",
        "record": "The consolidated record; a number of this run only.",
        "left_identifier": "DataSource|Table|Key of the one: the table higher in the match order, "
        "or the smaller key.",
        "right_identifier": "DataSource|Table|Key of the other.",
        "kind": "duplicate (a rule within the table), match (a rule between tables), always match "
        "(a custom match), or same key (rows of one key: both sides are the same).",
        "rule": "The rule.",
        "left_columns": "The column of each condition on the left, in the rule's order.",
        "right_columns": "The column of each condition on the right.",
        "left_values": "The values compared on the left, after normalization, aliases and bypass.",
        "right_values": "The values compared on the right.",
        "score": "The smallest of the conditions' scores, 0 to 1.",
        "scores": "The score of each condition.",
        "left_is_winner": "Whether the row that matched is its record's winner, or an alternate.",
        "right_is_winner": "The same of the row on the right.",
        "shared_by": "How many keys of the record share these values under the rule; each is "
        "linked to the smallest of them only, though any two agree.",
        "first_seen": "The ingestion date when these two keys were first linked by this rule.",
        "is_bridge": "Whether the customer's keys would part without this edge.",
    },
)

CUSTOM_MATCHES = Contract(
    "CustomMatches",
    names.OVERRIDES,
    "One row a pair of keys that a file says are always, or never, one customer.",
    {
        "kind": "always or never.",
        "table1": "The one key's source.",
        "key1": "The one key.",
        "table2": "The other key's source.",
        "key2": "The other key.",
        "file": "The file that has the pair first.",
        "line": "The line in it.",
    },
)

REVIEWS = Contract(
    "MatchReviews",
    names.reviews("table"),
    "One row a pair of keys that a probabilistic rule lists for review: it joins nothing.",
    {
        "rule": "The rule.",
        "left_table": "The higher table.",
        "left_key": "The key in it.",
        "right_key": "The key in this table.",
        "probability": "That both are one customer, 0 to 1: from the rule's review to its accept.",
        "weight": "The match weight: the logarithm to base 2 of the odds.",
        "scores": "How closely each comparison agrees: 1 for its closest level, 0 for none.",
        "weights": "What each comparison adds to the weight, or takes from it.",
        "left_values": "The values compared on the left; empty where one is missing.",
        "right_values": "The values compared on the right.",
    },
)

VALUE_LISTS = "ValueLists"
VALUE_LISTS_TEXT = "One row a value that rules treat in a way of its own."
VALUE_LISTS_COLUMNS = {
    "list": "The list's name.",
    "kind": "bypass (never matches) or alias (counts as equal).",
    "value": "The value.",
    "alias": "The value that it counts as equal to; NULL in a bypass list.",
}

RECORD_COLUMNS = {
    "_key": "The row's key as a profile, as text.",
    "_record": "The consolidated record that holds the key; a number of this run only.",
    "_group": "The deduplication group: the place of its first row.",
    "_is_winner": "Whether the row is its group's winner, or an alternate.",
    "_ordinal": "The row's place in the data set.",
}


def records_of(source: SourceTable) -> str:
    """The published table of a profile table's rows."""
    return f"Records_{source.data_source}_{source.table}"


def matches_of(source: SourceTable) -> str:
    """The published table of what each record of a table was attached to."""
    return f"{MATCHES.name}_{source.data_source}_{source.table}"


def reviews_of(source: SourceTable) -> str:
    """The published table of pairs for review."""
    return f"{REVIEWS.name}_{source.data_source}_{source.table}"


def ambiguities_of(source: SourceTable) -> str:
    """The published table of records with several candidates."""
    return f"{AMBIGUITIES.name}_{source.data_source}_{source.table}"
