"""Images per second of training, beside the same models in public styles.

    python -m benchmarks.throughput --data_dir=<folder of IDX files>
    python -m benchmarks.throughput --models=dcgan --loops=kerasgen,pytorch --rounds=5

Each model of the zoo, in float32 and in mixed_bfloat16, is timed in turn with reference
loops in `benchmarks/reference/`: the same layers (the numbers of parameters are
checked), batch, losses, optimizers, order of updates and moving average, in float32. A
measurement is one `fit`, or one pass of a loop, over `--seconds` worth of batches in
memory, so starting an epoch is in it; writing files, sampling and metrics are not.
Seconds per epoch are extrapolated from images per second to 60,000 images.

Before that each loop runs in a process of its own: seconds until it is imported and
built and has taken its first step, and the highest resident memory above that of the
imports, over `--memory_steps`. On a GPU it is what TensorFlow held there.
"""

import functools
import importlib
import importlib.util
import time

from absl import app
from absl import flags
from absl import logging

import kerasgen
from benchmarks import measuring

FLAGS = flags.FLAGS
LOOPS = {
    "kerasgen": {"dtype": "float32"},
    "kerasgen_bfloat16": {"dtype": "mixed_bfloat16"},
    "keras_guide": {},
    "keras_guide_alternating": {"alternating": True},
    "tf_tutorial": {},
    "pytorch": {},
    "pytorch_tuned": {"tuned": True},
}
# The models that a style exists for, where not for all.
ONLY = {
    "keras_guide_alternating": ("VanillaGAN", "DCGAN"),
    "pytorch": ("DCGAN",),
    "pytorch_tuned": ("DCGAN",),
}
flags.DEFINE_list("models", list(measuring.MODELS), "Models, by comma.")
flags.DEFINE_list("loops", list(LOOPS), "Loops, by comma; PyTorch's if installed.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("width", None, "Width of the networks; default the zoo's.")
flags.DEFINE_integer("rounds", 7, "Times that each loop is measured.", 1)
flags.DEFINE_float("seconds", 3.0, "Length of one measurement.")
flags.DEFINE_integer("memory_steps", 100, "Steps in a process of its own; 0: none.")
flags.DEFINE_string("output", "throughput.json", "JSON file of all rounds.")


def main(_):
    logging.set_verbosity(logging.ERROR)
    images = kerasgen.data.load_arrays("mnist", data_dir=FLAGS.data_dir)[0]
    size = (FLAGS.batch_size, FLAGS.width)
    names = [measuring.MODELS[key] for key in FLAGS.models]
    results = {name: {loop: {} for loop in loops_of(name)} for name in names}
    # First, while this process holds nothing of a GPU's memory.
    for name in names if FLAGS.memory_steps else []:
        for loop, result in results[name].items():
            arguments = (loop, name, images, *size, FLAGS.memory_steps, time.time())
            result |= measuring.in_fresh_process(cold_start, *arguments)
    rows = []
    for name in names:
        measure(name, results[name], images, size)
        rows += table_rows(name, results[name])
        print(f"{name} done", flush=True)
    measuring.write(FLAGS.output, models=results, rows=rows)
    print(measuring.table(rows))


def loops_of(name):
    """The loops asked for that exist for a model, on this machine."""
    has_torch = importlib.util.find_spec("torch") is not None
    return [
        loop
        for loop in FLAGS.loops
        if name in ONLY.get(loop, (name,)) and (has_torch or "pytorch" not in loop)
    ]


def make(loop, name, images, batch_size, width):
    """The function that trains a model in some style for a number of steps."""
    options = LOOPS[loop]
    if "kerasgen" in loop:
        return measuring.zoo(name, images, batch_size, width=width, **options)[1]
    model = measuring.zoo(name, images, batch_size, width=width)[0]
    if "pytorch" in loop:
        from benchmarks.reference import pytorch

        return pytorch.DCGAN(model, images, batch_size, **options).train
    if "keras_guide" in loop:
        return measuring.keras_guide(model, images, batch_size, **options)
    from benchmarks.reference import tf_tutorial

    step = tf_tutorial.like(model)
    # WGAN's reference takes the batches of all the critic's steps as one.
    group = batch_size * getattr(model, "critic_steps", 1)
    datasets = functools.cache(
        lambda steps: tf_tutorial.batches(
            measuring.cycled(images, steps * batch_size), group
        )
    )
    return lambda steps: tf_tutorial.train(step, datasets(steps))


def cold_start(loop, name, images, batch_size, width, steps, started):
    """Seconds from `started`, a time, to the first step, and memory after `steps`."""
    if "pytorch" in loop:
        importlib.import_module("torch")
    imported = measuring.resident_mb("VmHWM")
    train = make(loop, name, images, batch_size, width)
    train(5 if name == "WGAN" else 1)
    result = {"first_step_seconds": time.time() - started}
    train(steps)
    peak = measuring.resident_mb("VmHWM")
    if imported is not None:
        result |= {"imports_mb": imported, "peak_above_imports_mb": peak - imported}
    return result | {"gpu_peak_mb": measuring.gpu_peak_mb()}


def measure(name, results, images, size):
    """Times the loops of a model in turn; completes their results."""
    variants = {}
    for loop in results:
        train = make(loop, name, images, *size)
        variants[loop] = train, measuring.calibrated(train, FLAGS.seconds)
    times = measuring.interleaved(variants, FLAGS.rounds)
    batch_size, _ = size
    for loop, result in results.items():
        step = measuring.median(times[loop])
        result["steps"] = variants[loop][1]
        result["seconds_per_step"] = times[loop]
        result["images_per_second"] = batch_size / step
        result["seconds_per_epoch"] = step * measuring.IMAGES_PER_EPOCH / batch_size
        result["speedup"] = {
            ours: measuring.ratios(times[loop], times[ours])
            for ours in ("kerasgen", "kerasgen_bfloat16")
            if ours in times
        }


def table_rows(name, results):
    return [
        {
            "model": name,
            "loop": loop,
            "images/s": round(result["images_per_second"]),
            "s/epoch": round(result["seconds_per_epoch"], 1),
            "first step, s": result.get("first_step_seconds"),
            "peak memory, MB": result.get("gpu_peak_mb")
            or result.get("peak_above_imports_mb"),
        }
        | {
            f"{ours} is faster by": measuring.ratio_text(ratio)
            for ours, ratio in result["speedup"].items()
        }
        for loop, result in results.items()
    ]


if __name__ == "__main__":
    app.run(main)
