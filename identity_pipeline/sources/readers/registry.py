"""Which reader reads which format; a new format is one file and one line here."""

from collections.abc import Mapping

from identity_pipeline.sources.readers import delimited, json_lines, parquet
from identity_pipeline.sources.readers.base import Reader

READERS: Mapping[str, Reader] = {
    "csv": delimited.read,
    "jsonl": json_lines.read,
    "parquet": parquet.read,
}
