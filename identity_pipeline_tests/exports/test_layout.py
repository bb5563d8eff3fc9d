"""The product's folders, model.json, and no half file, in folders of this machine."""

import datetime
import hashlib
import json

import pyarrow as pa
import pytest

from identity_pipeline.exports.errors import ExportFailed
from identity_pipeline.exports.layout import write_export
from identity_pipeline_tests.exports.sample import (
    DAY,
    ENGINE,
    arrow,
    before,
    export_of,
    moment,
    selected,
    sha256,
)

S1 = arrow(CustomerId=["WEB1"], Name=["Eve"])
GONE = pa.table({"CustomerId": pa.array([], pa.string())})
TABLES = {"S1": S1, "S1_removed": GONE}
OUTER = "exports/CustomerInsights_contoso/ads"


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def read_model(home):
    return json.loads((home / OUTER / "model.json").read_text(encoding="utf-8"))


def test_files_lie_in_dated_folders_and_model_json_beside_them(tmp_path):
    write_export(TABLES.items(), export_of("segment"), moment(tmp_path))

    assert files(tmp_path) == [
        f"{OUTER}/S1/2022/07/24/0915/S1_1.csv",
        f"{OUTER}/S1_removed/2022/07/24/0915/S1_removed_1.csv",
        f"{OUTER}/model.json",
    ]


def test_the_export_of_the_golden_scenario_is_a_header_and_one_row(tmp_path):
    write_export(TABLES.items(), export_of("segment"), moment(tmp_path))

    found = (tmp_path / OUTER / "S1/2022/07/24/0915/S1_1.csv").read_bytes()
    assert found == b"CustomerId,Name\r\nWEB1,Eve\r\n"


def test_an_audience_goes_from_customers_to_sorted_hashes_and_removals(tmp_path):
    export = export_of("hashed_audience")
    found = selected(export, before=before((f"email:{sha256('dev@x.org')}", "DEV")))
    tables = ((name, ENGINE.to_arrow(rows)) for name, rows in found.tables.items())
    written = write_export(tables, export, moment(tmp_path))

    hashes = sorted([sha256("ann@x.org"), sha256("ben@x.org")])
    assert [(tmp_path / "exports" / file.path).read_text().split() for file in written] == [
        ["email", *hashes],
        ["email", sha256("dev@x.org")],
    ]


def test_the_hour_is_the_runs_start_in_utc(tmp_path):
    berlin = datetime.timezone(datetime.timedelta(hours=2))
    started = datetime.datetime(2026, 3, 2, 1, 30, tzinfo=berlin)
    [written, _] = write_export(
        TABLES.items(), export_of("segment"), moment(tmp_path, started=started)
    )

    assert written.path == "CustomerInsights_contoso/ads/S1/2022/07/24/2330/S1_1.csv"


@pytest.mark.parametrize("changes", [{}, {"gzip": True}, {"format": "parquet"}], ids=str)
def test_the_hash_and_size_of_each_file_are_those_of_the_file(tmp_path, changes):
    written = write_export(TABLES.items(), export_of("segment", **changes), moment(tmp_path))

    stored = [(tmp_path / "exports" / file.path).read_bytes() for file in written]
    assert [(file.sha256, file.bytes) for file in written] == [
        (hashlib.sha256(octets).hexdigest(), len(octets)) for octets in stored
    ]


def test_a_large_table_is_several_files_each_with_a_header(tmp_path):
    table = {"S1": arrow(n=[1, 2, 3, 4, 5])}
    written = write_export(table.items(), export_of("segment"), moment(tmp_path), rows_per_file=2)

    texts = [(tmp_path / "exports" / file.path).read_text() for file in written]
    assert [(file.rows, text.split()) for file, text in zip(written, texts, strict=True)] == [
        (2, ["n", "1", "2"]),
        (2, ["n", "3", "4"]),
        (1, ["n", "5"]),
    ]


def test_model_json_describes_each_file(tmp_path):
    [written, _] = write_export(TABLES.items(), export_of("segment"), moment(tmp_path))

    [partition] = read_model(tmp_path)["entities"][0]["partitions"]
    assert partition["location"] == "S1/2022/07/24/0915/S1_1.csv"
    assert (tmp_path / OUTER / partition["location"]).is_file()
    assert partition["annotations"][0] == {"name": "sha256", "value": written.sha256}
    assert partition["fileFormatSettings"]["columnHeaders"] is True


TYPES = [
    (pa.string(), "string"),
    (pa.int64(), "int64"),
    (pa.decimal128(38, 2), "decimal"),
    (pa.float64(), "double"),
    (pa.bool_(), "boolean"),
    (pa.date32(), "date"),
    (pa.timestamp("us"), "dateTime"),
    (pa.list_(pa.string()), "string"),
]


def test_model_json_names_types_as_the_common_data_model_does(tmp_path):
    table = pa.table({f"c{n}": pa.array([], kind) for n, (kind, _) in enumerate(TYPES)})
    write_export([("S1", table)], export_of("segment"), moment(tmp_path))

    attributes = read_model(tmp_path)["entities"][0]["attributes"]
    assert [attribute["dataType"] for attribute in attributes] == [name for _, name in TYPES]


def test_model_json_names_the_files_of_the_last_run(tmp_path):
    for day in (DAY, DAY + datetime.timedelta(days=1)):
        write_export(TABLES.items(), export_of("segment"), moment(tmp_path, day=day))

    [partition] = read_model(tmp_path)["entities"][0]["partitions"]
    assert partition["location"] == "S1/2022/07/25/0915/S1_1.csv"


def test_the_same_export_again_is_the_same_bytes(tmp_path):
    for home in ("first", "second", "second"):
        write_export(TABLES.items(), export_of("segment", gzip=True), moment(tmp_path / home))

    first, second = (
        {name: (tmp_path / home / name).read_bytes() for name in files(tmp_path / home)}
        for home in ("first", "second")
    )
    assert first == second


def test_a_failure_between_two_tables_leaves_no_file_and_no_part(tmp_path):
    def broken():
        yield "S1", S1
        raise RuntimeError("the second table cannot be computed")

    with pytest.raises(RuntimeError):
        write_export(broken(), export_of("segment"), moment(tmp_path))

    assert files(tmp_path) == []


def test_a_failure_while_a_file_is_written_leaves_the_last_run_as_it_was(tmp_path, monkeypatch):
    write_export(TABLES.items(), export_of("segment"), moment(tmp_path))
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("identity_pipeline.exports.files.csv_columns", fail)
    with pytest.raises(ExportFailed, match="No space left on device"):
        write_export(TABLES.items(), export_of("segment"), moment(tmp_path))

    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_an_absolute_url_is_taken_as_it_is(tmp_path):
    export = export_of("segment", to=f"file://{tmp_path}/out")
    write_export(TABLES.items(), export, moment(tmp_path / "home"))

    assert files(tmp_path)[0].startswith("out/CustomerInsights_contoso/ads/S1/")


OUTSIDE = ["file:../out", "file:a/../../out", "file:/tmp/out", "file://host/out", "file:"]


@pytest.mark.parametrize("url", OUTSIDE)
def test_a_folder_outside_the_home_folder_is_refused(tmp_path, url):
    with pytest.raises(ExportFailed, match=r"export 'ads', .*outside the home folder"):
        write_export(TABLES.items(), export_of("segment", to=url), moment(tmp_path / "home"))

    assert files(tmp_path) == []


def test_a_link_that_leads_out_of_the_home_folder_is_refused(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/exports").symlink_to(tmp_path)

    with pytest.raises(ExportFailed, match="outside the home folder"):
        write_export(TABLES.items(), export_of("segment"), moment(tmp_path / "home"))


def test_a_folder_that_cannot_be_written_is_told_with_the_export(tmp_path):
    (tmp_path / "exports").write_text("a file, where a folder should be")

    with pytest.raises(ExportFailed, match="export 'ads', file:exports: it cannot be written"):
        write_export(TABLES.items(), export_of("segment"), moment(tmp_path))


@pytest.mark.parametrize("url", ["ftps://host/x", "exports", "http://x.org/y"])
def test_an_unknown_scheme_is_told_with_those_there_are(tmp_path, url):
    with pytest.raises(ExportFailed, match="Known: file, sftp, s3"):
        write_export(TABLES.items(), export_of("segment", to=url), moment(tmp_path))


MISSING = [
    # URL, module that is not installed, what to do
    ("sftp://host/x", "paramiko", r"pip install 'identity-pipeline\[sftp\]'"),
    ("s3://bucket/x", "s3fs", r"pip install 'identity-pipeline\[s3\]'"),
    ("gs://bucket/x", "gcsfs", "gcsfs"),
]


@pytest.mark.parametrize(("url", "module", "remedy"), MISSING)
def test_a_missing_package_is_told_with_how_to_install_it(
    tmp_path, monkeypatch, url, module, remedy
):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    for loaded in ("identity_pipeline.exports.sftp", "fsspec.implementations.sftp"):
        monkeypatch.delitem(__import__("sys").modules, loaded, raising=False)

    with pytest.raises(ExportFailed, match=remedy):
        write_export(TABLES.items(), export_of("segment", to=url), moment(tmp_path))


def test_a_secret_that_is_not_set_is_told_by_its_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("ADS_PASSWORD", raising=False)
    to = {"url": "sftp://host/x", "secrets": {"password": "ADS_PASSWORD"}}

    with pytest.raises(ExportFailed, match="ADS_PASSWORD is not set; it holds 'password'"):
        write_export(TABLES.items(), export_of("segment", to=to), moment(tmp_path))
