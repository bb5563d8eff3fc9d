-- One row a record that the reader refused, numbered among all records of the file. The reader
-- counts the header as a record, and gives a record's text with or without its line end. A record is
-- plain if it is only too short or too long, and no quote makes doubtful how many values it has.
create table faulty as
select
    (line - 1)::bigint as _record,
    bool_and(error_type in ('MISSING COLUMNS', 'TOO MANY COLUMNS'))
    and not contains(max(csv_line), $quote) as is_plain,
    trim(max(csv_line), chr(10) || chr(13)) as text
from rejects
group by line
