"""The contracts of the published file for insights and exports."""

from identity_pipeline.terms import names
from identity_pipeline.terms.tables import Contract

UNIFIED_ACTIVITY = Contract(
    "UnifiedActivity",
    names.UNIFIED_ACTIVITY,
    "One row an activity, with the customer it belongs to now.",
    {
        "CustomerId": "The customer who holds the activity's key now; NULL while nobody does.",
        "ActivityId": "The MD5 of DataSource|Table|Key: it stays, whoever the customer is.",
        "UnifiedActivityId": "The same.",
        "SourceTableName": "The product's name of the source table.",
        "SourceActivityId": "The row's key in it.",
        "ActivityType": "Feedback, Loyalty, SalesOrder, SalesOrderLine, Subscription, Other, own.",
        "ActivityTimeStamp": "When it happened (UTC).",
        "Title": "What happened.",
        "Description": "Additional detail.",
        "URL": "A web address.",
        "SemanticData": "The attributes as JSON.",
        "RangeIndex": "ActivityTimeStamp in Unix seconds, for ranges and order.",
        "was_unknown_at_event": "Whether nobody could have told then who it was.",
        "is_shown": "Whether a timeline shows it.",
        "ingestion_date": "The date of its delivery.",
        "profile_identifier": "DataSource|Table|Key of the profile it belongs to.",
    },
)

ACTIVITY_PROBLEMS = Contract(
    "ActivityProblems",
    names.ACTIVITY_PROBLEMS,
    "One row a delivered row that is no proper activity.",
    {
        "source": "The source.",
        "ingestion_date": "The delivery's date.",
        "file": "The file.",
        "line": "Its line.",
        "problem": "no key, no time, or clock ahead (dated after the day after its delivery).",
        "is_kept": "Whether the timeline has it all the same.",
    },
)

CUSTOMER_MEASURE = Contract(
    "Customer_Measure",
    names.CUSTOMER_MEASURE,
    "One row a customer: the measures of kind customer_attribute.",
    {"CustomerId": "The customer."},
)

SEGMENT_MEMBERSHIP = Contract(
    "SegmentMembership",
    names.SEGMENT_MEMBERSHIP,
    "One row a customer and type of segment: the segments the customer is a member of.",
    {
        "CustomerId": "The customer.",
        "SegmentProvider": "Who made the segments: identity_pipeline.",
        "SegmentMembershipType": "dynamic or static.",
        "Segments": "JSON: the segments' names, sorted.",
    },
)

SEGMENT_RULES = Contract(
    "SegmentRules",
    names.SEGMENT_RULES,
    "One row a part of a segment's rule: how many customers it has by itself, and so far.",
    {
        "segment": "The segment.",
        "position": "The part's place from the top; 0 is the whole rule.",
        "rule": "Where the part is, as except[0].all[1].",
        "text": "What it asks.",
        "members": "Customers that fit the part alone.",
        "so_far": "Customers left after it, parts taken from the top down.",
    },
)

SEGMENT_CHANGES = Contract(
    "SegmentChanges",
    names.SEGMENT_CHANGES,
    "One row a customer who entered or left a segment.",
    {
        "segment": "The segment.",
        "ingestion_date": "The day of the data.",
        "CustomerId": "The customer; NULL where the row is about the segment itself.",
        "change": "entered or left; started and ended, of the segment itself.",
    },
)

SEGMENT_OVERLAP = Contract(
    "SegmentOverlap",
    names.SEGMENT_OVERLAP,
    "One row a pair of segments that have members, in alphabetical order.",
    {
        "segment": "The one segment.",
        "other": "The other.",
        "both": "Customers in both.",
        "only_segment": "Customers in the one alone.",
        "only_other": "Customers in the other alone.",
    },
)

SEGMENT_DIFFERENTIATORS = Contract(
    "SegmentDifferentiators",
    names.SEGMENT_DIFFERENTIATORS,
    "One row a segment and attribute: how differently members and others are distributed.",
    {
        "segment": "The segment.",
        "rank": "The attribute's place by score, from 1.",
        "column": "A column of Customer, or a customer attribute.",
        "score": "The largest difference of shares, 0 to 1; of numbers, of shares up to a value.",
        "value": "The value with that difference.",
        "is_at_most": "Whether the shares are of values up to it (numbers), or of it alone.",
        "share": "The share of the members.",
        "other_share": "The share of all other customers.",
    },
)

EXPORT_RUNS = Contract(
    "ExportRuns",
    names.EXPORT_RUNS,
    "One row an export and day: who was eligible, and who was not, and why.",
    {
        "export": "The export.",
        "ingestion_date": "The day of the data.",
        "members": "Customers it was about.",
        "eligible": "Those it reached.",
        "refused_by_consent": "Those who did not agree to its purpose.",
        "without_identifier": "Those without what it needs: an e-mail address, a phone number.",
        "removed": "Recipients of before that are taken back.",
        "files": "Files written, or requests made.",
    },
)
