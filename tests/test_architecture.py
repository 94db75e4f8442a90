"""The laws of the house: imports only go down, every model keeps the contract."""

import ast
import importlib
import inspect
import pathlib
import subprocess
import sys

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
    assert "3 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_contract_test(model):
    module = model.__module__.rpartition(".")[2]
    tests = importlib.import_module(f"tests.models.test_{module}")
    classes = [value for value in vars(tests).values() if inspect.isclass(value)]
    keeping = [c for c in classes if issubclass(c, contract.ModelContract)]
    assert [c.model_class for c in keeping if c.model_class] == [model]


def test_every_model_is_a_public_name():
    assert {m.__name__ for m in MODELS} <= set(vars(kerasgen))
    assert len(MODELS) >= 5


def test_a_plain_import_brings_no_heavy_or_optional_package():
    names = {"tensorflow_datasets", "tf2onnx", "jinja2", "kerasgen.metrics"}
    source = f"import kerasgen, sys; print(sorted({names} & set(sys.modules)))"

    found = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]", found.stderr


def test_no_bare_assert_in_the_package():
    for path in sorted((ROOT / "kerasgen").rglob("*.py")):
        tree = ast.parse(path.read_text())
        lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        assert not lines, (path, lines)
