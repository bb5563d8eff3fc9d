-- The customer records of a world as Splink wants them; of a record's deliveries the last one.
-- Run in a world's folder; the last date, the incremental day, is left out.
create table delivered as
select 'eCommerce' as source, 'Contacts' as tab, ContactId as record, FullName as name,
    Email as email, Phone as phone, PostalCode as postal_code, DateOfBirth as birthday, filename
from read_parquet('landing/ecommerce/contacts/*/*.parquet', filename = true)
union all by name
select 'Loyalty' as source, 'Members' as tab, LoyaltyId as record, FullName as name,
    Email as email, Phone as phone, PostalCode as postal_code, DateOfBirth as birthday, filename
from read_parquet('landing/loyalty/members/*/*.parquet', filename = true)
union all by name
select 'PoS' as source, 'Customers' as tab, PosId as record, FullName as name,
    Phone as phone, PostalCode as postal_code, filename
from read_parquet('landing/pos/customers/*/*.parquet', filename = true)
union all by name
select 'Support' as source, 'Contacts' as tab, SupportId as record, FullName as name,
    Email as email, Phone as phone, filename
from read_parquet('landing/support/contacts/*/*.parquet', filename = true);

create table records as
select
    source || '|' || tab || '|' || record as unique_id, source, tab, record,
    nullif(split_part(lower(strip_accents(trim(name))), ' ', 1), '') as first_name,
    nullif(split_part(lower(strip_accents(trim(name))), ' ', -1), '') as last_name,
    lower(trim(email)) as email,
    nullif(right(regexp_replace(phone, '[^0-9]', '', 'g'), 10), '') as phone,
    birthday::varchar as birthday,
    postal_code
from delivered
where filename not like '%/2024-06-05/%'
qualify row_number() over (partition by source, tab, record order by filename desc) = 1;
