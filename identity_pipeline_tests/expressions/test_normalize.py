"""Normalizations: what each makes of a value, and that engine and Python agree."""

from itertools import permutations

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity_pipeline.expressions.nickname_families import nickname_families
from identity_pipeline.expressions.normalize import normalize_text, normalized
from identity_pipeline.expressions.texts import AMERICAN_PHONE
from identity_pipeline.terms.rules import TYPE_NORMALIZATIONS, Normalization

ENGINE = ibis.duckdb.connect()

EACH = [
    # step, value, what is compared
    ("lower", "Ada BYRON", "ada byron"),
    ("lower", "ΜΆΡΙΟΣ", "μάριοσ"),  # as the engine does: no special sigma at a word's end
    ("symbols", "(425) 555-0101", "425 5550101"),
    ("symbols", "--", None),
    ("symbols", "a_b [c] «d» €5 ❤️", "ab c d 5 "),
    ("whitespace", " ada\u00a0by\tron\u3000\u200b\n", "adabyron"),
    ("whitespace", " \t", None),
    ("numerals", "① Ⅷ \uff18 ٣ x² ⑳", "1 8 8 3 x2 20"),
    ("numerals", "VIII ½ 三", "VIII ½ 三"),  # letters and fractions are not whole-number symbols
    ("unicode_to_ascii", "José Müller Łódź", "Jose Muller Lodz"),
    ("unicode_to_ascii", "\uff21\uff22\uff23\uff11\uff12", "ABC12"),
    ("unicode_to_ascii", "Ⅷ", "Ⅷ"),  # left for Numerals
    ("unicode_to_ascii numerals", "Élan Ⅷ", "Elan 8"),
    ("lower whitespace", "ADA@contoso.example ", "ada@contoso.example"),
    ("lower", "", None),
    ("lower", None, None),
]

PHONES = [
    # number, what is compared
    ("+01 425.555.1212", "14255551212"),
    ("1 (425) 555-1212", "14255551212"),
    ("(425) 555-1212", "4255551212"),  # the country code counts
    ("001 425 555 1212", "14255551212"),
    ("+0044 20 7946 0000", "442079460000"),
    ("020 7946 0000", "02079460000"),  # a national number's zero is no country code's
    ("+1 425 555 1212 x123", "14255551212"),
    ("+1 425 555 1212, ext. 5", "14255551212"),
    ("+7 495 555 12 12 доб. 5", "74955551212"),
    ("Tel.: +1 425 555 1212 (home)", "14255551212"),
    ("425\u2013555\u20131212", "4255551212"),
    ("1-800-FLOWERS", "1800"),  # digits only: letters are not dialled
    ("unknown", None),
    ("--", None),
]

PHONES_OF_THE_US = [
    ("(425) 555-1212", "14255551212"),
    ("+1 425 555 1212 ext. 5", "14255551212"),
    ("+01 425.555.1212", "14255551212"),
    ("+44 (0)20 7946 0000", "442079460000"),
    ("555-1212", "5551212"),  # not possible without an area code: as without a region
    ("unknown", None),
]

SAME_NAMES = [
    ("debby", "Deborah"),
    ("Prof. Debby Cole", "Deborah Cole"),
    ("Bob Lund", "Lund, Robert"),
    ("Bill Gray", "WILLIAM GRAY"),
    ("Dr. Ben Ito, Ph.D.", "Benjamin Ito"),
    ("Mr John Rao Jr.", "John Rao"),
    ("J.R. Lund", "Lund J. R."),  # initials, not the title "jr"
    ("Catherine Ann Lund", "Kate Ann Lund"),
]

OTHER_NAMES = [
    ("Al Rao", "Alan Rao"),  # al is alan, albert, alfred: it is taken for none of them
    ("Alan Rao", "Albert Rao"),
    ("Benedict Ito", "Benjamin Ito"),
    ("William Rao", "Robert Rao"),
    ("Daniel Rao", "Danielle Rao"),
    ("A. Byron", "Ada Byron"),
]

NAMES = [
    ("A. Byron", "a byron"),
    ("Benn Ito", "benn ito"),
    ("Ben Ito", "ben ito"),
    ("Siân O'Brien-Smith", "o'brien-smith siân"),
    ("Dr.", None),
    ("--", None),
]

ADDRESSES = [
    ("200 Cedar Springs Road", "200 cedar spgs rd"),
    ("5 Northwest Main Street, Apartment 12", "5 nw main st apt 12"),
    ("5 N.W. MAIN ST. apt #12", "5 nw main st apt 12"),
    ("1 Ocean Boulevard Suite 950", "1 ocean blvd ste 950"),
]

ORGANIZATIONS = [
    ("The Contoso Trading Co., Ltd.", "contoso trading"),
    ("Contoso Trading GmbH & Co. KG", "contoso trading"),
    ("Fabrikam S.A.", "fabrikam"),
    ("Johnson & Johnson", "johnson johnson"),
    ("The Company", None),
]

# Of code points without a character yet, engine and Python may know different ones.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn"]))
# Text that looks like phone numbers reaches the branches random text does not.
PHONE_LIKE = st.text("0123 +-().x#eé\n") | st.from_regex(AMERICAN_PHONE)
STEP_SETS = st.sets(st.sampled_from(Normalization), min_size=1)


def steps_of(names):
    return [Normalization(name) for name in names.split()]


def in_engine(value, steps, region=None):
    table = ibis.memtable({"value": [value]}, schema={"value": "string"})
    text = normalized(table.value, steps, region)
    return ENGINE.to_pyarrow(table.select(text=text))["text"][0].as_py()


@pytest.mark.parametrize(("names", "value", "compared"), EACH)
def test_each_normalization_makes_of_a_value_what_the_specification_says(names, value, compared):
    assert in_engine(value, steps_of(names)) == compared


@pytest.mark.parametrize(("number", "compared"), PHONES)
def test_a_phone_number_is_its_digits_with_the_country_code(number, compared):
    assert in_engine(number, [Normalization.PHONE]) == compared


@pytest.mark.parametrize(("number", "compared"), PHONES_OF_THE_US)
def test_a_default_region_gives_a_phone_number_its_country_code(number, compared):
    assert in_engine(number, [Normalization.PHONE], "US") == compared


@pytest.mark.parametrize(("left", "right"), SAME_NAMES)
def test_nicknames_titles_case_and_word_order_do_not_make_another_name(left, right):
    assert normalize_text(left, [Normalization.NAME]) == normalize_text(right, [Normalization.NAME])


@pytest.mark.parametrize(("left", "right"), OTHER_NAMES)
def test_a_variant_of_several_names_does_not_make_them_one(left, right):
    assert normalize_text(left, [Normalization.NAME]) != normalize_text(right, [Normalization.NAME])


@pytest.mark.parametrize(("value", "compared"), NAMES)
def test_a_name_is_its_words_in_one_order(value, compared):
    assert in_engine(value, [Normalization.NAME]) == compared


@pytest.mark.parametrize(("value", "compared"), ADDRESSES)
def test_common_parts_of_an_address_are_abbreviated(value, compared):
    assert in_engine(value, [Normalization.ADDRESS]) == compared


@pytest.mark.parametrize(("value", "compared"), ORGANIZATIONS)
def test_noise_words_of_an_organization_are_removed(value, compared):
    assert in_engine(value, [Normalization.ORGANIZATION]) == compared


def test_more_than_500_variants_of_names_are_known():
    families = nickname_families()
    shared = [variant for variant, form in families.items() if form != variant]
    assert len(shared) > 500


def test_the_form_of_a_family_is_its_own_form():
    families = nickname_families()
    assert {families[form] for form in families.values()} == set(families.values())


def test_the_order_in_which_normalizations_are_named_does_not_matter():
    steps = steps_of("unicode_to_ascii numerals symbols whitespace")
    texts = {normalize_text("É Ⅷ-!", order) for order in permutations(steps)}
    assert texts == {"E8"}


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT | PHONE_LIKE, min_size=20), STEP_SETS, st.sampled_from([None, "US"]))
def test_the_engine_and_python_make_the_same_of_any_text(values, steps, region):
    types = sorted(steps.intersection(TYPE_NORMALIZATIONS))
    steps = steps.difference(types[1:])  # a value has one type
    table = ibis.memtable({"value": values}, schema={"value": "string"})

    text = ENGINE.to_pyarrow(table.select("value", text=normalized(table.value, steps, region)))

    assert text["text"].to_pylist() == [
        normalize_text(value, steps, region) for value in text["value"].to_pylist()
    ]
