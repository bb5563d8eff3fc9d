"""Enrichments by a Python function of the user's own."""

import datetime
import sys
from decimal import Decimal

import pytest

from identity_pipeline.enrichment.frames import FunctionFailed
from identity_pipeline.terms.errors import InsightError
from identity_pipeline_tests.enrichment.desk import enrichment

COLUMNS = {"Score": "integer"}


def function(desk, text, name="extra_code:score", **keys):
    """An enrichment by a function whose module is in the environment's folder."""
    module = name.partition(":")[0]
    (desk.folder / f"{module}.py").write_text(f"import pandas as pd\n{text}", encoding="utf-8")
    return enrichment(
        **{"kind": "function", "function": name, "inputs": ["Mail"], "columns": COLUMNS} | keys
    )


@pytest.fixture
def people(desk):
    desk.have(
        "CustomerId Mail Age:int64", ("b", "ann@x.org", 30), ("a", None, None), ("c", "c@y.org", 50)
    )
    return desk


RETURNING = "def score(frame):\n    return pd.DataFrame({rows})\n"


def test_the_function_is_given_customers_and_inputs_sorted_by_customer_id(people):
    text = """
def score(frame):
    told = f"{list(frame)} {list(frame.CustomerId)} {list(frame.dtypes.astype(str))}"
    return pd.DataFrame({"CustomerId": ["a"], "Told": [told]})
"""

    rows = people.rows(function(people, text, inputs=["Mail", "Age"], columns={"Told": "text"}))

    told = "['CustomerId', 'Mail', 'Age'] ['a', 'b', 'c'] ['str', 'str', 'Int64']"
    assert rows == [("a", told)]


def test_customers_it_leaves_out_have_no_values_and_are_counted(people):
    asked = function(people, RETURNING.format(rows={"CustomerId": ["c", "a"], "Score": [2, 1]}))

    found = people.enrich(asked)

    assert people.opened.engine.rows(found.rows) == [("a", 1), ("c", 2)]
    assert found.counts == {"processed": 2, "not_processed": 1}


VALUES = [
    # declared type, what is returned, what is stored
    ("text", "'x'", "x"),
    ("text", "''", None),
    ("integer", "float('nan')", None),
    ("integer", "2.0", 2),
    ("integer", "pd.NA", None),
    ("decimal", "0.1 + 0.2", Decimal("0.3")),
    ("decimal", "7", Decimal(7)),
    ("boolean", "True", True),
    ("date", "pd.Timestamp('2024-01-05')", datetime.date(2024, 1, 5)),
    ("timestamp", "pd.Timestamp('2024-01-05 10:00+02:00')", datetime.datetime(2024, 1, 5, 8)),
    ("timestamp", "pd.NaT", None),
]


@pytest.mark.parametrize(("kind", "returned", "stored"), VALUES)
def test_a_value_is_taken_as_its_column_is_declared(people, kind, returned, stored):
    text = f"def score(frame):\n    values = pd.Series([{returned}])\n"
    text += "    return pd.DataFrame({'CustomerId': ['a'], 'V': values})\n"

    assert people.rows(function(people, text, columns={"V": kind})) == [("a", stored)]


MISFITS = [
    # declared type, what is returned
    ("integer", "2.5"),
    ("integer", "True"),
    ("integer", "'2'"),
    ("integer", "2**63"),
    ("text", "2"),
    ("boolean", "1"),
    ("decimal", "'1'"),
    ("decimal", "float('inf')"),
    ("date", "'2024-01-05'"),
    ("date", "pd.Timestamp('2024-01-05 10:00')"),
    ("timestamp", "20240105"),
]


@pytest.mark.parametrize(("kind", "returned"), MISFITS)
def test_a_value_of_another_kind_is_refused_with_its_row_and_column(people, kind, returned):
    text = f"def score(frame):\n    values = pd.Series([{returned}], dtype=object)\n"
    text += "    return pd.DataFrame({'CustomerId': ['a'], 'V': values})\n"

    with pytest.raises(FunctionFailed, match=rf"in row 1 a 'V' \(\w+\) that is no {kind}"):
        people.enrich(function(people, text, columns={"V": kind}))


WRONG_FRAMES = [
    # what the function returns, what is said
    ("[1]", "returned list. Return a pandas DataFrame"),
    ("frame.assign(Score=1).drop(columns='CustomerId')", "no column 'CustomerId'"),
    ("frame[['CustomerId']].assign(Score=1).set_index('CustomerId')", "call reset_index"),
    ("frame[['CustomerId']].assign(Scores=1)", "no column 'Score'. Did you mean 'Scores'"),
    ("frame.assign(Score=1)", "a column 'Mail' that is not declared"),
    ("pd.DataFrame({'CustomerId': ['a', 'a'], 'Score': 1})", "1 customers more than once"),
    ("pd.DataFrame({'CustomerId': ['a', 'z'], 'Score': 1})", "CustomerId in row 2 that it was not"),
    ("pd.DataFrame({'CustomerId': ['a', None], 'Score': 1})", "no CustomerId in row 2"),
]


@pytest.mark.parametrize(("returned", "said"), WRONG_FRAMES)
def test_a_frame_that_was_not_asked_for_is_refused(people, returned, said):
    with pytest.raises(FunctionFailed, match=said):
        people.enrich(function(people, f"def score(frame):\n    return {returned}\n"))


EXCEPTIONS = [
    # what the function does, what is told of it
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("frame['Mial']", "KeyError: …"),
    ("frame['Score']", "KeyError: 'Score'"),  # a declared name may be told
    ("int(frame.Mail[1])", r"ValueError: invalid literal for int\(\) with base …: …"),
    ("frame.Mail[1] + 1", 'TypeError: can only concatenate str .* "int"'),
    ("raise ValueError(f'no score for {frame.Mail[1]}!')", "ValueError: no score for …!"),
    ("raise SystemExit", "SystemExit"),
]


@pytest.mark.parametrize(("body", "told"), EXCEPTIONS)
def test_an_exception_is_told_by_type_and_message_without_the_data(people, body, told):
    asked = function(people, f"def score(frame):\n    {body}\n")
    place = "enrichment 'extra': the function 'extra_code:score' failed in line 3 of extra_code.py"

    with pytest.raises(FunctionFailed) as error:
        people.enrich(asked)

    assert str(error.value).startswith(f"{place}: ")
    assert "ann" not in str(error.value)
    assert error.match(told)


WRONG_NAMES = [
    # module and function, what is said
    ("extra_cod:score", r"there is no module 'extra_cod'. Put extra_cod.py into"),
    ("extra_code:scores", "module 'extra_code' has no 'scores'. Did you mean 'score'"),
    ("extra_code:VALUE", "module 'extra_code' has no 'VALUE'"),  # not to be called
]


@pytest.mark.parametrize(("name", "said"), WRONG_NAMES)
def test_a_function_that_is_not_there_is_told_in_its_place(people, name, said):
    function(people, "VALUE = 1\ndef score(frame):\n    pass\n")
    asked = enrichment(kind="function", function=name, inputs=["Mail"], columns=COLUMNS)

    with pytest.raises(InsightError, match=said) as error:
        people.enrich(asked)

    assert error.value.place == ("function",)


def test_a_module_that_a_module_lacks_is_told(people):
    asked = function(people, "import not_there_at_all\n")

    with pytest.raises(InsightError, match="no module 'not_there_at_all', which 'extra_code'"):
        people.enrich(asked)


def test_an_exception_while_a_module_is_imported_is_told(people):
    asked = function(people, "1 / 0\n")

    with pytest.raises(FunctionFailed, match=r"line 2 of extra_code.py: ZeroDivisionError"):
        people.enrich(asked)


def test_the_folder_is_off_the_path_afterwards_and_its_modules_are_forgotten(people):
    (people.folder / "extra_help.py").write_text("ONE = 1\n")
    text = "from extra_help import ONE\ndef score(frame):\n"
    text += "    return pd.DataFrame({'CustomerId': ['a'], 'Score': [ONE]})\n"
    path = list(sys.path)

    rows = people.rows(function(people, text))

    left = {name for name in sys.modules if name.startswith("extra_")}
    assert (rows, sys.path, left) == ([("a", 1)], path, set())
    assert not (people.folder / "__pycache__").exists()


def test_another_version_of_a_module_is_read_again(people):
    returning = "def score(frame):\n    return pd.DataFrame({'CustomerId': ['a'], 'Score': [%s]})\n"
    people.rows(function(people, returning % "1"))

    assert people.rows(function(people, returning % "1 + 1")) == [("a", 2)]


def test_an_input_that_is_no_column_is_told_in_its_place(people):
    asked = function(people, "def score(frame):\n    pass\n", inputs=["Mail", "Aeg"])

    with pytest.raises(InsightError, match=r"no column 'Aeg'. Did you mean 'Age'") as error:
        people.enrich(asked)

    assert error.value.place == ("inputs", 1)


def test_its_columns_are_known_before_anything_runs(desk):
    kinds = {"T": "text", "I": "integer", "D": "decimal", "M": "timestamp"}

    assert desk.columns(function(desk, "", columns=kinds)) == {
        "T": "string",
        "I": "int64",
        "D": "decimal(38, 4)",
        "M": "timestamp(6)",
    }


@pytest.mark.parametrize("columns", [{"customerid": "text"}, {"A": "text", "a": "text"}])
def test_declared_columns_are_apart_from_each_other_and_from_customer_id(desk, columns):
    with pytest.raises(ValueError, match=r"CustomerId|more than case"):
        function(desk, "", columns=columns)
