"""Kills trainings by SIGKILL, starts them again, and compares what they end with.

    python -m tests.study.kills --kills=25
    python -m tests.study.kills --kills=25 --models=dcgan --precision=mixed_bfloat16
    python -m tests.study.kills --kills=3 --models=dcgan --mnist=data/idx/mnist

Every model of the zoo, small, trains three epochs on shuffled images and is exported,
once in peace; then the same is killed at random moments, half of them while a file is
being written, and started again until it is done, and again in a new directory until
all kills have been dealt. With `--mnist`, it is models of full size, two epochs, and
all images of MNIST. Weights, optimizers, history, pictures, samples: every file
must be bitwise equal, the seconds of epochs and dates aside, and none be left over.

A killed process is a fork of this one, which has imported everything and computed
nothing: a new process would take five seconds to get there.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
from absl import app
from absl import flags
from sklearn.datasets import load_digits

from kerasgen import data
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.study import run
from kerasgen.study.settings import RunSettings
from tests.contract import contract_of
from tests.study.same_runs import differences

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list_models(), "Models to kill, by comma.")
flags.DEFINE_integer("kills", 25, "Kills of each model.")
flags.DEFINE_string("precision", "float32", "Numbers to compute in.")
flags.DEFINE_integer("seed", 0, "Seed of the moments.")
flags.DEFINE_string("mnist", None, "Folder of MNIST's IDX files, to train on them.")


def train(settings, directory):
    """What is killed: a training, with an export at its end."""
    tf.config.experimental.enable_op_determinism()
    model = run.train(settings, directory / "run", *image_sets())
    model.export(directory / "export", settings=settings.to_dict())


def image_sets():
    """Images to train on, and to judge the losses by."""
    if FLAGS.mnist:
        splits = ("train", "test")
        return [data.fetch("mnist", split, data_dir=FLAGS.mnist) for split in splits]
    bunch = load_digits()
    pixels = np.kron(bunch.images[:128] / 16.0 * 255.0, np.ones((1, 3, 3)))
    pixels = np.pad(pixels, ((0, 0), (2, 2), (2, 2)))[..., None].astype("uint8")
    images = data.ImageSet(
        name="mnist",
        split="train",
        source="a test",
        images=pixels,
        labels=bunch.target[:128].astype("int32"),
        num_classes=10,
    )
    return [images, images]


def start(settings, directory):
    """The process id of a process that trains."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    directory.mkdir(exist_ok=True)
    log = os.open(directory.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    status = 1
    try:
        train(settings, directory)
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def wait(child, until):
    """Waits for the end of a process (its status), or until something holds (None)."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if until():
            return None
        time.sleep(0.001)


def moment(rng, seconds, writes, directory):
    """A function that tells when the moment to kill has come, drawn at random."""
    if rng.random() < 0.5:
        end = time.monotonic() + rng.uniform(0.0, seconds)
        return lambda: time.monotonic() > end
    return Writes(directory, rng.randint(1, writes)).are_enough


class Writes:
    """Counts the files that are seen half written."""

    def __init__(self, directory, enough=None):
        self.directory, self.enough = directory, enough
        self.seen = set()

    def are_enough(self):
        for folder, _, names in os.walk(self.directory):
            for name in names:
                if name.startswith(".partial-"):
                    self._look_at(os.path.join(folder, name))
        return self.enough is not None and len(self.seen) >= self.enough

    def _look_at(self, path):
        with contextlib.suppress(FileNotFoundError):  # It has got its name.
            self.seen.add(os.stat(path).st_ino)


def compare(whole, cut):
    """Ends the program if two trainings differ."""
    found = differences(whole, cut)
    if found or cut.with_name("run.lock").exists():
        sys.exit(f"{cut} differs from {whole} in {found}")


def kill(settings, folder, kills, rng):
    """Deals out the kills of one model; returns a sentence on them."""
    whole, writes = folder / "whole", Writes(folder / "whole")
    begin = time.monotonic()
    require(wait(start(settings, whole), writes.are_enough), whole)
    seconds = time.monotonic() - begin
    dealt, ended, epochs = 0, 0, []
    while dealt < kills or (folder / "cut").exists():
        cut = folder / "cut"
        child = start(settings, cut)
        until = moment(rng, seconds, len(writes.seen), cut)
        status = wait(child, until if dealt < kills else lambda: False)
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            dealt += 1
            epochs.append(run.epochs_done(cut / "run"))
            continue
        require(status, cut)
        compare(whole, cut)
        shutil.rmtree(cut)
        ended += 1
    spread = ", ".join(f"{epochs.count(n)} at epoch {n}" for n in sorted(set(epochs)))
    return (
        f"{settings.model} {settings.precision}: {dealt} kills ({spread}), "
        f"{ended} runs ended, all equal to the one of {seconds:.1f} s"
    )


def require(status, directory):
    if status != 0:
        log = directory.with_suffix(".log").read_text()
        sys.exit(f"A training ended with status {status}:\n{log[-3000:]}")


def main(_):
    rng = random.Random(FLAGS.seed)
    for model in FLAGS.models:
        small = {"epochs": 3, "batch_size": 16, "arguments": {"width": 4}}
        settings = RunSettings(
            model,
            precision=FLAGS.precision,
            conditional=None not in contract_of(model_class(model)).classes,
            **({"epochs": 2, "batch_size": 64} if FLAGS.mnist else small),
        )
        with tempfile.TemporaryDirectory() as folder:
            print(kill(settings, pathlib.Path(folder), FLAGS.kills, rng), flush=True)


if __name__ == "__main__":
    app.run(main)
