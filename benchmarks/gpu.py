"""Training on a GPU: models × precision × jit × steps per execution, in one table.

    python -m benchmarks.gpu --data_dir=<folder of the four IDX files> --budget_s=480

It always ends with a table: what tells most comes first (each model at its likely
best, then plain, then the rest), nothing starts that would not end within
`--budget_s` by what came before, and if something hangs the table is printed anyway.
A row that fails says why, and the others go on.

`compile` is the time of the first execution, tracing and compiling included, less that
of a later one. Images per second are the median of `--rounds` measurements of one
`fit` each, with the spread; rows follow each other and are not interleaved, since the
models do not share a GPU that nobody else uses.

Needs the repository, TensorFlow, Keras, NumPy and matplotlib with what these bring
(absl, h5py, Pillow) and the four IDX files; no SciPy, scikit-learn or network. Without
a GPU it runs too, to be tested: see `--models`, `--width` and `--seconds`.
"""

import itertools
import os
import threading
import time

import keras
import tensorflow as tf
from absl import app
from absl import flags
from absl import logging

import kerasgen
from benchmarks import measuring

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list(measuring.MODELS), "Models, by comma.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("width", None, "Width of the networks; default the zoo's.")
flags.DEFINE_list("executions", [16, 1, 128], "Steps per execution, likely best first.")
flags.DEFINE_integer("rounds", 5, "Times that each row is measured.", 1)
flags.DEFINE_float("seconds", 0.4, "Length of one measurement.")
flags.DEFINE_float("budget_s", 480.0, "Seconds after which nothing new is started.")
flags.DEFINE_string("output", "gpu.json", "JSON file, written after each row.")


def main(_):
    logging.set_verbosity(logging.ERROR)
    started = time.monotonic()
    rows = []
    # What hangs in a compiler cannot be interrupted from Python, only left.
    watchdog = threading.Timer(FLAGS.budget_s + 30.0, give_up, [rows])
    watchdog.daemon = True
    watchdog.start()
    print(f"GPUs: {measuring.describe()['gpus'] or 'none, this is a CPU'}", flush=True)
    images = kerasgen.data.load_arrays("mnist", data_dir=FLAGS.data_dir)[0]
    longest = {}
    for key, precision, jit, execution in configurations():
        name = measuring.MODELS[key]
        expected = longest.get((key, jit), max(longest.values(), default=0.0))
        if rows and time.monotonic() - started + expected > FLAGS.budget_s:
            continue
        begin = time.monotonic()
        row = {"model": name, "precision": precision, "jit": jit, "steps": execution}
        rows.append(row)
        try:
            row |= measure(name, images, precision, jit, execution)
        except (tf.errors.OpError, RuntimeError, ValueError, TypeError) as error:
            row["error"] = f"{type(error).__name__}: {str(error)[:200]}"
        longest[key, jit] = max(longest.get((key, jit), 0.0), time.monotonic() - begin)
        keras.backend.clear_session()
        print(row, flush=True)
        measuring.write(FLAGS.output, rows=rows)
    watchdog.cancel()
    print(f"{time.monotonic() - started:.0f} s in all")
    print(report(rows))


def configurations():
    """(model, precision, jit, steps per execution), the most telling first."""
    executions = [int(number) for number in FLAGS.executions]
    first, *others = executions
    likely = [("mixed_bfloat16", True, first), ("float32", True, first)]
    plain = [("float32", False, executions[1] if others else first)]
    precision = [("mixed_float16", True, first), ("mixed_bfloat16", False, first)]
    execution = [("mixed_bfloat16", True, number) for number in others]
    rest = itertools.product(
        ("mixed_bfloat16", "float32", "mixed_float16"), (True, False), executions
    )
    ordered = dict.fromkeys([*likely, *plain, *precision, *execution, *rest])
    return [(key, *setting) for setting in ordered for key in FLAGS.models]


def measure(name, images, precision, jit, execution):
    """Trains a model in one way: rate, spread, seconds to compile, memory."""
    settings = {"jit_compile": jit, "steps_per_execution": execution}
    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.reset_memory_stats("GPU:0")  # the peak is of this row
    start = time.perf_counter()
    _, train = measuring.zoo(
        name,
        images,
        FLAGS.batch_size,
        compiled=settings,
        dtype=precision,
        width=FLAGS.width,
    )
    built = time.perf_counter() - start
    # A multiple of all steps per execution and of the steps of WGAN's critic.
    multiple = execution * 5 if execution < 32 else execution
    first = measuring.timed(train, multiple)
    steps = measuring.calibrated(train, FLAGS.seconds, multiple)
    times = measuring.interleaved({name: (train, steps)}, FLAGS.rounds)[name]
    rates = [FLAGS.batch_size / seconds for seconds in times]
    return {
        "images/s": round(measuring.median(rates)),
        "least": round(min(rates)),
        "greatest": round(max(rates)),
        "compile, s": round(first - multiple * measuring.median(times), 1),
        "build, s": round(built, 1),
        "peak MB": measuring.gpu_peak_mb(),
    }


def report(rows):
    """The table of all rows, and the errors below it."""
    columns = ("model", "precision", "jit", "steps", "images/s", "least", "greatest")
    columns = (*columns, "compile, s", "build, s", "peak MB")
    shown = [{column: row.get(column) for column in columns} for row in rows]
    errors = [f"{row['model']}: {row['error']}" for row in rows if "error" in row]
    return "\n".join([measuring.table(shown), *errors])


def give_up(rows):
    said = report(rows) if rows else "No row was begun."
    print(f"Stopped {FLAGS.budget_s + 30:.0f} s after the start.\n{said}", flush=True)
    os._exit(1)


if __name__ == "__main__":
    app.run(main)
