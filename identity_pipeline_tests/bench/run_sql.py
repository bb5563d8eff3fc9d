"""Run a file of SQL in DuckDB, in this folder; a process of its own, to be measured."""

import sys
from pathlib import Path

import duckdb

with duckdb.connect() as connection:
    connection.execute(Path(sys.argv[1]).read_text(encoding="utf-8"))
