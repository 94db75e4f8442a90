"""The laws of the house: imports only go down, every model keeps the contract."""

import ast
import importlib
import inspect
import pathlib
import subprocess
import sys

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS
from importlinter.cli import lint_imports

import kerasgen
from kerasgen import models
from tests import contract

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
MODELS = [value for value in vars(models).values() if inspect.isclass(value)]


def test_imports_only_go_down(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "setup.cfg"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_contract_test(model):
    module = model.__module__.rpartition(".")[2]
    tests = importlib.import_module(f"tests.models.test_{module}")
    classes = [value for value in vars(tests).values() if inspect.isclass(value)]
    keeping = [c for c in classes if issubclass(c, contract.ModelContract)]
    assert [c.model_class for c in keeping] == [model]


def test_every_model_is_a_public_name():
    assert {m.__name__ for m in MODELS} <= set(vars(kerasgen))
    assert len(MODELS) >= 5


def test_a_plain_import_brings_no_heavy_or_optional_package():
    source = "import kerasgen, sys; print('tensorflow_datasets' in sys.modules)"

    found = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True
    )
    assert found.stdout.strip() == "False", found.stderr


@pytest.mark.parametrize(
    "path", sorted((ROOT / "kerasgen").rglob("*.py")), ids=lambda path: path.stem
)
def test_no_bare_assert_in_the_package(path):
    tree = ast.parse(path.read_text())
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
