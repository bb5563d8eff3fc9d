"""The house: imports go down, never sideways; guests stay in their rooms; files stay small."""

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1] / "identity_pipeline"
FLOORS = (
    {"terms"},
    {
        *("config", "config_yaml", "config_references", "config_insights", "config_warnings"),
        *("config_insight_references", "engine", "expressions"),
    },
    {
        *("sources", "unify", "evidence", "activities", "enrichment", "measures"),
        *("segments", "exports", "serving", "worlds", "effects", "quality"),
    },
    {"defs"},
    {"commands"},
    {"definitions", "__main__"},
)
SAME_FLOOR_FRIENDS = {
    ("config", "config_yaml"),
    ("config", "config_references"),
    ("config", "config_insights"),
    ("config_insights", "config_yaml"),
    ("config_warnings", "config_references"),
    ("config_warnings", "config_yaml"),
    ("config", "config_insight_references"),
    ("config_insight_references", "config_yaml"),
    ("config_references", "config_yaml"),
}
GUESTS = {
    "dagster": {"defs", "definitions"},
    "duckdb": {"engine"},
    "yaml": {"config_yaml"},
    "ibis": {"expressions", "engine", *FLOORS[2]},
    "sqlglot": {"engine"},
}
# The files by which an outsider may enter a room.
DOORS = {"engine": {"base", "registry"}}
MAX_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS = 300, 40, 5

FILES = sorted(HOUSE.rglob("*.py"))


def room(parts):
    return parts[0].removesuffix(".py")


def floor(name):
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


def imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split("."), node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.split(".")
            own = module[0] == HOUSE.name and len(module) <= 2
            yield from (
                ([*module, alias.name] if own else module, node.lineno) for alias in node.names
            )


def objections(file):
    """Each import of a file that the house forbids, in words."""
    here = room(file.relative_to(HOUSE).parts)
    if here == "__init__":
        return
    for module, line in imports(file):
        guest = GUESTS.get(module[0])
        if guest is not None and here not in guest:
            yield f"{file.name}:{line}: {module[0]} is no guest of {here}"
        if module[0] != HOUSE.name or len(module) < 2 or module[1] == here:
            continue
        there = module[1]
        if (here, there) in SAME_FLOOR_FRIENDS:
            continue
        if floor(there) >= floor(here):
            yield f"{file.name}:{line}: {here} imports {there}, which is not below it"
        door = module[2] if len(module) > 2 else None
        if there in DOORS and door and door not in DOORS[there]:
            yield f"{file.name}:{line}: {there} is entered by {DOORS[there]}, not by {door}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_imports_go_down_and_enter_by_the_door(file):
    assert list(objections(file)) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("unify/x.py", "from identity_pipeline.sources import ingest"),
        ("unify/x.py", "from identity_pipeline.engine.duckdb import DuckDBEngine"),
        ("unify/x.py", "import dagster"),
        ("terms/x.py", "import ibis"),
        ("expressions/x.py", "from identity_pipeline.unify import match"),
        ("sources/x.py", "import duckdb"),
    ],
)
def test_a_planted_import_is_caught(tmp_path, monkeypatch, path, text):
    file = tmp_path / HOUSE.name / path
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    monkeypatch.setitem(objections.__globals__, "HOUSE", tmp_path / HOUSE.name)

    assert len(list(objections(file))) >= 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_files_functions_and_parameters_stay_small(file):
    text = file.read_text(encoding="utf-8")
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    long = [f.name for f in functions if _code_lines(f) > MAX_FUNCTION_LINES]
    wide = [f.name for f in functions if len(_parameters(f)) > MAX_PARAMETERS]

    assert len(text.splitlines()) <= MAX_LINES
    assert (long, wide) == ([], [])


def _code_lines(function):
    """The lines of a function without its docstring and the functions it builds."""
    inner = [n for n in ast.walk(function) if isinstance(n, ast.FunctionDef) and n is not function]
    lines = function.end_lineno - function.lineno + 1
    for part in [*inner, *_docstring(function)]:
        lines -= part.end_lineno - part.lineno + 1
    return lines


def _docstring(function):
    first = function.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return [first] if is_text else []


def _parameters(function):
    names = [argument.arg for argument in function.args.args]
    return [name for name in names if name not in ("self", "cls")]


def test_every_init_file_is_empty_or_one_sentence():
    texts = [file.read_text(encoding="utf-8") for file in HOUSE.rglob("__init__.py")]

    assert all(len(text.strip().splitlines()) <= 1 for text in texts)


def test_the_code_location_has_one_name():
    root = HOUSE.parent
    named = 'code_location_name = "identity_pipeline"' in (root / "pyproject.toml").read_text()

    assert named
    assert "location_name: identity_pipeline" in (root / "workspace.yaml").read_text()


def test_tests_that_share_what_is_costly_run_in_one_process(request):
    """xdist reads groups off ids; where it does not, each process makes every scenario anew."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("one process, or another way to spread tests")
    assert request.node.nodeid.endswith("@identity_pipeline_tests/test_house.py")
