import doctest
import importlib
import inspect
import pkgutil

import pytest

from kerasgen import metrics

MODULES = [info.name for info in pkgutil.iter_modules(metrics.__path__)]
FUNCTIONS = [f for _, f in inspect.getmembers(metrics, inspect.isfunction)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(f"kerasgen.metrics.{name}")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_docstrings_hold_what_a_user_needs(function):
    documentation = inspect.getdoc(function)
    for section in ("Args:", "Returns:", "Raises:", "Example:", ">>> "):
        assert section in documentation
    for parameter in inspect.signature(function).parameters:
        assert f"    {parameter}: " in documentation


def test_real_comes_first():
    for function in FUNCTIONS:
        names = list(inspect.signature(function).parameters)
        if any(name.startswith("fake") for name in names):
            assert names[0].startswith(("real", "train"))
