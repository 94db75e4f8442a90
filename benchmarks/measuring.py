"""Timing on a machine that others use too, and what is printed and kept of it.

Variants are timed in turn, A, B, C, A, B, C, in one process, so that a busy minute
falls on all of them. A time is the median of the rounds. A ratio is taken within each
round and given as the median with the least and the greatest, which show how far it can
be trusted. Nothing is subtracted and no round is left out.
"""

import concurrent.futures
import functools
import json
import multiprocessing
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import keras
import numpy as np
import tensorflow as tf
from absl import flags

import kerasgen
from kerasgen import files

IMAGES_PER_EPOCH = 60_000
MODELS = {
    "vanilla_gan": "VanillaGAN",
    "dcgan": "DCGAN",
    "wgan": "WGAN",
    "cvae": "CVAE",
    "adversarial_vae": "AdversarialVAE",
}


def zoo(name, images, batch_size, compiled=None, **arguments):
    """A model of the zoo and the function that trains it for a number of steps.

    Args:
        name: Name of the class, such as "DCGAN".
        images: uint8 array of images; they are taken in turn.
        batch_size: Images in a batch.
        compiled: Arguments of `compile`, or None for the defaults.
        **arguments: Arguments of the constructor; None is left out.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    model = getattr(kerasgen, name)(**given)
    if compiled:
        model.compile(**compiled)
    return model, fitting(
        model,
        lambda num: kerasgen.data.batches(cycled(images, num), batch_size=batch_size),
        batch_size,
    )


def fitting(model, batches, batch_size):
    """A function that trains a Keras model by `fit`, a number of steps at a time.

    Args:
        model: Compiled `keras.Model`.
        batches: Function from a number of images to a dataset of so many.
        batch_size: Images in a step.
    """
    datasets = functools.cache(lambda steps: batches(steps * batch_size))
    return lambda steps: model.fit(datasets(steps), verbose=0, shuffle=False)


def keras_guide(model, images, batch_size, **options):
    """The function that trains a model of the zoo as the guides of Keras do.

    Args:
        model: One of `MODELS`, which it is made like.
        images: uint8 array of images; they are taken in turn.
        batch_size: Images in a batch.
        **options: Those of `reference.keras_guide.like`.
    """
    from benchmarks.reference import keras_guide as reference

    # WGAN's reference takes the batches of all the critic's steps as one.
    group = batch_size * getattr(model, "critic_steps", 1)
    return fitting(
        reference.like(model, **options),
        lambda num: reference.batches(cycled(images, num), group),
        batch_size,
    )


def calibrated(train, seconds, multiple=10):
    """A number of steps that takes about so many seconds; compiles and warms up.

    Args:
        train: Function that takes a number of training steps.
        seconds: Length of one measurement.
        multiple: The number of steps is a multiple of it: of the steps of WGAN's critic
            for each of the generator.

    Returns:
        Number of steps, int.
    """
    train(multiple)
    once = timed(train, multiple)
    steps = multiple * max(1, round(seconds / once))
    train(steps)
    return steps


def timed(function, *arguments):
    """Seconds that a call takes."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def interleaved(variants, rounds):
    """Times variants in turn.

    Args:
        variants: Dict from name to `(train, steps)`: a function that takes a number of
            steps, and that number.
        rounds: Times that each is measured.

    Returns:
        Dict from name to the list of seconds per step, one for each round.
    """
    times = {name: [] for name in variants}
    for _ in range(rounds):
        for name, (train, steps) in variants.items():
            times[name].append(timed(train, steps) / steps)
    return times


def median(values):
    return statistics.median(values)


def ratios(numerators, denominators):
    """Median, least and greatest of the ratios within rounds."""
    within = [a / b for a, b in zip(numerators, denominators, strict=True)]
    return {"median": median(within), "least": min(within), "greatest": max(within)}


def ratio_text(ratio):
    """A ratio with its spread: `1.62 (1.58 to 1.70)`."""
    return f"{ratio['median']:.2f} ({ratio['least']:.2f} to {ratio['greatest']:.2f})"


def frechet_distance(model, reference, num_samples, seed):
    """Fréchet distance of samples to the test images; None if they are not finite.

    Args:
        model: Model of the zoo, or an array of its samples in [0, 1].
        reference: `kerasgen.evaluation.Reference` with test images.
        num_samples: Samples that are judged.
        seed: int.
    """
    from kerasgen import evaluation  # here, as hosts with a GPU may lack what it needs

    try:
        record = evaluation.evaluate(
            model,
            reference,
            num_samples=num_samples,
            seed=seed,
            metrics=["frechet_distance"],
        )
    except evaluation.NotFiniteError:
        return None
    return float(record[evaluation.find_name(record, "fid", "features")])


def in_fresh_process(function, *arguments):
    """What a function returns in a Python that has run nothing else.

    Args:
        function: Function of a module that can be imported.
        *arguments: What can be pickled.
    """
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(function, *arguments).result()


def resident_mb(key="VmRSS"):
    """Memory of this process in MB, of Linux: `VmRSS` now, `VmHWM` at its highest.

    Of a child, `getrusage` would give its parent's. Elsewhere it is not known: None.
    """
    path = pathlib.Path("/proc/self/status")
    if not path.exists():
        return None
    lines = (line.split() for line in path.read_text().splitlines())
    return next(int(line[1]) / 1024 for line in lines if line[0] == f"{key}:")


def gpu_peak_mb():
    """The most that TensorFlow has held on the first GPU, in MB; None without one."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20


def digits(image_shape=(28, 28, 1), num=4096):
    """Random uint8 images: what a step takes does not depend on what is drawn."""
    return np.random.default_rng(0).integers(0, 256, (num, *image_shape), "uint8")


def cycled(images, num):
    """The first so many images, from the start again where there are fewer."""
    return images[np.arange(num) % len(images)]


def describe():
    """Dict of hardware, versions, commit and how busy the machine was."""
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    torch = sys.modules.get("torch")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "gpus": gpus,
        "load_average": os.getloadavg()[0],
        "platform": platform.platform(),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "torch": torch.__version__ if torch else None,
        "commit": _commit(),
    }


def _processor():
    path = pathlib.Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()


def _commit():
    root = pathlib.Path(__file__).resolve().parents[1]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None


def table(rows):
    """A Markdown table.

    Args:
        rows: List of dicts from column to cell; columns are those of the first row.
    """
    columns = list(rows[0])
    cells = [columns, *([_cell(row.get(c)) for c in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True))
        for line in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths))
    return "\n".join(f"{line} |" for line in lines)


def _cell(value):
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write(path, **results):
    """Writes results as JSON, with the machine and the script's own flags.

    Folders are left out: no number depends on where things lie on a machine.
    """
    own = flags.FLAGS.get_key_flags_for_module(sys.argv[0])
    folders = ("data_dir", "output")
    settings = {flag.name: flag.value for flag in own if flag.name not in folders}
    record = {"machine": describe(), "settings": settings, **results}
    with files.replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
