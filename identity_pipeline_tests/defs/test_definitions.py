"""The definitions as Dagster loads them."""

import datetime
import os

import dagster as dg
import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.defs import customers, guards
from identity_pipeline.defs.location import Home, definitions_of
from identity_pipeline.terms import names
from identity_pipeline.unify.identify import clusters_of
from identity_pipeline_tests.builders import write_environment
from identity_pipeline_tests.golden.scenario import SAMPLE

CUSTOMER = dg.AssetKey(names.CUSTOMERS.key)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("home"), "contoso")
    return definitions_of(load_environment(SAMPLE), home)


def test_dagster_can_load_everything(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_an_environment_without_files_can_be_loaded(tmp_path):
    environment = load_environment(write_environment(tmp_path))

    dg.Definitions.validate_loadable(definitions_of(environment, Home(tmp_path, "small")))


def assets_of(definitions, job):
    return definitions.resolve_job_def(job).asset_layer.selected_asset_keys


JOBS = [
    # job, has the landed files, has matches, has customers, has the published file
    ("ingest", True, False, False, False),
    ("match_only", True, True, False, False),
    ("unify", True, True, True, False),
    ("refresh", True, True, True, True),
]


@pytest.mark.parametrize(("job", *"abcd"), JOBS)
def test_each_job_goes_as_far_as_it_says(definitions, job, a, b, c, d):
    selected = assets_of(definitions, job)

    keys = (
        dg.AssetKey(names.source("web_events").key),
        dg.AssetKey(names.MATCH_PAIRS.key),
        CUSTOMER,
        dg.AssetKey(["serving", "published"]),
    )
    assert [key in selected for key in keys] == [a, b, c, d]


def test_every_asset_says_what_it_is(definitions):
    specs = definitions.resolve_all_asset_specs()

    lacking = [
        spec.key.to_user_string()
        for spec in specs
        if not (spec.description and spec.group_name and spec.owners and spec.kinds)
        or not spec.code_version
    ]
    assert lacking == []


def test_lineage_reaches_from_the_files_to_the_published_file(definitions):
    graph = definitions.resolve_asset_graph()

    upstream = graph.get(dg.AssetKey(["serving", "published"])).parent_keys
    ancestors = set()
    while upstream:
        ancestors |= upstream
        upstream = set().union(*(graph.get(key).parent_keys for key in upstream)) - ancestors

    assert dg.AssetKey(names.source("web_events").key) in ancestors


def test_the_sensor_asks_for_each_date_once_and_again_when_a_file_changes(tmp_path):
    environment = write_environment(tmp_path)
    landed = environment / "landing" / "contacts" / "2024-05-01" / "contacts.csv"
    landed.parent.mkdir(parents=True)
    landed.write_text("Id,Name,Email,Joined\n1,Ann,a@x.example,2024-01-01\n")
    future = environment / "landing" / "contacts" / "2999-01-01" / "contacts.csv"
    future.parent.mkdir(parents=True)
    future.write_text("Id,Name,Email,Joined\n")

    def requests():
        definitions = definitions_of(load_environment(environment), Home(tmp_path, "small"))
        sensor = definitions.resolve_sensor_def("delivered_files")
        repository = definitions.get_repository_def()
        data = sensor.evaluate_tick(dg.build_sensor_context(repository_def=repository))
        return [(request.partition_key, request.run_key) for request in data.run_requests]

    first, again = requests(), requests()
    os.utime(landed, ns=(1, 1))
    changed = requests()

    assert [date for date, _ in first] == [str(datetime.date(2024, 5, 1))]
    assert first == again
    assert changed != first


def versions(environment, *tables):
    """The versions of tables by their names."""
    assets = definitions_of(environment, Home(environment.folder, "x")).assets or ()
    specs = {spec.key: spec for one in assets for spec in getattr(one, "specs", ())}
    return [specs[dg.AssetKey(name.key)].code_version for name in tables]


def with_semantics(environment, kinds):
    """The environment where the first unified columns are of semantic types."""
    sources = dict(environment.sources)
    for combined, kind in zip(environment.unify.columns.values(), kinds, strict=False):
        table, column = combined.sources[0].split(".")
        columns = dict(sources[table].columns)
        columns[column] = columns[column].model_copy(update={"semantic": kind})
        sources[table] = sources[table].model_copy(update={"columns": columns})
    return environment.model_copy(update={"sources": sources})


def test_a_household_of_other_semantic_types_makes_other_customers():
    plain = load_environment(SAMPLE)
    typed = with_semantics(plain, ["LastName", "Address"])

    assert [len(clusters_of(one)) for one in (plain, typed)] == [0, 1]
    assert versions(typed, names.CUSTOMERS) != versions(plain, names.CUSTOMERS)


def test_a_timeline_that_somebody_reads_is_another_one():
    environment = load_environment(SAMPLE)
    unread = environment.model_copy(update={"measures": (), "segments": (), "exports": ()})

    read_by = versions(environment, names.UNIFIED_ACTIVITY)
    assert versions(unread, names.UNIFIED_ACTIVITY) != read_by


def test_what_other_code_made_is_made_anew(monkeypatch):
    environment = load_environment(SAMPLE)
    tables = (names.profiles("web_events"), names.members("web_events"), names.CUSTOMERS)
    before = versions(environment, *tables)

    for module in (guards, customers):
        monkeypatch.setattr(module, "made_by", lambda: "other code")

    after = versions(environment, *tables)
    assert [one != other for one, other in zip(before, after, strict=True)] == [True] * 3
