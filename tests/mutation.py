"""Changes one thing in a module, runs its tests, and tells what they did not notice.

    python -m tests.mutation kerasgen/metrics/ndb.py kerasgen/training/adam.py
    python -m tests.mutation --most=20 kerasgen/metrics/*.py

A mutant has one comparison, sign, operator, number or condition changed, or one call or
exception left out. The tests are those of the same name, `tests/metrics/test_ndb.py`;
who survives them meets those of the whole folder. Each mutant has a process of its own,
a fork of this one, which has imported the libraries and nothing of the package: the
threads of Keras and of TensorFlow's first operation would not be there after a fork.
Survivors are printed with their line; not all of them are faults of the tests, since
some changes make no difference, and what a test runs in a process of its own is not
changed there. `tests/mutation.md` has the last record.
"""

import ast
import copy
import difflib
import importlib.machinery
import os
import pathlib
import random
import signal
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pytest
import scipy.stats  # noqa: F401
import sklearn.decomposition  # noqa: F401
import tensorflow as tf  # noqa: F401
from absl import app
from absl import flags

FLAGS = flags.FLAGS
flags.DEFINE_integer("most", None, "Mutants of each module; more are drawn from.")
flags.DEFINE_integer("seed", 0, "Seed of the draw.")
flags.DEFINE_integer("seconds", 300, "Time for the tests of a mutant.")

SWAPPED = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult},
    **{ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In},
}


def places(tree):
    """Names what can be changed: pairs of a number in `ast.walk` and what to do."""
    texts = {
        id(n)
        for t in ast.walk(tree)
        if isinstance(t, ast.JoinedStr)
        for n in ast.walk(t)
    }
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in texts:
            continue
        if isinstance(node, ast.Compare):
            yield from (
                (number, i) for i, op in enumerate(node.ops) if type(op) in SWAPPED
            )
        elif isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
            if type(node.op) in SWAPPED:
                yield number, None
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, bool | int | float):
                yield number, None
        elif isinstance(node, ast.Expr):
            if isinstance(node.value, ast.Call):
                yield number, None
        elif isinstance(node, ast.UnaryOp | ast.If | ast.IfExp | ast.Raise):
            yield number, None


def mutant(tree, place):
    """A changed copy of a module, and the line that was changed."""
    tree = copy.deepcopy(tree)
    number, part = place
    node = next(n for i, n in enumerate(ast.walk(tree)) if i == number)
    if isinstance(node, ast.Compare):
        node.ops[part] = SWAPPED[type(node.ops[part])]()
    elif isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        node.op = SWAPPED[type(node.op)]()
    elif isinstance(node, ast.Constant):
        is_bool = isinstance(node.value, bool)
        node.value = not node.value if is_bool else node.value + 1
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        else:
            node.op = ast.UAdd()
    elif isinstance(node, ast.Expr | ast.Raise):
        tree = LeaveOut(node).visit(tree)
    else:
        node.test = ast.UnaryOp(ast.Not(), node.test)
    return ast.fix_missing_locations(tree), node.lineno


class LeaveOut(ast.NodeTransformer):
    """Puts `pass` in the place of a statement."""

    def __init__(self, statement):
        self.statement = statement

    def visit(self, node):
        if node is self.statement:
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


def survives(path, tree, tests):
    """Whether the tests pass with a changed module in the place of a file.

    Returns None where they took too long, which a loop without an end does.
    """
    child = os.fork()
    if not child:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1), os.dup2(silence, 2)
        get_code = importlib.machinery.SourceFileLoader.get_code

        def get(loader, name):
            is_it = pathlib.Path(loader.path).resolve() == path.resolve()
            return compile(tree, path, "exec") if is_it else get_code(loader, name)

        importlib.machinery.SourceFileLoader.get_code = get
        os._exit(
            int(pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", str(tests)]))
        )
    end = time.monotonic() + FLAGS.seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def main(argv):
    for path in map(pathlib.Path, argv[1:]):
        tests = pathlib.Path("tests", *path.parts[1:-1], f"test_{path.name}")
        tree = ast.parse(path.read_text())
        found = list(places(tree))
        if not found:
            continue  # Imports and names alone.
        for known in (tests, tests.parent):
            if not survives(path, tree, known):
                raise SystemExit(f"{known} fails as it is, or takes too long.")
        if FLAGS.most is not None and len(found) > FLAGS.most:
            found = random.Random(FLAGS.seed).sample(found, FLAGS.most)
        killed = 0
        for place in found:
            changed, line = mutant(tree, place)
            passed = survives(path, changed, tests)
            passed = survives(path, changed, tests.parent) if passed else passed
            if passed is None:
                print(f"  {path}:{line}: killed by the time", flush=True)
            if passed:
                before, after = (
                    ast.unparse(one).splitlines() for one in (tree, changed)
                )
                lines = difflib.ndiff(before, after)
                new = [a[2:].strip() for a in lines if a[:1] in "-+"]
                print(f"  {path}:{line}: {' -> '.join(new)}", flush=True)
            else:
                killed += 1
        print(f"{path}: {killed} of {len(found)} mutants killed", flush=True)


if __name__ == "__main__":
    app.run(main)
