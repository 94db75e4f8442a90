"""How time and memory of a training step grow: batch, width, image size, epochs.

    python -m benchmarks.scaling --model=dcgan
    python -m benchmarks.scaling --sweeps=epochs --epochs=100

`batch`, `width` and `image_size` change one thing and leave the rest at the zoo's
defaults; all settings of a sweep are timed in turn in one process, and each then runs
in a process of its own for its highest resident memory. Growth is linear where the
rate in GFLOP/s, of the convolutions and matrix products of the step, stays the same;
small settings fall short of it by what a step costs at any size. `epochs` trains on in
one process and reads the resident memory after each epoch: what it grows by from the
second epoch on is a leak, or the allocator's habit. Images are random numbers.
"""

import itertools
import time

import keras
from absl import app
from absl import flags
from absl import logging

from benchmarks import measuring
from benchmarks import products

FLAGS = flags.FLAGS
SWEEPS = ("batch", "width", "image_size", "epochs")
flags.DEFINE_enum("model", "dcgan", list(measuring.MODELS), "The model.")
flags.DEFINE_string("dtype", "float32", "Keras dtype policy.")
flags.DEFINE_list("sweeps", list(SWEEPS), "What to change, by comma.")
flags.DEFINE_list("batches", [16, 32, 64, 128, 256], "Batch sizes.")
flags.DEFINE_list("widths", [8, 16, 32, 64, 128], "Widths of the networks.")
flags.DEFINE_list("image_sizes", [16, 28, 32, 48, 64], "Heights and widths of images.")
flags.DEFINE_integer("epochs", 20, "Epochs of the sweep over epochs.")
flags.DEFINE_integer("epoch_images", 2048, "Images in one of these epochs.")
flags.DEFINE_integer("rounds", 5, "Times that each setting is measured.", 1)
flags.DEFINE_float("seconds", 2.0, "Length of one measurement.")
flags.DEFINE_integer("memory_steps", 50, "Steps in a process of its own.")
flags.DEFINE_string("output", "scaling.json", "JSON file of all rounds.")


def main(_):
    logging.set_verbosity(logging.ERROR)
    name = measuring.MODELS[FLAGS.model]
    swept = {
        "batch": [{"batch_size": int(n)} for n in FLAGS.batches],
        "width": [{"width": int(n)} for n in FLAGS.widths],
        "image_size": [{"image_shape": (int(n), int(n), 1)} for n in FLAGS.image_sizes],
    }
    results, tables = {}, []
    for sweep in FLAGS.sweeps:
        if sweep == "epochs":
            results[sweep] = measuring.in_fresh_process(
                over_epochs, name, FLAGS.dtype, FLAGS.epochs, FLAGS.epoch_images
            )
            rows = epoch_rows(results[sweep])
        else:
            results[sweep] = over_settings(name, swept[sweep])
            rows = [table_row(sweep, result) for result in results[sweep]]
        tables.append(measuring.table(rows))
        print(f"{sweep} done", flush=True)
    measuring.write(FLAGS.output, sweeps=results)
    print("\n\n".join(tables))


def make(name, dtype, batch_size=64, **arguments):
    """A model with some setting, and the function that trains it."""
    images = measuring.digits(arguments.get("image_shape", (28, 28, 1)))
    return measuring.zoo(name, images, batch_size, dtype=dtype, **arguments)


def over_settings(name, settings):
    """Times a model at each of some settings in turn; then memory, one by one."""
    variants, flops = {}, []
    for index, setting in enumerate(settings):
        model, train = make(name, FLAGS.dtype, **setting)
        variants[index] = train, measuring.calibrated(train, FLAGS.seconds)
        counts = products.of_step(model, setting.get("batch_size", 64))
        flops.append(sum(product.flops * n for product, n in counts.items()))
    times = measuring.interleaved(variants, FLAGS.rounds)
    return [
        {
            "setting": setting,
            "seconds_per_step": times[index],
            "flops_per_step": flops[index],
            "peak_above_imports_mb": measuring.in_fresh_process(
                peak_memory, name, FLAGS.dtype, setting, FLAGS.memory_steps
            ),
        }
        for index, setting in enumerate(settings)
    ]


def peak_memory(name, dtype, setting, steps):
    """Highest resident memory of so many steps above that of the imports, MB."""
    imported = measuring.resident_mb("VmHWM")
    _, train = make(name, dtype, **setting)
    train(steps)
    peak = measuring.resident_mb("VmHWM")
    return None if peak is None else peak - imported


def over_epochs(name, dtype, epochs, num_images):
    """Resident memory in MB and seconds after each epoch of one `fit`."""
    from kerasgen import data

    model, _ = make(name, dtype)
    images = measuring.digits(num=num_images)
    memory, ends = [], [time.perf_counter()]

    def note(epoch, logs):
        memory.append(measuring.resident_mb())
        ends.append(time.perf_counter())

    model.fit(
        data.batches(images, batch_size=64),
        epochs=epochs,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=note)],
    )
    seconds = [end - start for start, end in itertools.pairwise(ends)]
    return {"resident_mb": memory, "seconds": seconds}


def table_row(sweep, result):
    seconds = measuring.median(result["seconds_per_step"])
    (setting,) = result["setting"].values()
    images = result["setting"].get("batch_size", 64)
    return {
        sweep: setting[0] if isinstance(setting, tuple) else setting,
        "step, ms": seconds * 1e3,
        "least to greatest": " to ".join(
            f"{f(result['seconds_per_step']) * 1e3:.4g}" for f in (min, max)
        ),
        "images/s": round(images / seconds),
        "GFLOP/step": result["flops_per_step"] / 1e9,
        "GFLOP/s": result["flops_per_step"] / seconds / 1e9,
        "peak memory, MB": result["peak_above_imports_mb"],
    }


def epoch_rows(result):
    """The first, second and last epoch, and some between."""
    memory, seconds = result["resident_mb"], result["seconds"]
    last = len(memory)
    second = min(2, last)
    between = {round(last ** (k / 4) * 2 ** (1 - k / 4)) for k in range(5)}
    shown = sorted({1, second, last} | {n for n in between if n <= last})
    return [
        {
            "epoch": epoch,
            "resident, MB": memory[epoch - 1],
            "above epoch 2, MB": _difference(memory[epoch - 1], memory[second - 1]),
            "seconds": seconds[epoch - 1],
        }
        for epoch in shown
    ]


def _difference(a, b):
    return None if a is None else round(a - b, 1)


if __name__ == "__main__":
    app.run(main)
