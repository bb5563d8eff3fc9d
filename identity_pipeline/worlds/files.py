"""Files: deliveries into their folders, and the configuration that reads them."""

import re
from importlib.resources import files
from pathlib import Path
from string import Template

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from identity_pipeline.worlds.errors import WorldError
from identity_pipeline.worlds.plan import FileKind, World

ENVIRONMENT_NAME = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")
TEMPLATES = ("unify", "activities")
SOURCE_TEMPLATES = (
    *("ecommerce_contacts", "loyalty_members", "pos_customers", "support_contacts"),
    "web_events",
)
# Small enough to be read while it is written, large enough to compress.
GROUP_ROWS = 1 << 20


def check_folder(out: Path) -> None:
    """Make sure that the world can be written there.

    Raises:
        WorldError: the folder is not empty, is a file, or its name names no environment.
    """
    if out.exists() and not out.is_dir():
        raise WorldError(f"{out}: is a file; name a folder with --out")
    if out.is_dir() and any(out.iterdir()):
        raise WorldError(f"{out}: is not empty, and nothing is written over; name a new folder")
    name = out.resolve().name
    if not ENVIRONMENT_NAME.fullmatch(name):
        raise WorldError(
            f"{out}: the folder's name is the environment's: small letters, digits and single "
            f"underscores, not '{name}'"
        )


def write_configuration(world: World, out: Path) -> None:
    """Write sources, rules and activities."""
    (out / "sources").mkdir(parents=True)
    for name in TEMPLATES:
        _write_template(world, name, out / f"{name}.yaml")
    for name in SOURCE_TEMPLATES:
        _write_template(world, name, out / "sources" / f"{name}.yaml")


def _write_template(world: World, name: str, path: Path) -> None:
    template = files("identity_pipeline.worlds") / "data" / "environment" / f"{name}.yaml.txt"
    text = Template(template.read_text(encoding="utf-8")).substitute(kind=world.kind.value)
    path.write_text(text, encoding="utf-8")


def write_delivery(world: World, out: Path, folder: str, day: int, rows: pa.Table) -> None:
    """Write what lands of a table on a date; nothing lands where there are no rows."""
    if not len(rows):
        return
    place = out / "landing" / folder / world.date(day).isoformat()
    place.mkdir(parents=True)
    write_table(rows, place / f"{folder.rsplit('/', 1)[-1]}.{world.kind.value}")


def write_table(rows: pa.Table, path: Path) -> None:
    """Write a table in the format that the path's ending says.

    No value holds a comma, a quote or a line end, so CSV needs no quotes.
    """
    if path.suffix == f".{FileKind.PARQUET.value}":
        pyarrow.parquet.write_table(rows, path, row_group_size=GROUP_ROWS)
        return
    options = pyarrow.csv.WriteOptions(
        quoting_style="none", quoting_header="none", batch_size=GROUP_ROWS // 16
    )
    pyarrow.csv.write_csv(rows, path, options)
