-- Reads a delimited file as text, one row a record, and never guesses.
-- Not Ibis: it cannot pass explicit columns together with a table of faulty records.
create table text as
select *
from read_csv(
    $path,
    columns = $columns,
    auto_detect = false,
    header = true,
    delim = $delimiter,
    quote = $quote,
    escape = $quote,
    compression = $compression,
    strict_mode = true,
    hive_partitioning = false,
    store_rejects = true,
    rejects_table = 'rejects',
    rejects_scan = 'scans',
    rejects_limit = 0
)
