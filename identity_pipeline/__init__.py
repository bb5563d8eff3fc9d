"""Customer data unification for known and unknown users, as Dagster assets on DuckDB."""
