-- DuckDB's own typed read of the landed CSV files into tables of a file. Run in a world's folder.
attach 'floor/typed.duckdb' as typed;
use typed;
create or replace table web_events as
select * from read_csv('landing/web/events/*/*.csv', header = true, columns = {
    'EventID': 'VARCHAR', 'EventTimeStamp': 'TIMESTAMP', 'UserID': 'VARCHAR',
    'LoyaltyID': 'VARCHAR', 'Email': 'VARCHAR', 'EventName': 'VARCHAR', 'Page': 'VARCHAR',
    'Product': 'VARCHAR', 'Amount': 'DECIMAL(38, 2)'
});
create or replace table ecommerce_contacts as
select * from read_csv('landing/ecommerce/contacts/*/*.csv', header = true, columns = {
    'ContactId': 'VARCHAR', 'FirstName': 'VARCHAR', 'LastName': 'VARCHAR', 'FullName': 'VARCHAR',
    'Email': 'VARCHAR', 'Phone': 'VARCHAR', 'Address': 'VARCHAR', 'City': 'VARCHAR',
    'State': 'VARCHAR', 'PostalCode': 'VARCHAR', 'DateOfBirth': 'DATE', 'CreatedOn': 'DATE'
});
create or replace table loyalty_members as
select * from read_csv('landing/loyalty/members/*/*.csv', header = true, columns = {
    'LoyaltyId': 'VARCHAR', 'FullName': 'VARCHAR', 'Email': 'VARCHAR', 'Phone': 'VARCHAR',
    'Address': 'VARCHAR', 'City': 'VARCHAR', 'State': 'VARCHAR', 'PostalCode': 'VARCHAR',
    'DateOfBirth': 'DATE', 'Tier': 'VARCHAR', 'JoinedOn': 'DATE'
});
create or replace table pos_customers as
select * from read_csv('landing/pos/customers/*/*.csv', header = true, columns = {
    'PosId': 'VARCHAR', 'FullName': 'VARCHAR', 'Phone': 'VARCHAR', 'LoyaltyId': 'VARCHAR',
    'PostalCode': 'VARCHAR', 'FirstSeenOn': 'DATE'
});
create or replace table support_contacts as
select * from read_csv('landing/support/contacts/*/*.csv', header = true, columns = {
    'SupportId': 'VARCHAR', 'FullName': 'VARCHAR', 'Email': 'VARCHAR', 'Phone': 'VARCHAR',
    'Topic': 'VARCHAR', 'CreatedOn': 'DATE'
});
