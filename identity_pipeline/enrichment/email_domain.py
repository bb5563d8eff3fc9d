"""The domain of an e-mail address, and what it tells."""

from functools import cache
from importlib.resources import files

import ibis.expr.types as ir

from identity_pipeline.engine.base import Engine
from identity_pipeline.enrichment.base import KEY, Enriched, input_column
from identity_pipeline.expressions.texts import WHITESPACE
from identity_pipeline.terms.enrichments import EmailDomain
from identity_pipeline.terms.errors import InsightError

COLUMNS = {"Domain": "string", "IsFreeMailbox": "boolean", "IsRoleMailbox": "boolean"}

DATA = files("identity_pipeline.enrichment") / "data"

# Something, an @, and a domain of at least two labels; a last dot belongs to no label.
_PATTERN = r"^[^\s]+@([^@\s.]+(?:[.][^@\s.]+)+)[.]?$"


def enrich_email_domains(engine: Engine, asked: EmailDomain, customers: ir.Table) -> Enriched:
    """Tell each customer's e-mail domain, and whether the mailbox is a free one or a role's.

    The domain is in lower case; an internationalized one stays as it is written, in letters or in
    its xn-- form. A free mailbox is one of a shipped list of providers, without their subdomains.
    A role's mailbox is a whole local part as info, sales or no-reply; what follows a plus sign,
    and dots, hyphens and underscores are no matter. Customers without an address in the form
    name@example.org are not processed.

    Raises:
        InsightError: Customer has no such column, or it is not text.
    """
    email = input_column(customers, asked.email, ("email",))
    if not email.type().is_string():
        raise InsightError(("email",), f"'{asked.email}' is {email.type()}; an address is text")
    written = email.re_replace(f"^{WHITESPACE}|{WHITESPACE}$", "").lower()
    addresses = customers.select(KEY, _email=written)
    addresses = addresses.filter(addresses._email.re_search(_PATTERN))
    domain = addresses._email.re_extract(_PATTERN, 1)
    local = addresses._email.re_replace("@[^@]*$", "").re_replace("[+].*$", "")
    rows = addresses.select(
        addresses[KEY],
        Domain=domain,
        IsFreeMailbox=domain.isin(_listed("free_mailboxes.txt")),
        IsRoleMailbox=local.re_replace("[._-]", "").isin(_listed("role_mailboxes.txt")),
    )
    kept = engine.keep(rows)
    processed = engine.count(kept)
    counts = {"processed": processed, "not_processed": engine.count(customers) - processed}
    return Enriched(kept, counts)


@cache
def _listed(file: str) -> list[str]:
    return sorted(set((DATA / file).read_text(encoding="utf-8").split()))
