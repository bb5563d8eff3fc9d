-- The least that can be done: read all landed files typed, sort, write. Run in a world's folder.
copy (
    select * from read_parquet('landing/web/events/*/*.parquet')
    order by UserID, EventTimeStamp, EventID
) to 'floor/web_events.parquet' (format parquet);
copy (
    select * from read_parquet('landing/ecommerce/contacts/*/*.parquet') order by ContactId
) to 'floor/ecommerce_contacts.parquet' (format parquet);
copy (
    select * from read_parquet('landing/loyalty/members/*/*.parquet') order by LoyaltyId
) to 'floor/loyalty_members.parquet' (format parquet);
copy (
    select * from read_parquet('landing/pos/customers/*/*.parquet') order by PosId
) to 'floor/pos_customers.parquet' (format parquet);
copy (
    select * from read_parquet('landing/support/contacts/*/*.parquet') order by SupportId
) to 'floor/support_contacts.parquet' (format parquet);
