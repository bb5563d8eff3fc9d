"""Our event log is Dagster's own in all but the life of its connections."""

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.test_utils import create_run_for_test

from identity_pipeline.defs.console import dagster_home
from identity_pipeline.defs.event_log import KEPT_DATABASES, KeptEventLog


@pytest.fixture
def instance(tmp_path, monkeypatch):
    home = dagster_home(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as found:
        yield found


def tell(instance, message):
    run = create_run_for_test(instance)
    instance.report_engine_event(message, run)
    return run.run_id


def messages(storage, run_id):
    return [entry.dagster_event.message for entry in storage.get_logs_for_run(run_id)]


def test_dagsters_own_event_log_reads_what_ours_wrote(instance, tmp_path):
    run_id = tell(instance, "hello")

    theirs = SqliteEventLogStorage(str(tmp_path / "dagster_home" / "history" / "runs"))

    assert isinstance(instance.event_log_storage, KeptEventLog)
    assert messages(theirs, run_id) == ["hello"]


def test_more_runs_than_are_kept_open_can_all_be_read(instance):
    told = [f"run {number}" for number in range(KEPT_DATABASES + 3)]

    runs = [tell(instance, message) for message in told]

    found = [message for run in runs for message in messages(instance.event_log_storage, run)]
    assert found == told


def test_a_run_whose_file_was_deleted_starts_anew(instance, tmp_path):
    run_id = tell(instance, "before")
    for file in (tmp_path / "dagster_home" / "history" / "runs").glob(f"{run_id}*"):
        file.unlink()

    instance.report_engine_event("after", instance.get_run_by_id(run_id))

    assert messages(instance.event_log_storage, run_id) == ["after"]
