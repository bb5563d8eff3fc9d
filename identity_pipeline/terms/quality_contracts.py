"""The contracts of the published file for quality: numbers of matches, and of source columns."""

from identity_pipeline.terms import names
from identity_pipeline.terms.tables import Contract

MATCH_QUALITY = Contract(
    "MatchQuality",
    names.MATCH_QUALITY,
    "One row a number of an ingestion date: customers compared with the truth.",
    {
        "scope": "all, customer_records (without visitors that events name), or one source table: "
        "only pairs within the scope count.",
        "metric": "precision, recall and f1 by pairs, by clusters (a customer that is exactly one "
        "whole person) and by B-cubed; and what they are computed of.",
        "value": "The number; shares are from 0 to 1.",
        "ingestion_date": "The date of the data.",
    },
)

MATCH_STATISTICS = Contract(
    "MatchStatistics",
    names.MATCH_STATISTICS,
    "One row a number of an ingestion date that needs no truth.",
    {
        "statistic": "match_links and duplicate_links (accepted, by score), unique_records, "
        "ambiguous_records, ambiguity_percent, customer_size (customers by number of keys), "
        "largest_customer (keys of the largest), contradicting_customers.",
        "table_name": "The source table; NULL for all together.",
        "rule": "The rule that linked; NULL where none is asked for.",
        "bucket": "Of scores and sizes the range, of a contradiction the unified column, of an "
        "ambiguity its reason, of a large customer its CustomerId.",
        "value": "The number.",
        "ingestion_date": "The date of the data.",
    },
)

CONTRADICTIONS = Contract(
    "Contradictions",
    names.CONTRADICTIONS,
    "One row a customer and unified column in which the customer's source records disagree.",
    {
        "CustomerId": "The customer.",
        "column_name": "The unified column.",
        "distinct_values": "How many values its source records have; case, blanks, . ( ) + / - do "
        "not count.",
    },
)

COLUMN_PROFILES = Contract(
    "ColumnProfiles",
    names.column_profile("table"),
    "One row a column of a source, as it is before matching.",
    {
        "table_name": "The source.",
        "column_name": "The column.",
        "column_type": "Its declared type.",
        "rows": "Rows that the source holds now.",
        "nulls": "Rows without a value.",
        "distinct_values": "How many different values there are.",
        "min_length": "Characters of the shortest value, as text.",
        "max_length": "Characters of the longest value, as text.",
        "top_values": "The five most frequent values that occur more than once, and their rows.",
        "likely_placeholders": "Values that probably stand for no value, and their rows: on the "
        "shipped list, or far more frequent than the others of a column that tells people apart.",
    },
)
