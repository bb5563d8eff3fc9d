"""What exports.yaml may say of an export, and what it may not."""

import pytest
from pydantic import ValidationError

from identity_pipeline_tests.exports.sample import export_of

REFUSED = [
    # kind, changes, what is told
    (
        "hashed_audience",
        {"platform": "microsoft", "identifiers": {"phone": "Phone"}},
        "microsoft does not match by 'phone', but by email",
    ),
    (
        "hashed_audience",
        {"identifiers": {"first_name": "Name"}},
        "nobody is found by these alone: add one of email, phone, mobile_ad_id",
    ),
    ("hashed_audience", {"region": "USA"}, "should match pattern"),
    ("segment", {"to": "sftp://ann:s3cret@host/x"}, "a password does not belong into a URL"),
    ("segment", {"to": {"url": "sftp://ann:s3cret@host/x"}}, "under 'secrets'"),
    (
        "segment",
        {"to": {"url": "sftp://host/x", "options": {"password": "s3cret"}}},
        "'password' is a secret: write it under 'secrets'",
    ),
    (
        "segment",
        {"to": {"url": "sftp://host/x", "secrets": {"password": "not a variable"}}},
        "should match pattern",
    ),
    ("webhook", {"url": "https://ann:s3cret@host/x"}, "a password does not belong into a URL"),
    ("segment", {"delimiter": '"'}, "the delimiter cannot be a quote or a line break"),
    ("segment", {"format": "parquet", "gzip": True}, "leave 'gzip' out"),
    ("segment", {"format": "jsonl", "safe_for_spreadsheets": True}, "is for CSV"),
]


@pytest.mark.parametrize(("kind", "changes", "told"), REFUSED)
def test_what_does_not_fit_is_told(kind, changes, told):
    with pytest.raises(ValidationError) as raised:
        export_of(kind, **changes)

    assert told in str(raised.value)


@pytest.mark.parametrize("platform", ["google", "meta", "linkedin", "snapchat", "criteo"])
def test_every_platform_matches_by_email(platform):
    assert export_of("hashed_audience", platform=platform).strong == ("email",)
