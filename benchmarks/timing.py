"""Seconds per epoch of the models of a study, each alone, for its report.

    python -m benchmarks.timing runs/mnist-modern --data_dir=<folder of IDX files>

Runs of a study share their machine with each other and with more, so their own seconds
do not compare. Here every model is trained with the settings of its runs, one at a
time and in turn, A, B, C, A, B, C, one round for each seed of the study. It writes
`timing.json` into the study's folder, from which the report takes times of epochs.
Nothing else should run on the machine.
"""

import pathlib

from absl import app
from absl import flags

from benchmarks import measuring
from kerasgen import data
from kerasgen.study import records
from kerasgen.study import run

FLAGS = flags.FLAGS
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_float("seconds", 5.0, "Length of one measurement.", 0.0)
flags.DEFINE_string("output", None, "Default: timing.json in the study's folder.")


def main(arguments):
    if len(arguments) != 2:
        raise app.UsageError(f"Got {arguments[1:]}; expected the folder of one study.")
    folder = pathlib.Path(arguments[1]).expanduser()
    runs = records.load_study(folder).runs
    settings = {one.settings.name: one.settings for one in runs}
    precisions = {one.settings.name: one.record["precision"] for one in runs}
    seeds = sorted({one.seed for one in runs})
    first = next(iter(settings.values()))
    images = run.first_images(first.fetch("train", FLAGS.data_dir), first.limit)
    variants, sizes = {}, {}
    for name, one in settings.items():
        model = run.build(one, images, precisions[name])
        sizes[name] = one.batch_size
        train = measuring.fitting(model, _batches(images, one), one.batch_size)
        variants[name] = train, measuring.calibrated(train, FLAGS.seconds)
    times = measuring.interleaved(variants, len(seeds))
    epochs = {
        name: [step * (len(images.images) // sizes[name]) for step in steps]
        for name, steps in times.items()
    }
    path = pathlib.Path(FLAGS.output or folder / "timing.json")
    by_seed = {name: dict(zip(seeds, of, strict=True)) for name, of in epochs.items()}
    measuring.write(path, seconds_per_epoch=by_seed)
    print(measuring.table([_row(name, values) for name, values in epochs.items()]))


def _batches(images, settings):
    """Function from a number of images to a dataset of so many, as a run has it."""

    def batches(num):
        arrays = [images.images, images.labels][: 1 + settings.conditional]
        arrays = [measuring.cycled(array, num) for array in arrays]
        return data.batches(*arrays, batch_size=settings.batch_size)

    return batches


def _row(name, values):
    return {
        "model": name,
        "s/epoch": measuring.median(values),
        "least": min(values),
        "greatest": max(values),
    }


if __name__ == "__main__":
    app.run(main)
