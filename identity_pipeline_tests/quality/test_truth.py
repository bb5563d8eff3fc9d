"""The truth table: read from CSV or Parquet, and refused with its place and the remedy."""

import gzip

import pyarrow as pa
import pyarrow.parquet
import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.quality.truth import TruthError, read_truth
from identity_pipeline_tests.builders import write_environment

TEXT = "DataSource,Table,Key,Person\nShop,Contacts,1,ann\nWeb,Visitors,v1,ann\nWeb,Visitors,v2,\n"
ROWS = {("Shop|Contacts|1", "ann"), ("Web|Visitors|v1", "ann"), ("Web|Visitors|v2", None)}


@pytest.fixture
def environment(tmp_path):
    return load_environment(write_environment(tmp_path))


def read(opened, environment, content, name="truth.csv"):
    file = environment.folder / name
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with opened.transaction() as engine:
        return set(engine.rows(read_truth(engine, environment, name)))


def as_parquet(text, path):
    head, *lines = [line.split(",") for line in text.splitlines()]
    columns = zip(*([value or None for value in line] for line in lines), strict=True)
    pyarrow.parquet.write_table(
        pa.table(dict(zip(head, (list(one) for one in columns), strict=True))), path
    )
    return path.read_bytes()


KINDS = [
    ("truth.csv", lambda path: TEXT),
    ("truth.csv.gz", lambda path: gzip.compress(TEXT.encode())),
    ("truth.parquet", lambda path: as_parquet(TEXT, path / "t.parquet")),
]


@pytest.mark.parametrize(("name", "content"), KINDS, ids=[name for name, _ in KINDS])
def test_one_row_a_key_is_read_from_each_kind_of_file(opened, environment, tmp_path, name, content):
    assert read(opened, environment, content(tmp_path), name) == ROWS


def test_columns_are_found_by_name_and_others_are_passed_over(opened, environment):
    text = '\ufeffPerson,Note,Key,Table,DataSource\nann,"a, b",1,Contacts,Shop\n'

    assert read(opened, environment, text) == {("Shop|Contacts|1", "ann")}


HEAD = "DataSource,Table,Key,Person\n"
WRONG = [
    # content, what the message says
    (None, "truth.csv: there is no such file in the environment's folder; put it there, or remove"),
    ("", "truth.csv: there is no column 'DataSource'."),
    (HEAD, "truth.csv: there is no record in it"),
    ("DataSource,Table,Id,Person\n", "no column 'Key'. Known: DataSource, Table, Id, Person."),
    ("DataSource,Table,Key,Preson\n", "no column 'Person'. Did you mean 'Preson'?"),
    (HEAD + "Shop,Contacts,1,a\nShop,Contacts,2\n", "truth.csv, record 2: it has more or fewer"),
    (HEAD + "Shop,Contacts,1,a\nShop,Orders,2,a\n", "truth.csv, record 2: no source has this"),
    (HEAD + "Shop,Contacts,1,a\nShop,Contacts,1,b\n", "record 1: its key has another Person"),
    (HEAD + "Shop,Contacts,,a\n", "record 1: DataSource, Table or Key is missing"),
    (HEAD.replace("Key", "Key,KEY"), "two columns have one name"),
    (b"\xff\xfe\x00", "truth.csv: its first line is no header in UTF-8"),
]


@pytest.mark.parametrize(("content", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_truth_is_refused_with_its_place(opened, environment, content, message):
    with pytest.raises(TruthError) as caught:
        read(opened, environment, content)

    assert message in str(caught.value)


def test_a_damaged_parquet_file_is_refused(opened, environment):
    with pytest.raises(TruthError, match=r"truth.parquet: not Parquet, or damaged"):
        read(opened, environment, "PAR1", "truth.parquet")


def test_no_value_of_the_file_is_in_the_message(opened, environment):
    text = HEAD + "ann@x.example,Miller,555-0101,bob\n"

    with pytest.raises(TruthError) as caught:
        read(opened, environment, text)

    assert not [w for w in ("ann", "Miller", "555-0101", "bob") if w in str(caught.value)]


def test_a_key_twice_with_one_person_is_one_key(opened, environment):
    assert read(opened, environment, HEAD + "Shop,Contacts,1,a\n" * 2) == {("Shop|Contacts|1", "a")}
