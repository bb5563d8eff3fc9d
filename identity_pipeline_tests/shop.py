"""A shop with visits, orders and order lines: an environment with insights, run for two days."""

import datetime
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from identity_pipeline.defs.console import Dates, run_dates
from identity_pipeline_tests.builders import write_files

CONTACTS = """\
name: contacts
data_source: Shop
table: Contacts
landing: landing/contacts/{ingestion_date}/*.csv
refresh: incremental
primary_key: Id
columns: {Id: text, Name: text, Email: text, City: text, Country: text, Joined: date}
profile:
  primary_key: Id
  columns: [Id, Name, Email, City, Country, Joined]
"""

VISITS = """\
name: visits
data_source: Web
table: Visits
landing: landing/visits/{ingestion_date}/*.csv
refresh: incremental
primary_key: Visit
columns:
  Visit: text
  At: timestamp
  Visitor: text
  Mail: text
  What: text
  Page: text
profile:
  primary_key: Visitor
  columns: [Visitor, Mail]
"""

ORDERS = """\
name: orders
data_source: Shop
table: Orders
landing: landing/orders/{ingestion_date}/*.csv
deletes: landing/gone_orders/{ingestion_date}/*.csv
refresh: incremental
primary_key: OrderId
columns:
  OrderId: text
  Contact: text
  Total: {type: decimal, scale: 2}
  At: timestamp
  Note: text
"""

LINES = """\
name: lines
data_source: Shop
table: OrderLines
landing: landing/lines/{ingestion_date}/*.csv
refresh: incremental
primary_key: LineId
columns: {LineId: text, OrderId: text, Product: text, Quantity: integer}
"""

UNIFY = """\
tables:
  - table: contacts
    include_all: true
    deduplicate:
      - {name: SameMail, conditions: [{column: Email, normalize: [lower]}]}
  - table: visits
    include_all: true
    deduplicate:
      - {name: SameVisitor, conditions: [{column: Visitor}]}
    match:
      - {name: Mail, conditions: [{left: contacts.Email, right: Mail, normalize: [lower]}]}
columns:
  Name: [contacts.Name]
  Email: [contacts.Email]
  City: [contacts.City]
  Country: [contacts.Country]
  Joined: [contacts.Joined]
known_if: {any_of: [Email], or_from: [contacts]}
"""

ACTIVITIES = """\
activities:
  - table: visits
    type: Other
    key: Visit
    time: At
    event: What
    web_address: Page
    customer: Visitor
  - table: orders
    type: SalesOrder
    name: Order
    key: OrderId
    time: At
    detail: Note
    customer: {column: Contact, table: contacts}
    attributes: {OrderId: OrderId, Amount: Total}
"""

RELATIONSHIPS = """\
relationships:
  - {name: lines_of_orders, from: lines.OrderId, to: orders.OrderId}
"""

DAY_1, DAY_2 = "2024-05-01", "2024-05-02"

LANDED = {
    f"contacts/{DAY_1}": """\
Id,Name,Email,City,Country,Joined
C1,Ann,ann@x.example,Rome,Italy,2024-01-01
C2,Ann,ANN@x.example,Rome,Italy,2023-01-01
C3,Bob,bob@gmail.com,Berlin,DE,2024-02-01
""",
    # Visitor v1 is used by Bob first, and then by Ann, whose row is the winner (as many filled, the
    # first row): only what came before Ann's sign-in was of somebody unknown.
    f"visits/{DAY_1}": """\
Visit,At,Visitor,Mail,What,Page
1,2024-05-01 08:00:00,v1,,Look,/decaf
2,2024-05-01 09:00:00,v1,ann@x.example,Sign-in,/me
3,2024-05-01 08:30:00,v1,bob@gmail.com,Sign-in,/me
4,2024-05-01 10:00:00,v2,,Look,/beans
5,,v2,,Look,/beans
6,2024-05-09 10:00:00,v2,,Look,/beans
""",
    f"orders/{DAY_1}": """\
OrderId,Contact,Total,At,Note
O1,C1,10.50,2024-05-01 09:30:00,
O2,C2,20.00,2024-01-01 12:00:00,"two ""large"" bags"
O3,C9,5.25,2024-05-01 11:00:00,
O4,C3,1.00,2024-05-01 11:00:00,
""",
    f"lines/{DAY_1}": """\
LineId,OrderId,Product,Quantity
L1,O1,Decaf,2
L2,O1,Mug,1
L3,O2,Beans,5
L4,O4,Mug,1
""",
    f"contacts/{DAY_2}": """\
Id,Name,Email,City,Country,Joined
C9,Cid,cid@x.example,Leeds,GB,2024-05-02
""",
    f"orders/{DAY_2}": """\
OrderId,Contact,Total,At,Note
O1,C1,12.50,2024-05-01 09:30:00,
""",
    f"gone_orders/{DAY_2}": "OrderId\nO4\n",
}

FILES = {
    "sources/contacts.yaml": CONTACTS,
    "sources/visits.yaml": VISITS,
    "sources/orders.yaml": ORDERS,
    "sources/lines.yaml": LINES,
    "unify.yaml": UNIFY,
    "activities.yaml": ACTIVITIES,
    "relationships.yaml": RELATIONSHIPS,
    **{f"landing/{place}/file.csv": text for place, text in LANDED.items()},
}


@dataclass(frozen=True)
class Shop:
    """What was published after each of the two days, and the files left behind.

    Attributes:
        folder: of the environment `shop` and of `home`.
        first_day: a copy of both as they were after the first day.
    """

    folder: Path
    first_day: Path

    def rows(self, day: str, query: str) -> list[tuple[object, ...]]:
        """Rows of a query over the file published after a day."""
        with duckdb.connect(str(self.folder / f"{day}.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


def write_shop(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Write the environment `shop` below a folder; `files` replaces or adds files."""
    return write_files(folder / "shop", FILES | (files or {}))


def play(folder: Path, files: dict[str, str] | None = None) -> Shop:
    """Run the two days."""
    environment, first_day = write_shop(folder, files), folder / "first_day"
    for day in (DAY_1, DAY_2):
        assert run_dates(
            environment, folder / "home", Dates(only=datetime.date.fromisoformat(day))
        ), f"the run of {day} failed"
        shutil.copy(folder / "home" / "published" / "shop.duckdb", folder / f"{day}.duckdb")
        if day == DAY_1:
            for name in ("shop", "home"):
                shutil.copytree(folder / name, first_day / name)
    return Shop(folder, first_day)
