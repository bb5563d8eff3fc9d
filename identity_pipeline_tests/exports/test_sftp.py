"""Exports over SFTP, to real SSH servers."""

import json

import pytest

from identity_pipeline.exports.destinations import open_folder
from identity_pipeline.exports.errors import ExportFailed, without_secrets
from identity_pipeline.exports.layout import write_export
from identity_pipeline_tests.exports.sample import arrow, export_of, moment
from identity_pipeline_tests.exports.ssh_servers import (
    PASSWORD,
    SSHD,
    openssh_server,
    python_server,
)

S1 = {"S1": arrow(CustomerId=["WEB1"])}
FILES = [
    "customerinsights_contoso/ads/model.json",
    "customerinsights_contoso/ads/s1/2022/07/24/0915/S1_1.csv",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with python_server(tmp_path_factory.mktemp("ssh")) as running:
        yield running


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)


def to(server, **changes):
    given = {"options": {"host_key": server.host_key}, "secrets": {"password": "SFTP_PASSWORD"}}
    return export_of("segment", to={"url": server.url, **(given | changes)})


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def refusal(export, home):
    with pytest.raises(ExportFailed) as raised:
        write_export(S1.items(), export, moment(home))
    return raised.value


def test_folders_are_in_lower_case_and_no_part_is_left(server, tmp_path):
    write_export(S1.items(), to(server), moment(tmp_path))

    assert files(server.folder) == FILES


def test_an_export_again_takes_the_place_of_the_first(server, tmp_path):
    for name in ("WEB1", "WEB5"):
        table = {"S1": arrow(CustomerId=[name])}
        [written] = write_export(table.items(), to(server), moment(tmp_path))

    assert files(server.folder) == FILES
    assert (server.folder / written.path).read_bytes() == b"CustomerId\r\nWEB5\r\n"


def test_model_json_finds_its_files_in_their_lower_case_folders(server, tmp_path):
    write_export(S1.items(), to(server), moment(tmp_path))

    export = server.folder / "customerinsights_contoso/ads"
    [entity] = json.loads((export / "model.json").read_text())["entities"]
    assert (export / entity["partitions"][0]["location"]).is_file()


def test_a_server_that_cannot_rename_over_a_file_gets_the_new_file_too(tmp_path):
    with python_server(tmp_path, without_posix_rename=True) as server:
        for name in ("WEB1", "WEB5"):
            table = {"S1": arrow(CustomerId=[name])}
            [written] = write_export(table.items(), to(server), moment(tmp_path))

        assert files(server.folder) == FILES
        assert (server.folder / written.path).read_bytes() == b"CustomerId\r\nWEB5\r\n"


def test_a_server_known_by_a_file_of_known_hosts_is_spoken_to(server, tmp_path):
    export = to(server, options={"known_hosts": str(server.known_hosts)})
    write_export(S1.items(), export, moment(tmp_path))

    assert files(server.folder) == FILES


OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEPNfVV2HRcgC/S3cwTXPlnWVYrNFH7pFvFB6tJYQc0Q"
STRANGERS = [
    # options, what is told
    ({"host_key": OTHER_KEY}, "does not match"),
    ({"known_hosts": "/dev/null"}, "not found in known_hosts"),
    ({"host_key": "no key"}, "'host_key' is no key: write it as ssh-ed25519"),
]


@pytest.mark.parametrize(("options", "told"), STRANGERS, ids=str)
def test_a_server_that_is_not_known_is_not_spoken_to(server, tmp_path, options, told):
    assert told in str(refusal(to(server, options=options), tmp_path))


def test_a_wrong_password_is_told_and_not_shown(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SFTP_PASSWORD", "wr0ng-password")
    error = refusal(to(server), tmp_path)

    assert "Authentication failed" in str(error)
    assert "wr0ng-password" not in f"{error!r} {error} {error.__cause__!r}"


def test_a_secret_is_taken_out_of_what_somebody_else_says():
    assert without_secrets("no user ann:abc", ["ab", "abc", ""]) == "no user ann:***"


def test_a_failure_over_the_wire_leaves_no_part(server, tmp_path):
    before = files(server.folder)

    def broken():
        yield from {"S2": arrow(CustomerId=["WEB1"])}.items()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_export(broken(), to(server), moment(tmp_path))
    assert files(server.folder) == before


def test_what_is_opened_does_not_show_its_secret(server, tmp_path):
    with open_folder(to(server).destination, tmp_path, "ads") as folder:
        assert PASSWORD not in repr(folder)


def test_a_server_that_is_not_there_is_told_without_its_user(tmp_path):
    export = export_of("segment", to={"url": "sftp://ann@127.0.0.1:1/out"})

    assert str(refusal(export, tmp_path)).startswith("export 'ads', sftp://127.0.0.1:1/out: ")


@pytest.mark.skipif(not SSHD.exists(), reason="OpenSSH's server is not installed")
def test_openssh_takes_an_export_with_a_key_to_log_in(tmp_path):
    with openssh_server(tmp_path) as server:
        options = {"host_key": server.host_key, "key_filename": str(tmp_path / "user_key")}
        write_export(S1.items(), to(server, options=options, secrets={}), moment(tmp_path))

        assert files(server.folder) == FILES
