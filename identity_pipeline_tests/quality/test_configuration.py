"""What unify.yaml says of quality: wrong keys and values are named with their place."""

import pytest

from identity_pipeline.config import load_environment
from identity_pipeline.config_warnings import warnings
from identity_pipeline.terms.errors import ConfigError
from identity_pipeline_tests.builders import UNIFY, write_environment


def asked(tmp_path, quality):
    return write_environment(tmp_path, {"unify.yaml": f"{UNIFY}quality: {quality}\n"})


WRONG = [
    # quality, what the message says
    ("{truht: t.csv}", "unify.yaml:12, quality.truht: unknown key 'truht'. Did you mean 'truth'?"),
    ("{truth: t.xlsx}", "quality.truth: 't.xlsx' is no truth table: it ends in .csv"),
    ("{truth: ../t.csv}", "quality.truth: '../t.csv' must be in the environment's folder"),
    ("{truth: /t.csv}", "quality.truth: '/t.csv' must be in the environment's folder"),
    ("{min_precision: 120%}", "quality.min_precision:"),
    ("{min_recall: -1}", "quality.min_recall:"),
    ("{profiles: some}", "quality.profiles:"),
]


@pytest.mark.parametrize(("quality", "message"), WRONG, ids=[quality for quality, _ in WRONG])
def test_what_is_wrong_is_named_with_its_place(tmp_path, quality, message):
    with pytest.raises(ConfigError) as caught:
        load_environment(asked(tmp_path, quality))

    assert message in str(caught.value)


def test_a_truth_that_is_not_there_yet_is_a_warning(tmp_path):
    environment = load_environment(asked(tmp_path, "{truth: truth.csv, min_precision: 99%}"))

    [warning] = warnings(environment)

    assert str(warning).startswith("unify.yaml:12, quality.truth: there is no file 'truth.csv'")


def test_asking_for_other_numbers_makes_no_other_customers(tmp_path):
    plain = load_environment(write_environment(tmp_path / "a"))
    measured = load_environment(asked(tmp_path / "b", "{profiles: none}"))

    assert plain.unify.model_dump_json() == measured.unify.model_dump_json()
