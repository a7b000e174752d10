"""Style as a failing test: what a linter can't say about this repository.

The rules are in CONTRIBUTING.md. A fault is reported as `file:line what`.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 300
FILE_BYTES_MAX = 1_000_000

#: Names that say nothing, and so collect everything.
EMPTY_NAMES = {"utils", "common", "helpers", "base", "manager", "data", "info", "process", "misc"}

#: Folders of tests that are about no single package: the whole path, and containers.
WHOLE_PATH = {"path", "pipeline", "compose", "simulation"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.Module | ast.ClassDef | Function


@cache
def files() -> tuple[Path, ...]:
    """Everything that is committed or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)  # noqa: S603
    found = [ROOT / name for name in sorted(set(listed.stdout.split("\0"))) if name]
    return tuple(file for file in found if file.is_file())


def sources(*folders: str) -> list[Path]:
    """The Python files below these folders."""
    roots = tuple(ROOT / folder for folder in folders)
    return [f for f in files() if f.suffix == ".py" and any(f.is_relative_to(r) for r in roots)]


@cache
def tree(file: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(file.read_text(encoding="utf-8"))


def place(file: Path, node: ast.AST | None = None) -> str:
    """Where a fault is, as editors understand it."""
    return f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def functions(file: Path) -> list[Function]:
    """Every function of a file, also inner ones and methods."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(file)) if isinstance(node, kinds)]


def lines_of(function: Function) -> int:
    """How long a function is without its docstring; decorators don't count."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    words = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - words


def is_route_table(function: Function) -> bool:
    """Whether a function only holds HTTP routes, each a function with its own limit."""
    inner = [
        node for node in function.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return any(one.decorator_list for one in inner)


def test_functions_fit_on_a_screen() -> None:
    """What one can't see at once one can't check at once."""
    faults = [
        f"{place(file, one)} {one.name} has {lines_of(one)} lines"
        for file in sources("services", "stack", "tools")
        for one in functions(file)
        if lines_of(one) > FUNCTION_LINES_MAX and not is_route_table(one)
    ]
    assert faults == []


def test_files_have_one_subject() -> None:
    """A file that outgrows the limit has become two: split it into a package."""
    counts = {
        file: file.read_text(encoding="utf-8").count("\n")
        for file in sources("services", "stack", "tools")
    }
    faults = [f"{place(f)} has {n} lines" for f, n in counts.items() if n > FILE_LINES_MAX]
    assert faults == []


def test_decisions_wait_for_nothing() -> None:
    """A decision that awaits has I/O somewhere; then a replay could decide differently."""
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    faults = [
        place(file, node)
        for file in sources("services")
        if "decide" in file.parts or file.name == "decide.py"
        for node in ast.walk(tree(file))
        if isinstance(node, waiting)
    ]
    assert faults == []


def test_everything_public_says_what_it_is_for() -> None:
    """Also in tests and tools, where the linter doesn't look."""
    faults = [
        f"{place(file, node)} {getattr(node, 'name', 'the module')}"
        for file in sources("services", "stack", "tools", "benchmarks")
        for node in public(tree(file))
        if not ast.get_docstring(node)
    ]
    assert faults == []


def public(node: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """A module or class and what it offers, methods of methods excepted."""
    yield node
    for one in node.body:
        name = getattr(one, "name", "_")
        if isinstance(one, ast.ClassDef) and not name.startswith("_"):
            yield from public(one)
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and not name.startswith("_"):
            yield one


def guarantees() -> Iterator[tuple[Path, Function]]:
    """Every test function."""
    for file in sources("tests"):
        if file.name.startswith("test_"):
            yield from ((file, f) for f in functions(file) if f.name.startswith("test_"))


def test_every_test_says_why_it_matters() -> None:
    """When it fails in two years, the docstring is all that is left of the thought."""
    faults = [
        f"{place(file, one)} {one.name}" for file, one in guarantees() if not ast.get_docstring(one)
    ]
    faults += [place(file) for file in sources("tests") if is_undocumented_suite(file)]
    assert faults == []


def is_undocumented_suite(file: Path) -> bool:
    """Whether a file of tests doesn't say what they are about."""
    return file.name != "__init__.py" and not ast.get_docstring(tree(file))


def test_names_of_tests_are_sentences() -> None:
    """The list of test names reads as the list of guarantees."""
    short = [
        f"{place(file, one)} {one.name}" for file, one in guarantees() if one.name.count("_") < 3
    ]
    assert short == []


def test_tests_neither_patch_nor_sleep() -> None:
    """A patched test proves the patch; a sleeping one is slow and still flaky."""
    forbidden = re.compile(r"\b(?:mock\.patch|monkeypatch\.setattr|MagicMock|time\.sleep)\b")
    faults = [
        f"{place(file)[:-1]}{number} {line.strip()}"
        for file in sources("tests")
        if file != Path(__file__)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert faults == []


def test_tests_lie_where_what_they_test_lies() -> None:
    """Who changes a package must find its tests without searching."""
    packages = {f.parent.relative_to(ROOT) for f in sources("services") if f.name == "__init__.py"}
    names = {p.name for p in packages if len(p.parts) == 2} | {"stack", "tools", "benchmarks"}
    suites = {
        f.relative_to(ROOT / "tests").parts[0] for f, _ in guarantees() if f.parent.name != "tests"
    }
    assert suites - names - WHOLE_PATH == set()
    assert names - {"tools", "benchmarks"} - suites == set()


def test_names_of_files_say_something() -> None:
    """A folder named `utils` says nothing, and so collects everything."""
    faults = [
        place(file)
        for file in sources("services", "stack", "tools", "tests", "benchmarks")
        if EMPTY_NAMES & {part.removesuffix(".py") for part in file.relative_to(ROOT).parts}
    ]
    assert faults == []


def test_no_file_is_large() -> None:
    """A clone is for ever; large data belongs elsewhere."""
    sizes = {file: file.stat().st_size for file in files()}
    assert [place(f) for f, size in sizes.items() if size > FILE_BYTES_MAX] == []


#: Put together here, so that this file doesn't hold them itself.
MACHINE_PATHS = [f"/{'work'}/", f"/{'root'}/", f"/{'home'}/", f"/{'Users'}/", f"/{'tmp'}/lab"]
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "maven" + ".org",
    "maven.apache" + ".org/maven2",
    "crates" + ".io",
    "docker" + ".io",
]


@pytest.mark.parametrize("forbidden", [*MACHINE_PATHS, *REGISTRIES])
def test_no_file_knows_a_machine_or_a_registry(forbidden: str) -> None:
    """What holds a download address or somebody's path works for that person only."""
    faults = [place(file) for file in files() if forbidden.encode() in file.read_bytes()]
    assert faults == []


LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)")


def test_links_in_documents_lead_somewhere() -> None:
    """A reader who meets a dead link stops reading."""
    faults = [
        f"{place(file)} {target}"
        for file in files()
        if file.suffix == ".md"
        for target in LINK.findall(file.read_text(encoding="utf-8"))
        if not (file.parent / target).exists()
    ]
    assert faults == []


def test_documents_name_only_commands_that_exist() -> None:
    """The Makefile is the only list of commands."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    faults = [
        f"{place(file)} make {name}"
        for file in files()
        if file.suffix == ".md"
        for name in re.findall(r"`make ([a-z-]+)[^`]*`", file.read_text(encoding="utf-8"))
        if name not in targets
    ]
    assert faults == []
