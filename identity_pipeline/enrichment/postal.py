"""Postal codes in their country's form."""

import ibis
import ibis.expr.types as ir

# Country -> the code without blanks and hyphens, in groups, and how the post writes it. What
# stands before a code (D-, F-, the Japanese postal mark) belongs to no group.
_FORMS = (
    ("AU", r"^([0-9]{4})$", r"\1"),
    ("CA", r"^([A-Z][0-9][A-Z])([0-9][A-Z][0-9])$", r"\1 \2"),
    ("DE", r"^(?:DE|D)?([0-9]{5})$", r"\1"),
    ("FR", r"^(?:FR|F)?([0-9]{5})$", r"\1"),
    ("GB", r"^([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})$", r"\1 \2"),
    ("IT", r"^(?:IT|I)?([0-9]{5})$", r"\1"),
    ("JP", r"^〒?([0-9]{3})([0-9]{4})$", r"\1-\2"),
    ("US", r"^([0-9]{5})$", r"\1"),
    ("US", r"^([0-9]{5})([0-9]{4})$", r"\1-\2"),
)


def in_form(code: ir.StringValue, country: ir.StringValue) -> ir.StringValue:
    """A postal code in its country's form; one that has another shape only in capitals."""
    bare = code.upper().re_replace("[ .-]", "")
    forms = [
        ((country == where) & bare.re_search(pattern), bare.re_replace(pattern, written))
        for where, pattern, written in _FORMS
    ]
    return ibis.cases(*forms, else_=code.upper())
