"""Configured ids where customers merge, or lose what their id was made of."""

import hashlib

from identity_pipeline_tests.unify.story import Story, table

BY_MAIL = {"name": "Mail", "conditions": [{"left": "contacts.Mail", "right": "Mail"}]}
UNIFY = {
    "tables": [
        {"table": "contacts", "automatic": "never"},
        {"table": "members", "automatic": "never", "match": [BY_MAIL]},
    ],
    "customer_id": {"columns": ["Name"]},
}


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def contacts(*rows):
    return {"contacts": table("Id Mail Name", *rows), "members": table("Nr Mail Name")}


def test_an_id_whose_input_is_gone_passes_to_the_customer_that_has_it_now(opened):
    story = Story(opened, UNIFY)
    story.run(contacts(("1", "a", "Ann"), ("2", "b", "Bob")))

    story.run(contacts(("1", "a", None), ("2", "b", "Ann")))

    assert story.ids() == {"Contacts 1": md5("S|Contacts|1"), "Contacts 2": md5("Contacts|Ann")}


def test_customers_that_exchange_their_inputs_exchange_their_ids(opened):
    story = Story(opened, UNIFY)
    story.run(contacts(("1", "a", "Ann"), ("2", "b", "Bob")))

    story.run(contacts(("1", "a", "Bob"), ("2", "b", "Ann")))

    assert story.ids() == {"Contacts 1": md5("Contacts|Bob"), "Contacts 2": md5("Contacts|Ann")}


def test_a_merged_customer_has_the_id_of_its_inputs_and_is_not_its_own_predecessor(opened):
    story = Story(opened, UNIFY)
    contact = table("Id Mail Name", ("1", "a", None))
    story.run({"contacts": contact, "members": table("Nr Mail Name", ("7", "x", "Ann"))})

    story.run({"contacts": contact, "members": table("Nr Mail Name", ("7", "a", "Ann"))})

    query = "select CustomerId, PreviousCustomerId from customer.customer"
    assert story.rows(query) == [(md5("Members|Ann"), md5("S|Contacts|1"))]


def test_an_id_stays_with_its_customer_when_another_with_the_same_inputs_returns(opened):
    story = Story(opened, UNIFY)
    both = contacts(("1", "a", "Ann"), ("2", "b", "Ann"))
    story.run(both)
    before = story.ids()

    story.run(contacts(("2", "b", "Ann")))
    story.run(both)

    assert story.ids() == before


def test_customers_that_part_again_have_the_ids_from_before(opened):
    story = Story(opened, UNIFY)
    contact = table("Id Mail Name", ("1", "a", None))
    apart = {"contacts": contact, "members": table("Nr Mail Name", ("7", "x", "Ann"))}
    story.run(apart)
    before = story.ids()

    story.run({"contacts": contact, "members": table("Nr Mail Name", ("7", "a", "Ann"))})
    story.run(apart)

    assert story.ids() == before
