"""Enrichments: what else is known of a customer, in a table keyed by CustomerId."""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from identity_pipeline.terms.base import ColumnName, Name, Term
from identity_pipeline.terms.sources import INGESTION_DATE, ColumnType


class _Enrichment(Term):
    """What all have in common; with `segment` only the members of its last run are enriched."""

    name: Name
    description: str | None = None
    segment: Name | None = None


class FileEnrichment(_Enrichment):
    """Files with a model.json whose annotation `c360:PrimaryKey` names the CustomerId column.

    `landing` is a folder with `{ingestion_date}` in it; the latest delivery counts.
    """

    kind: Literal["file"]
    landing: str

    @model_validator(mode="after")
    def _lands_by_date(self) -> Self:
        if INGESTION_DATE not in self.landing:
            raise ValueError(f"'{self.landing}' needs {INGESTION_DATE} where the date's folder is")
        return self


class FunctionEnrichment(_Enrichment):
    """A Python function `module:name`, given a pandas frame of `CustomerId` and the inputs.

    The module is in the environment's folder or an installed package. The function returns a frame
    with `CustomerId` and `columns`; customers it leaves out have no values.
    """

    kind: Literal["function"]
    function: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    inputs: tuple[ColumnName, ...] = Field(min_length=1)
    columns: dict[ColumnName, ColumnType] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_columns_apart(self) -> Self:
        # The warehouse does not tell names apart by case.
        for name, times in Counter(name.lower() for name in self.columns).items():
            if name == "customerid":
                raise ValueError(
                    "'columns' are those beside CustomerId, which is there in any case"
                )
            if times > 1:
                raise ValueError(f"columns must differ by more than case: '{name}' is there twice")
        return self


class EmailDomain(_Enrichment):
    """The domain of an e-mail address, and whether it is a free mailbox or a role's."""

    kind: Literal["email_domain"]
    email: ColumnName


class Address(_Enrichment):
    """An address in standard form, by rules for the country; it does not say that it exists."""

    kind: Literal["address"]
    street: ColumnName | None = None
    city: ColumnName | None = None
    state: ColumnName | None = None
    postal_code: ColumnName | None = None
    country: ColumnName


Enrichment = Annotated[
    FileEnrichment | FunctionEnrichment | EmailDomain | Address, Field(discriminator="kind")
]


class Enrichments(Term):
    """`enrichments.yaml`."""

    enrichments: tuple[Enrichment, ...] = Field(min_length=1)
