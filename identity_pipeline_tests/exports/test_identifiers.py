"""What platforms know people by, in the vectors of their own documentation."""

import pytest

from identity_pipeline.exports.identifiers import FORMS, phone_number, platform_value
from identity_pipeline.terms.exports import IDENTIFIERS
from identity_pipeline_tests.exports.sample import ENGINE, sha256


def as_sent(value, identifier, platform, region=None):
    table = ENGINE.relation({"v": "string"}, [(value,)])
    [(sent,)] = ENGINE.rows(table.select(x=platform_value(table.v, identifier, platform, region)))
    return sent


def read(phone, region=None):
    table = ENGINE.relation({"v": "string"}, [(phone,)])
    [(number,)] = ENGINE.rows(table.select(x=phone_number(table.v, region)))
    return number


PUBLISHED = [
    # platform, identifier, as stored, the hash in the platform's documentation
    (
        "meta",
        "email",
        "John_Smith@gmail.com",
        "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    ),
    (
        "meta",
        "phone",
        "(650)555-1212",
        "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
    ),
    (
        "meta",
        "first_name",
        "Mary",
        "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec",
    ),
    (
        "meta",
        "first_name",
        "정",
        "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14",
    ),
    (
        "meta",
        "last_name",
        "Valéry",
        "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c",
    ),
    (
        "meta",
        "country",
        "US",
        "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621",
    ),
    (
        "generic",  # Criteo's OneTag publishes these two, in digits as here
        "phone",
        "1 (234) 567-8910",
        "63640264849a87c90356129d99ea165e37aa5fabc1fea46906df1a7ca50db492",
    ),
    (
        "generic",
        "phone",
        "+33 1 40 40 22 90",
        "fda66831d0cb0eb4bffb21bc795308d69921c211c57be0ae15702071e3b9e988",
    ),
    (
        "generic",  # the golden scenario
        "email",
        " Eve.Lund@contoso.example",
        "476d5435517e37d67e21e20bfe2c242442d0ca9ae4bdc96c762f5480cf004b9f",
    ),
    (
        "generic",
        "email",
        "dev.rao@contoso.example",
        "5a5fc2908af50f50946a4c8e665b7d6e778270f4cc16ac33a099466a491521ab",
    ),
]


@pytest.mark.parametrize(("platform", "identifier", "value", "hashed"), PUBLISHED)
def test_a_documented_value_has_the_documented_hash(platform, identifier, value, hashed):
    assert as_sent(value, identifier, platform, region="US") == hashed


NORMALIZED = [
    # platform, identifier, as stored, what is hashed
    ("google", "email", " Jane.Doe+Shopping@googlemail.com", "janedoe@googlemail.com"),
    ("google", "email", "Jane . Doe@gmail.com", "janedoe@gmail.com"),
    ("google", "email", "user.name+NYC@Example.com", "user.name+nyc@example.com"),
    ("google", "email", "+me@gmail.com", "+me@gmail.com"),  # nothing would be left
    ("google", "phone", "(800) 555-0100", "+18005550100"),
    ("google", "first_name", " Mary-Ann ", "maryann"),
    ("google", "last_name", "O'Brien", "obrien"),
    ("meta", "city", "New York", "newyork"),
    ("meta", "state", "AZ ", "az"),
    ("meta", "postal_code", "94035-1234", "94035"),
    ("meta", "postal_code", "M1 1AE", "m11ae"),
    ("linkedin", "email", "Ann@X.org", "ann@x.org"),
    ("microsoft", "email", "Ann@X.org ", "ann@x.org"),
    ("snapchat", "email", "Ann@X.org", "ann@x.org"),
    ("snapchat", "phone", "0044 20 7031 3000", "442070313000"),
    ("criteo", "email", "john.doe@GMAIL.com ", "john.doe@gmail.com"),
    ("generic", "email", "\u00a0Ann.B+c@gmail.com\t", "ann.b+c@gmail.com"),
    (
        "snapchat",
        "mobile_ad_id",
        "AECE52E7-03EE-455A-B3C4-E57283966239",
        "aece52e7-03ee-455a-b3c4-e57283966239",
    ),
]


@pytest.mark.parametrize(("platform", "identifier", "value", "normalized"), NORMALIZED)
def test_a_value_is_hashed_as_the_platform_writes_it(platform, identifier, value, normalized):
    assert as_sent(value, identifier, platform, region="US") == sha256(normalized)


PLAIN = [
    # platform, identifier, as stored, as sent
    ("google", "country", "us", "US"),
    ("google", "postal_code", " 94035-1234", "94035-1234"),
    ("linkedin", "first_name", " Mike ", "Mike"),
    ("linkedin", "country", "us", "US"),
    (
        "meta",
        "mobile_ad_id",
        "AECE52E7-03EE-455A-B3C4-E57283966239",
        "aece52e7-03ee-455a-b3c4-e57283966239",
    ),
]


@pytest.mark.parametrize(("platform", "identifier", "value", "sent"), PLAIN)
def test_what_a_platform_wants_in_plain_text_is_not_hashed(platform, identifier, value, sent):
    assert as_sent(value, identifier, platform) == sent


NOBODY = [
    # identifier, as stored
    ("email", None),
    ("email", "   "),
    ("email", "n/a"),
    ("email", "@x.org"),
    ("email", "a@b@x.org"),
    ("email", "ann b@x.org"),
    ("phone", None),
    ("phone", "650 253 1234"),  # of which country?
    ("phone", "+1 234"),
    ("phone", "none"),
    ("mobile_ad_id", "00000000-0000-0000-0000-000000000000"),  # its owner is not to be followed
    ("mobile_ad_id", "web-1"),
    ("country", "United States"),
]


@pytest.mark.parametrize(("identifier", "value"), NOBODY)
def test_what_cannot_be_read_identifies_nobody(identifier, value):
    assert as_sent(value, identifier, "meta") is None


PHONES = [
    # as stored, region, in E.164
    ("+1 (650) 253-1234", None, "+16502531234"),
    ("001 650 253 1234", None, "+16502531234"),
    ("+01 425.555.1212", None, "+14255551212"),
    ("+44 (0) 20 7031 3000", None, "+442070313000"),
    ("+1 425 555 1212 ext. 7", None, "+14255551212"),
    ("1 (650) 253-1234", "US", "+16502531234"),
    ("020 7031 3000", "GB", "+442070313000"),
    ("06 1234 5678", "IT", "+390612345678"),  # Italy's zero is dialled from abroad too
    ("+33 1 40 40 22 90", "US", "+33140402290"),
]


@pytest.mark.parametrize(("phone", "region", "number"), PHONES)
def test_a_phone_number_is_read_with_its_country_code_or_the_regions(phone, region, number):
    assert read(phone, region) == number


def test_each_platform_has_a_form_for_what_it_knows_and_for_nothing_else():
    assert {name: set(forms) for name, forms in FORMS.items()} == {
        name: set(known) for name, known in IDENTIFIERS.items()
    }
