"""Guards: what keeps strangers from becoming one customer."""

from typing import Annotated

from pydantic import Field

from identity_pipeline.terms.base import Term

IdentifierType = Annotated[str, Field(min_length=1)]
Limit = Annotated[int, Field(ge=1)]

# Why a value was set aside.
PLACEHOLDER, TOO_MANY_RECORDS = "placeholder", "too many records"


class Guards(Term):
    """Values that link nothing, and how much one customer may have.

    An identifier type is a column's semantic type, else the unified column that it feeds, else its
    own name.

    Attributes:
        placeholders: whether the shipped list counts (`expressions/data/placeholders.txt`): null,
            unknown, guest, zeros, test mailboxes and the like.
        placeholder_values: further ones, by identifier type; compared as conditions compare.
        records_per_value: how many source keys may carry one value, by identifier type; past it
            the value links nothing, except the keys that it linked in the last run.
        values_per_customer: how many distinct values one customer may have, by identifier type.
        keys_per_customer: how many source keys one customer may have; past it the customer is
            held for review, and its keys keep the customers they had after the last run.
    """

    placeholders: bool = True
    placeholder_values: dict[IdentifierType, tuple[str, ...]] = Field(default_factory=dict)
    records_per_value: dict[IdentifierType, Limit] = Field(default_factory=dict)
    values_per_customer: dict[IdentifierType, Limit] = Field(default_factory=dict)
    keys_per_customer: Limit | None = None


def most_values(identifier_type: str, limit: int) -> str:
    """The maximum of values a customer, as a reason: `one LoyaltyId a customer`."""
    if limit == 1:
        return f"one {identifier_type} a customer"
    return f"at most {limit} of {identifier_type} a customer"
