"""What a run does to customers, segments and exports: two published files compared."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Some(Generic[T]):
    """How many there are, and the first of them by id; all of them where no number was asked."""

    count: int = 0
    examples: tuple[T, ...] = ()


@dataclass(frozen=True)
class CustomerChange:
    """What became of a customer.

    Attributes:
        customer_id: the customer.
        other: whom the customer merged into, or was split or restored from; else None.
        rule: the rule that caused it, where one did.
        keys: the keys concerned, as in CustomerIdHistory.
        was_known: whether the customer was known before; False for a new one.
        is_dropped: known before, and none of the keys is in any customer now.
    """

    customer_id: str
    other: str | None
    rule: str | None
    keys: str | None
    was_known: bool
    is_dropped: bool


@dataclass(frozen=True)
class KeyChange:
    """A source key, DataSource|Table|Key, and the customers that had it and have it; None: none."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Sizes:
    """Customers, known and unknown."""

    known: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class CustomerEffect:
    """What becomes of customers; a customer is in one list, dropped ones in two.

    Attributes:
        created, split, restored, returned, renamed: customers who were not there; renamed ones
            have another configured id.
        merged, gone: customers who are not there any more.
        dropped: known people none of whose keys is in a customer any more.
        became_known, became_unknown: customers who stay.
    """

    created: Some[CustomerChange] = Some()
    split: Some[CustomerChange] = Some()
    restored: Some[CustomerChange] = Some()
    returned: Some[CustomerChange] = Some()
    renamed: Some[CustomerChange] = Some()
    merged: Some[CustomerChange] = Some()
    gone: Some[CustomerChange] = Some()
    dropped: Some[CustomerChange] = Some()
    became_known: Some[CustomerChange] = Some()
    became_unknown: Some[CustomerChange] = Some()


@dataclass(frozen=True)
class KeyEffect:
    """Keys that are in another customer now, newly in one, and in none any more."""

    moved: Some[KeyChange] = Some()
    added: Some[KeyChange] = Some()
    gone: Some[KeyChange] = Some()


@dataclass(frozen=True)
class ValueEffect:
    """A column of customers who stay, and how many of them have another value in it."""

    table: str
    column: str
    customers: int


@dataclass(frozen=True)
class MemberEffect:
    """Who enters and leaves a segment, or the customers that an export reaches.

    Attributes:
        name: the segment's or export's.
        before, after: customers.
        entered, left: CustomerIds.
    """

    name: str
    before: int
    after: int
    entered: Some[str]
    left: Some[str]


@dataclass(frozen=True)
class ExportEffect:
    """Whom an export reaches, and what its destination knows them by.

    Attributes:
        customers: the customers reached, before and after.
        sent, taken_back: recipients newly sent, and those that the destination must forget: one
            recipient may be several customers (a shared address), or one several.
    """

    customers: MemberEffect
    sent: int
    taken_back: int

    @property
    def is_sending(self) -> bool:
        """Whether the destination would hear of somebody, also where no number changes."""
        return bool(self.sent or self.taken_back)


@dataclass(frozen=True)
class TableEffect:
    """A published table whose rows are others, and how many they are; None: no such table."""

    table: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Effect:
    """All that a run changes in what is published, and in whom exports reach.

    Attributes:
        before, after: how many customers there are.
        customers, keys: what becomes of them.
        values: columns with other values, by table and column.
        segments: all segments, by name.
        exports: all exports, by name.
        tables: every published table that changes at all, by name; none: nothing would change.
    """

    before: Sizes
    after: Sizes
    customers: CustomerEffect
    keys: KeyEffect
    values: tuple[ValueEffect, ...]
    segments: tuple[MemberEffect, ...]
    exports: tuple[ExportEffect, ...]
    tables: tuple[TableEffect, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change, and nothing be sent that was not sent before."""
        return not self.tables and not any(one.is_sending for one in self.exports)
