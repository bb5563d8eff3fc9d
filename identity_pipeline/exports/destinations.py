"""Folders that exports are written to: this machine's, SFTP servers', object stores'."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem
from fsspec.registry import known_implementations
from fsspec.spec import AbstractFileSystem

from identity_pipeline.exports.errors import ExportFailed, without_secrets
from identity_pipeline.terms.errors import did_you_mean
from identity_pipeline.terms.exports import Destination

# Scheme -> the extra that brings what it needs; None is another package, which fsspec names.
SCHEMES = {"file": "", "sftp": "sftp", "s3": "s3", "abfs": None, "gs": None}
# Stores without folders: a folder is there as soon as a file is.
OBJECT_STORES = ("s3", "abfs", "gs")
PART = ".part"


@dataclass(frozen=True)
class Folder:
    """An opened destination.

    Attributes:
        export: whose it is, for errors.
        shown: the URL without user, query and secrets, for errors.
        scheme: the kind of file system.
        root: the URL's folder, as the file system writes it.
    """

    export: str
    shown: str
    scheme: str
    root: str
    _system: AbstractFileSystem = field(repr=False)
    _secrets: tuple[str, ...] = field(repr=False)

    @property
    def has_lower_case_folders(self) -> bool:
        """Whether folders below it are named in lower case, as in the product's SFTP exports."""
        return self.scheme == "sftp"

    @contextmanager
    def part(self, path: str) -> Iterator[BinaryIO]:
        """A new file beside `path`, below the root, which does not count until it is moved."""
        whole = self._whole(path)
        with self._failing():
            if self.scheme not in OBJECT_STORES:
                self._system.makedirs(whole.rsplit("/", 1)[0], exist_ok=True)
            with self._system.open(whole + PART, "wb") as file:
                yield file

    def move(self, path: str) -> None:
        """Let the part count: it takes the place of `path`, at once where the system can."""
        whole = self._whole(path)
        with self._failing():
            if isinstance(self._system, LocalFileSystem):
                os.replace(whole + PART, whole)
            elif self.scheme == "sftp":
                self._system.mv(whole + PART, whole)
            else:
                self._system.cp_file(whole + PART, whole)
                self._system.rm_file(whole + PART)

    def discard(self, path: str) -> None:
        """Remove a part, if it is there and the connection still is."""
        with suppress(ExportFailed), self._failing():
            self._system.rm_file(self._whole(path) + PART)

    def _whole(self, path: str) -> str:
        return f"{self.root}/{path}"

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Tell what a file system refuses, without its traceback and without secrets."""
        try:
            yield
        except _failures(self.scheme) as error:
            raise _failed(self.export, self.shown, error, self._secrets) from None


@contextmanager
def open_folder(destination: Destination, home: Path, export: str) -> Iterator[Folder]:
    """Open a destination, and close its connection in any case.

    Args:
        destination: its URL, options and the names of its secrets.
        home: the folder that `file:` URLs without a slash are below and may not leave.
        export: the export's name, for errors.

    Raises:
        ExportFailed: an unknown scheme, a secret that is not set, a package that is missing, a
            folder outside `home`, or a server that is not there or refuses.
    """
    scheme, colon, _ = destination.url.partition(":")
    shown = shown_url(destination.url)
    if not colon or scheme not in SCHEMES:
        hint = did_you_mean(scheme, tuple(SCHEMES))
        message = f"this is no destination: a URL begins with one of these. {hint}"
        raise ExportFailed(export, shown, f"{message} A folder is written as file:exports")
    secrets = _secrets(destination, export, shown)
    if scheme == "file":
        root = str(local_folder(destination.url, home, export))
        yield Folder(export, shown, scheme, root, LocalFileSystem(skip_instance_cache=True), ())
        return
    system = _connect(destination, secrets, export, shown)
    try:
        parts = urlsplit(destination.url)
        bucket = parts.netloc if scheme in OBJECT_STORES else ""
        root = f"{bucket}{parts.path}".rstrip("/")
        yield Folder(export, shown, scheme, root, system, tuple(secrets.values()))
    finally:
        if scheme == "sftp":
            system.client.close()


def shown_url(url: str) -> str:
    """A URL as errors and logs may show it: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "its destination"
    host = f"//{parts.hostname or ''}{port}" if parts.netloc or "//" in url else ""
    return f"{parts.scheme}:{host}{parts.path}" if parts.scheme else parts.path


def local_folder(url: str, home: Path, export: str) -> Path:
    """The folder of a `file:` URL: `file:exports` is below home, `file:///exports` is absolute.

    Raises:
        ExportFailed: the folder is outside `home` (`..`, or a link that leads out of it).
    """
    path = url.removeprefix("file:")
    if path.startswith("///") and ".." not in path.split("/"):
        return Path(path[2:])
    inside = (home / path).resolve()
    is_plain = path and not path.startswith("/") and ".." not in path.split("/")
    if not is_plain or not inside.is_relative_to(home.resolve()):
        raise ExportFailed(
            export,
            shown_url(url),
            "the folder is outside the home folder: write one below it, as file:exports, or an "
            "absolute one, as file:///exports",
        )
    return inside


def _secrets(destination: Destination, export: str, shown: str) -> dict[str, str]:
    for option, variable in destination.secrets.items():
        if not os.environ.get(variable):
            raise ExportFailed(
                export,
                shown,
                f"the environment variable {variable} is not set; it holds '{option}'. Set it "
                "where runs are started",
            )
    return {option: os.environ[name] for option, name in destination.secrets.items()}


def _connect(
    destination: Destination, secrets: Mapping[str, str], export: str, shown: str
) -> AbstractFileSystem:
    parts = urlsplit(destination.url)
    options: dict[str, Any] = {**destination.options, **secrets}
    scheme = parts.scheme
    if scheme == "sftp":
        given = {"username": parts.username, "port": parts.port}
        options = {name: value for name, value in given.items() if value} | options
    try:
        if scheme == "sftp":
            from identity_pipeline.exports.sftp import KnownServer

            return KnownServer(parts.hostname or "", skip_instance_cache=True, **options)
        return fsspec.filesystem(scheme, skip_instance_cache=True, **options)
    except ImportError:
        raise ExportFailed(export, shown, _missing(scheme)) from None
    except TypeError:
        names = ", ".join(sorted({**destination.options, **secrets}))
        raise ExportFailed(export, shown, f"there is an option it does not know: {names}") from None
    except _failures(scheme) as error:
        raise _failed(export, shown, error, tuple(secrets.values())) from None


def _missing(scheme: str) -> str:
    extra = SCHEMES[scheme]
    if extra:
        return f"a package is missing: pip install 'identity-pipeline[{extra}]'"
    return f"a package is missing: {known_implementations[scheme]['err']}"


def _failures(scheme: str) -> tuple[type[Exception], ...]:
    """What a file system raises when it refuses or is not there."""
    if scheme == "sftp":
        import paramiko

        return (OSError, EOFError, paramiko.SSHException)
    if scheme == "s3":
        import botocore.exceptions

        return (OSError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)
    return (OSError,)


def _failed(export: str, shown: str, error: Exception, secrets: tuple[str, ...]) -> ExportFailed:
    text = without_secrets(str(error) or type(error).__name__, secrets)
    if isinstance(error, PermissionError):
        text += ". Give the account that runs exports the right to write there"
    return ExportFailed(export, shown, f"it cannot be written: {text}")
