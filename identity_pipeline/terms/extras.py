"""Optional packages: which extra brings them, and what to say where they are missing."""

from importlib.util import find_spec

# The extra of `pip install` -> the package that it brings.
EXTRAS = {"phonetic": "doublemetaphone", "splink": "splink"}


def missing_extra(extra: str) -> str | None:
    """How to install an extra's package, where it is not there."""
    if find_spec(EXTRAS[extra]) is not None:
        return None
    return f"the package {EXTRAS[extra]} is missing: pip install 'identity-pipeline[{extra}]'"
