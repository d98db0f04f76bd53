"""The house keeps its own rules: a layer linter alone lets a room grow into a warehouse."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "weighbridge"
ROOMS = sorted(path for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists())
MODULES = sorted(PACKAGE.rglob("*.py"))
PURE = {"domain", "dialects", "classify", "context", "routing", "budget", "validation", "review"}
IMPURE_MODULES = {
    "asyncio",
    "socket",
    "sqlite3",
    "time",
    "random",
    "secrets",
    "logging",
    "os",
    "threading",
    "subprocess",
}
BANNED_WORDS = {"manager", "service", "helper", "helpers", "utils", "util", "process", "data", "info", "handler"}
FACES = {PACKAGE, PACKAGE / "domain" / "errors"}
"""The package, and the one error tree, which is drawn in one place and told in several."""
GIVEN_NAMES = {"data_received"}
"""Names that asyncio calls us by."""
LONGEST_MODULE_LINES = 350
LONGEST_FUNCTION_LINES = 60


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_says_what_it_is(room: Path) -> None:
    assert (room / "README.md").read_text().strip()


@pytest.mark.parametrize("path", [path for path in MODULES if path.name != "__init__.py"], ids=named)
def test_every_module_says_what_it_decides(path: Path) -> None:
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=named)
def test_only_the_package_and_the_error_tree_have_a_face(path: Path) -> None:
    assert path.parent in FACES or not path.read_text().strip()


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(path) in PURE], ids=named)
def test_a_pure_room_has_no_clock_chance_settings_or_log(path: Path) -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree(path))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & IMPURE_MODULES


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_public_errors_live_in_the_one_tree(path: Path) -> None:
    errors = [
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and _is_raised(node)
    ]
    assert not errors or path.parent.name == "errors" or named(path) == "server/wire.py"


def _is_raised(node: ast.ClassDef) -> bool:
    bases = [ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases]
    return any(base.endswith(("Error", "Exception")) for base in bases)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_modules_and_functions_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE_LINES
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_names_say_what_a_thing_is(path: Path) -> None:
    words = set(path.stem.split("_"))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and _is_ours(node.name):
            words |= set(re.sub(r"(?<!^)(?=[A-Z])", "_", node.name).lower().split("_"))
    assert not words & BANNED_WORDS


def _is_ours(name: str) -> bool:
    return not name.startswith("_") and name not in GIVEN_NAMES


def test_only_the_composition_names_concrete_edges() -> None:
    edges = ("weighbridge.providers", "weighbridge.store")
    namers = {
        named(path)
        for path in MODULES
        if room_of(path) in {"pipeline", "server"}
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(edges)
    }
    assert namers == {"pipeline/wire.py"}


def test_the_table_of_contents_stays_short() -> None:
    assert len((PACKAGE / "pipeline" / "run.py").read_text().splitlines()) <= 80
