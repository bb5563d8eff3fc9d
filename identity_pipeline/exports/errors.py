"""What goes wrong with an export, in words that hold no secret and no personal value."""

from collections.abc import Iterable

from identity_pipeline.terms.errors import PipelineError


class ExportFailed(PipelineError):
    """An export did not arrive; what it had begun to write is removed.

    Attributes:
        export: its name.
        destination: its URL without user, query and secrets.
    """

    def __init__(self, export: str, destination: str, message: str) -> None:
        self.export = export
        self.destination = destination
        super().__init__(f"export '{export}', {destination}: {message}")


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text of somebody else's error, each secret in it replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***") if secret else text
    return text
