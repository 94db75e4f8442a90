"""The zoo beside tutorials' models of the same names, networks and settings included.

    python -m benchmarks.quality --data_dir=<folder> --epochs=50 --seeds=0,1,2
    python -m benchmarks.quality --data_dir=<folder> --models=dcgan --images=10000 \\
        --epochs=1

Both sides train from each seed, in turn from mark to mark; at each mark samples are
judged by their Fréchet distance to the test images. The zoo trains at its defaults, in
the precision that `precision="auto"` takes here, the tutorials in float32 as they are
written (see `reference/tutorials.py`). The clock runs from before a model is built and
stands still while samples are judged. Equal epochs are read at the marks; equal time is
the shorter side's, with distances between marks interpolated over seconds.
AdversarialVAE is not here, as no tutorial has it.

Interrupted, the same command goes on after the last mark, by the weights that lie in
`<output>-weights/`; more epochs or seeds go on, too. Compilation is then counted again,
and the tutorials' noise and order of images are others than without an interruption.
"""

import json
import time

import keras
from absl import app
from absl import flags
from absl import logging

import kerasgen
from benchmarks import comparison
from benchmarks import measuring
from benchmarks.reference.tutorials import TUTORIALS
from kerasgen import evaluation
from kerasgen.files import user_path
from kerasgen.study import environment
from kerasgen.training import DivergenceError

BATCH_SIZE = 64  # the zoo's default

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list(TUTORIALS), "Models, by comma.")
flags.DEFINE_list("seeds", [0], "Seeds, by comma.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("images", None, "Train on the first so many images only.")
flags.DEFINE_integer("epochs", 50, "Epochs.", 1)
flags.DEFINE_list("marks", [1, 2, 5, 10, 20, 50], "Epochs to judge after.")
flags.DEFINE_integer("samples", 10_000, "Samples that are judged.")
flags.DEFINE_string("output", "quality.json", "JSON file of all curves.")


class Ours:
    """A model of the zoo at its defaults, with the methods of a `Tutorial`."""

    def __init__(self, key, seed):
        dtype = environment.resolve_precision("auto")
        self.seed = seed
        self.model = getattr(kerasgen, measuring.MODELS[key])(seed=seed, dtype=dtype)

    def batches(self, images):
        return kerasgen.data.batches(images, batch_size=BATCH_SIZE, seed=self.seed)

    def train(self, dataset, epochs):
        self.model.fit(dataset, epochs=epochs, verbose=0)

    def sample(self, num, seed):
        return self.model.sample(num, seed=seed)

    def save(self, path):
        self.model.save_weights(path.with_suffix(".weights.h5"))

    def load(self, path):
        self.model.load_weights(path.with_suffix(".weights.h5"))


def main(_):
    logging.set_verbosity(logging.ERROR)
    for key in FLAGS.models:
        if key not in TUTORIALS:
            raise app.UsageError(
                f"--models={key}: no tutorial has it; expected {', '.join(TUTORIALS)}."
            )
    curves = finished(user_path(FLAGS.output))
    train = kerasgen.data.load_arrays("mnist", data_dir=FLAGS.data_dir)
    test = kerasgen.data.load_arrays("mnist", "test", data_dir=FLAGS.data_dir)
    reference = evaluation.Reference((train, test), features="mnist")
    images = train[0][: FLAGS.images]
    marks = sorted({int(m) for m in FLAGS.marks if int(m) < FLAGS.epochs})
    for seed in map(int, FLAGS.seeds):
        for key in FLAGS.models:
            race(curves, key, seed, images, reference, [*marks, FLAGS.epochs])
    for rows, after in (
        (comparison.by_epochs(curves), "equal epochs"),
        (comparison.by_seconds(curves), "equal time"),
    ):
        if rows:
            print(f"\nAfter {after}\n\n{measuring.table(rows)}")


def finished(path):
    """The curves of an earlier call, or an empty list.

    Raises:
        app.UsageError: If they were judged or trained otherwise.
    """
    if not path.exists():
        return []
    record = json.loads(path.read_text())
    for name in ("images", "samples"):
        before, now = record["settings"][name], FLAGS[name].value
        if before != now:
            raise app.UsageError(
                f"{path} was made with --{name}={before}, not {now}. Give the same, or "
                "another --output."
            )
    return record["curves"]


def race(curves, key, seed, images, reference, marks):
    """Trains both sides from mark to mark, in turn, and keeps each mark in the file."""
    racers = [Racer(curves, key, side, seed) for side in comparison.SIDES]
    for mark in marks:
        for racer in racers:
            if racer.is_past(mark):
                continue
            racer.go_on(mark, images, reference)
            write(curves)
            racer.forget_older()


class Racer:
    """One side of a model, one seed: its curve, and what trains when there is need.

    Args:
        curves: List of all curves; that of this racer is added if it is not there.
        key: Name of the model, such as "dcgan".
        side: One of `comparison.SIDES`.
        seed: int.
    """

    def __init__(self, curves, key, side, seed):
        name = {"model": measuring.MODELS[key], "side": side, "seed": seed}
        found = [c for c in curves if {k: c[k] for k in name} == name]
        if not found:
            found = [{**name, "marks": []}]
            curves += found
        self.curve, self.key, self.contender = found[0], key, None
        self.stem = f"{key}-{side}-seed{seed}-epoch"
        output = user_path(FLAGS.output)
        self.folder = output.with_name(f"{output.stem}-weights")

    @property
    def epoch(self):
        return self.curve["marks"][-1]["epoch"] if self.curve["marks"] else 0

    def is_past(self, mark):
        return self.epoch >= mark or "failed" in self.curve

    def go_on(self, mark, images, reference):
        """Trains until a mark and judges there."""
        start = time.perf_counter()
        if self.contender is None:
            self._begin(images)
        try:
            self.contender.train(self.dataset, mark - self.epoch)
        except DivergenceError as error:
            self.curve["failed"] = str(error)
            return
        seconds = time.perf_counter() - start
        if self.curve["marks"]:
            seconds += self.curve["marks"][-1]["seconds"]
        seed = self.curve["seed"]
        samples = self.contender.sample(FLAGS.samples, seed)
        distance = measuring.frechet_distance(samples, reference, FLAGS.samples, seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.contender.save(self.folder / f"{self.stem}{mark}.npz")
        self.curve["marks"].append(
            {"epoch": mark, "seconds": seconds, "frechet_distance": distance}
        )
        print(json.dumps({**self.curve, "marks": self.curve["marks"][-1]}), flush=True)

    def forget_older(self):
        """Removes the weights of earlier marks, once the file has the last one."""
        for path in self.folder.glob(f"{self.stem}*"):
            if not path.name.startswith(f"{self.stem}{self.epoch}."):
                path.unlink()

    def _begin(self, images):
        seed = self.curve["seed"]
        keras.utils.set_random_seed(seed)
        if self.curve["side"] == "kerasgen":
            self.contender = Ours(self.key, seed)
        else:
            self.contender = TUTORIALS[self.key]()
        if self.epoch:
            self.contender.load(self.folder / f"{self.stem}{self.epoch}.npz")
        self.dataset = self.contender.batches(images)


def write(curves):
    measuring.write(
        FLAGS.output,
        default_precision=environment.resolve_precision("auto"),
        curves=curves,
        by_epochs=comparison.by_epochs(curves),
        by_seconds=comparison.by_seconds(curves),
    )


if __name__ == "__main__":
    app.run(main)
