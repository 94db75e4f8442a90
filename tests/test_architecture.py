"""The laws of the house: imports only go down, every model keeps the contract."""

import ast
import graphlib
import inspect
import pathlib
import subprocess
import sys

import grimp
import pytest

import kerasgen
from kerasgen import core
from tests import contract

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
MODELS = [core.model_class(name) for name in core.list_models()]


def test_imports_only_go_down():
    # In a process of its own: the command takes hold of the standard streams.
    lint = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", lint, "setup.cfg", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_no_import_goes_round():
    graph = grimp.build_graph("kerasgen", cache_dir=None)
    imports = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}
    assert len(imports) > 50
    graphlib.TopologicalSorter(imports).prepare()  # CycleError names the cycle


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_contract_test(model):
    found = contract.contract_of(model)
    assert found.__name__ == f"Test{model.__name__}"
    kept = [name for name in dir(contract.ModelContract) if name.startswith("test_")]
    assert len(kept) > 10
    assert all(callable(getattr(found, name)) for name in kept)


def test_every_model_is_a_public_name():
    assert MODELS
    assert {m.__name__ for m in MODELS} <= set(dir(kerasgen))


def test_public_names_are_the_packages_own():
    for name in dir(kerasgen):
        value = getattr(kerasgen, name)
        if not name.startswith("__"):
            home = value.__name__ if inspect.ismodule(value) else value.__module__
            assert home.partition(".")[0] == "kerasgen", name
            assert not name.startswith("_"), name


@pytest.mark.slow
def test_a_plain_import_brings_no_heavy_or_optional_package():
    names = {"tensorflow_datasets", "tf2onnx", "jinja2", "kerasgen.metrics"}
    source = f"import kerasgen, sys; print(sorted({names} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]", found.stderr


EVERYTHING = """
import importlib, pkgutil, sys
for name in ("fcntl", "pwd", "resource", "termios"):
    sys.modules[name] = None
import kerasgen
for module in pkgutil.walk_packages(kerasgen.__path__, "kerasgen."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


@pytest.mark.slow
def test_no_module_needs_what_other_systems_lack():
    found = subprocess.run(
        [sys.executable, "-c", EVERYTHING], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert "kerasgen.study.lock" in found.stdout


def test_no_bare_assert_in_the_package():
    for path in sorted((ROOT / "kerasgen").rglob("*.py")):
        tree = ast.parse(path.read_text())
        lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        assert not lines, (path, lines)


# The system's own folder, and names of datasets, few of which are paths.
NO_PATHS = {"cgroup", "name"}


def _raw_paths(tree):
    """Calls of `pathlib.Path` on an argument of a public function or method."""
    tops = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    for function in (node for top in tops for node in top.body):
        if not isinstance(function, ast.FunctionDef) or function.name.startswith("_"):
            continue
        given = {a.arg for a in [*function.args.args, *function.args.kwonlyargs]}
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "pathlib.Path":
                inner = {
                    a.arg
                    for f in ast.walk(function)
                    if f is not function and isinstance(f, ast.FunctionDef)
                    for a in f.args.args
                }
                if ast.unparse(call.args[0]) in given - inner - NO_PATHS:
                    yield f"{function.name}: {ast.unparse(call)}"


def test_paths_that_users_pass_go_through_one_function():
    found = {
        str(path): raw
        for path in (ROOT / "kerasgen").rglob("*.py")
        if path.name != "files.py"  # where that function is
        and (raw := list(_raw_paths(ast.parse(path.read_text("utf-8")))))
    }
    assert not found
