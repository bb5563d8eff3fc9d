"""Exports to S3, against a server of it on the loopback."""

import logging

import boto3
import pytest
from moto.server import ThreadedMotoServer

from identity_pipeline.exports.errors import ExportFailed
from identity_pipeline.exports.layout import write_export
from identity_pipeline_tests.exports.sample import arrow, export_of, moment

S1 = {"S1": arrow(CustomerId=["WEB1"]), "S1_removed": arrow(CustomerId=["DEV"])}
KEY, SECRET = "exporter-key", "exporter-s3cret"


@pytest.fixture(scope="module")
def endpoint():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, monkeypatch):
    monkeypatch.setenv("S3_KEY", KEY)
    monkeypatch.setenv("S3_SECRET", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    session = boto3.Session(aws_access_key_id=KEY, aws_secret_access_key=SECRET)
    bucket = session.resource("s3", endpoint_url=endpoint).Bucket("exports")
    bucket.create()
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def to(endpoint, url="s3://exports/daily"):
    secrets = {"key": "S3_KEY", "secret": "S3_SECRET"}
    given = {"url": url, "options": {"endpoint_url": endpoint}, "secrets": secrets}
    return export_of("segment", to=given)


def test_objects_lie_as_in_folders_and_no_part_is_left(bucket, endpoint, tmp_path):
    write_export(S1.items(), to(endpoint), moment(tmp_path))

    assert sorted(item.key for item in bucket.objects.all()) == [
        "daily/CustomerInsights_contoso/ads/S1/2022/07/24/0915/S1_1.csv",
        "daily/CustomerInsights_contoso/ads/S1_removed/2022/07/24/0915/S1_removed_1.csv",
        "daily/CustomerInsights_contoso/ads/model.json",
    ]


def test_an_object_holds_the_rows(bucket, endpoint, tmp_path):
    [written, _] = write_export(S1.items(), to(endpoint), moment(tmp_path))

    stored = bucket.Object(f"daily/{written.path}").get()["Body"].read()
    assert stored == b"CustomerId\r\nWEB1\r\n"


def test_a_failure_leaves_no_part(bucket, endpoint, tmp_path):
    def broken():
        yield from S1.items()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_export(broken(), to(endpoint), moment(tmp_path))
    assert list(bucket.objects.all()) == []


def test_a_bucket_that_is_not_there_is_told_and_not_made(bucket, endpoint, tmp_path):
    with pytest.raises(ExportFailed, match="export 'ads', s3://other/daily: it cannot") as raised:
        write_export(S1.items(), to(endpoint, "s3://other/daily"), moment(tmp_path))

    assert SECRET not in f"{raised.value!r}"
