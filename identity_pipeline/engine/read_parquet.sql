-- Ibis reads Parquet lazily, into a view: a damaged file would fail inside the warehouse's
-- transaction and undo the files before it.
create table records as
select file_row_number + 1 as _record, * exclude (file_row_number)
from read_parquet($path, file_row_number = true, hive_partitioning = false, union_by_name = false)
