"""Public functions say what they take and give, and mypy agrees."""

import ast
import pathlib
import subprocess
import sys

import pytest

import kerasgen

PACKAGE = pathlib.Path(kerasgen.__file__).parent
FOLDERS = ("data", "metrics", "features", "evaluation", "export", "callbacks", "study")
# Of many kinds, which their docstrings name.
FREE = {"self", "cls", "model", "dataset", "features", "axes", "keys", "order", "dims"}


def public_functions(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name[0] != "_":
                    yield each


@pytest.mark.parametrize("folder", FOLDERS)
def test_public_functions_are_annotated(folder):
    bare = []
    for path in sorted((PACKAGE / folder).glob("*.py")):
        for function in public_functions(ast.parse(path.read_text("utf-8"))):
            arguments = function.args.args + function.args.kwonlyargs
            if any(a.annotation is None and a.arg not in FREE for a in arguments):
                bare.append(f"{path.name}: {function.name}")
    assert bare == []


@pytest.mark.slow
def test_mypy_agrees():
    done = subprocess.run(
        [sys.executable, "-m", "mypy"],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_users_get_the_types():
    assert (PACKAGE / "py.typed").exists()
