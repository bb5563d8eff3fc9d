"""Delivered files as bytes: where they are, what is in them before anything is cut into values."""

import codecs
import datetime
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from identity_pipeline.terms.errors import LandingError
from identity_pipeline.terms.sources import INGESTION_DATE

# Small enough to stay in the processor's cache while it is hashed, decoded and counted.
CHUNK_OCTETS = 1 << 20
_GZIP = b"\x1f\x8b"
_UTF_8 = codecs.lookup("utf-8").name


@dataclass(frozen=True)
class LandedFile:
    """A delivered file: where it is, and its path as people see it, relative to the environment."""

    path: Path
    name: str

    @property
    def is_packed(self) -> bool:
        """Whether it is to be unpacked while reading."""
        return self.path.suffix.lower() == ".gz"

    def fault(self, line: int, message: str) -> LandingError:
        """The error that says where in the file; line 0 is the file itself."""
        return LandingError(
            f"{self.name}, line {line}: {message}" if line else f"{self.name}: {message}"
        )

    def open(self) -> BinaryIO:
        """Its bytes, unpacked."""
        return cast(BinaryIO, gzip.open(self.path)) if self.is_packed else self.path.open("rb")

    def lines(self, encoding: str) -> io.TextIOWrapper:
        """Its text, cut at every line end, which stays as it is."""
        name = "utf-8-sig" if is_utf_8(encoding) else encoding
        return io.TextIOWrapper(self.open(), encoding=name, newline="")


@dataclass(frozen=True)
class Stamp:
    """What tells whether a file was changed: its identity, its size, its time of change."""

    inode: int
    size: int
    changed_ns: int


@dataclass(frozen=True)
class TextFacts:
    """What one pass over a text file's bytes counts.

    Attributes:
        octets: its bytes, unpacked.
        newlines, returns, pairs: line feeds, carriage returns, and the two together.
        quotes: quote characters.
        end_octets, end_newlines: bytes and line feeds of the line ends at its very end.
        has_mark: whether it begins with the UTF-8 byte order mark.
    """

    octets: int
    newlines: int
    returns: int
    pairs: int
    quotes: int
    end_octets: int
    end_newlines: int
    has_mark: bool


def is_utf_8(encoding: str) -> bool:
    """Whether the encoding is UTF-8, by any of its names."""
    return codecs.lookup(encoding).name in (_UTF_8, "utf-8-sig")


def landed_files(folder: Path, pattern: str, ingestion_date: datetime.date) -> list[LandedFile]:
    """The files of one date, by path; the pattern is relative to the environment's folder."""
    paths = folder.glob(pattern.replace(INGESTION_DATE, ingestion_date.isoformat()))
    names = {path.relative_to(folder).as_posix(): path for path in paths if path.is_file()}
    return [LandedFile(names[name], name) for name in sorted(names)]


def stamp(file: LandedFile) -> Stamp:
    """Taken before and after reading; a file that differs was still being written."""
    found = file.path.stat()
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)


def sha256(file: LandedFile) -> str:
    """The hash of the file as it was delivered, packed or not."""
    with file.path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


def measure(file: LandedFile, encoding: str, quote: str) -> TextFacts:
    """Read every byte once: it must unpack, and be text of its encoding.

    Raises:
        LandingError: empty, damaged or cut off while packed, or not of this encoding.
    """
    newlines = returns = pairs = quotes = octets = 0
    begin, end, mark = b"", b"", quote.encode()
    for chunk in _decodable(file, encoding):
        newlines += chunk.count(b"\n")
        # Finding that a character is absent is ten times faster than counting it.
        if b"\r" in chunk:
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n")
        pairs += end[-1:] == b"\r" and chunk[:1] == b"\n"
        quotes += chunk.count(mark) if mark in chunk else 0
        octets += len(chunk)
        begin = begin or chunk[:3]
        rest = chunk[len(chunk.rstrip(b"\r\n")) :]
        end = end + rest if len(rest) == len(chunk) else rest
    if not octets:
        raise file.fault(0, "the file is empty, without even a header. Deliver it again.")
    has_mark = begin == codecs.BOM_UTF8
    return TextFacts(octets, newlines, returns, pairs, quotes, len(end), end.count(b"\n"), has_mark)


def _decodable(file: LandedFile, encoding: str) -> Iterator[bytes]:
    """The file's bytes, each chunk found to be text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    try:
        for chunk in _chunks(file):
            decoder.decode(chunk)
            lines += chunk.count(b"\n")
            yield chunk
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        lines += error.object[: error.start].count(b"\n")
        raise _not_text(file, encoding, lines) from None
    except UnicodeError:
        raise _not_text(file, encoding, lines) from None


def _not_text(file: LandedFile, encoding: str, line: int) -> LandingError:
    with file.open() as stored:
        begin = stored.read(2)
    if begin == _GZIP:
        return file.fault(0, "this is a gzip file; give it a name that ends in .gz")
    if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return file.fault(line, f"not {encoding}, it begins as utf-16. Set 'format.encoding'.")
    return file.fault(
        line, f"not {encoding}. Set 'format.encoding' to the file's own, as cp1252 or latin-1."
    )


def _chunks(file: LandedFile) -> Iterator[bytes]:
    try:
        with file.open() as stored:
            while chunk := stored.read(CHUNK_OCTETS):
                yield chunk
    except EOFError:
        raise file.fault(0, "the gzip file is cut off before its end. Deliver it again.") from None
    except (gzip.BadGzipFile, zlib.error):
        raise file.fault(0, "the gzip file is damaged, or none at all. Deliver it again.") from None
