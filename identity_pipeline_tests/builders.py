"""A small environment of two tables, for tests to change."""

from pathlib import Path

CONTACTS = """\
name: contacts
data_source: Shop
table: Contacts
landing: landing/contacts/{ingestion_date}/*.csv
primary_key: Id
columns:
  Id: text
  Name: text
  Email: text
  Joined: date
profile:
  primary_key: Id
  columns: [Id, Name, Email, Joined]
"""

VISITORS = """\
name: visitors
data_source: Web
table: Visitors
landing: landing/visitors/{ingestion_date}/*.csv
primary_key: Visitor
columns:
  Visitor: text
  Mail: text
profile:
  primary_key: Visitor
  columns: [Visitor, Mail]
"""

UNIFY = """\
tables:
  - table: contacts
    deduplicate:
      - {name: SameMail, conditions: [{column: Email, normalize: [lower]}]}
  - table: visitors
    match:
      - {name: Mail, conditions: [{left: contacts.Email, right: Mail, normalize: [lower]}]}
columns:
  Name: [contacts.Name]
  Email: [contacts.Email, visitors.Mail]
known_if: {any_of: [Email]}
"""

FILES = {
    "sources/contacts.yaml": CONTACTS,
    "sources/visitors.yaml": VISITORS,
    "unify.yaml": UNIFY,
}


def write_environment(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Write the environment `small` below a folder; `files` replaces or adds files."""
    return write_files(folder / "small", FILES | (files or {}))


def write_files(environment: Path, files: dict[str, str]) -> Path:
    """Write files into an environment's folder."""
    for name, text in files.items():
        file = environment / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return environment
