-- Rows are in file order, so without faulty records a row's place is its record's number.
create view records as select rowid + 1 as _record, * from text
