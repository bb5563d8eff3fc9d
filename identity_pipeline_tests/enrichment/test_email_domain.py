"""E-mail domains."""

import pytest

from identity_pipeline.terms.errors import InsightError
from identity_pipeline_tests.enrichment.desk import enrichment

BY_MAIL = enrichment(kind="email_domain", email="Mail")

ADDRESSES = [
    # address, domain, free, a role's
    ("ann@example.org", "example.org", False, False),
    (" Ann@GMail.com ", "gmail.com", True, False),
    ("ann@mail.gmail.com", "mail.gmail.com", False, False),  # a subdomain is another's
    ("ann@yahoo.co.uk", "yahoo.co.uk", True, False),
    ("Info@example.org", "example.org", False, True),
    ("no-reply+7@example.org", "example.org", False, True),
    ("customer.service@example.org", "example.org", False, True),
    ("information.desk@example.org", "example.org", False, False),  # no role of the list
    ("sales@gmx.de", "gmx.de", True, True),
    ("jürgen@MÜLLER.de", "müller.de", False, False),
    ("j@xn--mller-kva.de", "xn--mller-kva.de", False, False),  # kept as it is written
    ("ann@example.org.", "example.org", False, False),
    ('"a@b"@example.org', "example.org", False, False),
]


@pytest.mark.parametrize(("address", "domain", "free", "role"), ADDRESSES)
def test_an_address_tells_its_domain_and_kind_of_mailbox(desk, address, domain, free, role):
    desk.have("CustomerId Mail", ("a", address))

    assert desk.rows(BY_MAIL) == [("a", domain, free, role)]


@pytest.mark.parametrize("text", [None, "", "ann", "ann@", "@x.org", "a b@x.org", "a@localhost"])
def test_what_is_no_address_is_not_processed(desk, text):
    desk.have("CustomerId Mail", ("a", text), ("b", "ann@x.org"))

    assert desk.enrich(BY_MAIL).counts == {"processed": 1, "not_processed": 1}


def test_only_members_of_the_last_run_of_the_segment_are_enriched(desk):
    desk.have("CustomerId Mail", ("a", "ann@x.org"))

    assert desk.rows(enrichment(kind="email_domain", email="Mail", segment="never_ran")) == []


def test_its_columns_are_known_before_anything_runs(desk):
    assert desk.columns(BY_MAIL) == {
        "Domain": "string",
        "IsFreeMailbox": "boolean",
        "IsRoleMailbox": "boolean",
    }


WRONG = [
    # columns of Customer, what is said
    ("CustomerId Email", "Customer has no column 'Mail'. Did you mean 'Email'"),
    ("CustomerId Mail:int64", "'Mail' is int64; an address is text"),
]


@pytest.mark.parametrize(("columns", "said"), WRONG)
def test_a_column_that_does_not_fit_is_told_in_its_place(desk, columns, said):
    desk.have(columns)

    with pytest.raises(InsightError, match=said) as error:
        desk.enrich(BY_MAIL)

    assert error.value.place == ("email",)
