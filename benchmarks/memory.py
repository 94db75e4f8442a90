"""Memory and time of judging many samples, and of training on more than memory holds.

    python -m benchmarks.memory --part=judging
    python -m benchmarks.memory --part=training
    python -m benchmarks.memory --part=mnist --data_dir=<folder> --beside=<checkout>

judging: an untrained DCGAN is judged by every metric against random images of its size,
so many as the samples. training: TFRecord files of random images are written to a
temporary folder; one whole pass is read in its order, which must hold every image once,
and a small DCGAN is trained for some steps. mnist: the same samples of a preset are
judged by this code and by that of another checkout in turn, each time in a process of
its own; the first round finds no features of real images on disk, the others do.

Peaks are those of the whole process, TensorFlow's import included.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl import app
from absl import flags

import kerasgen
from benchmarks import measuring
from kerasgen import evaluation

FLAGS = flags.FLAGS
flags.DEFINE_enum("part", "judging", ["judging", "training", "mnist"], "What to do.")
flags.DEFINE_integer("num_samples", 50_000, "Samples to judge.", lower_bound=2)
flags.DEFINE_integer("num_images", 200_000, "Images to train on.", lower_bound=64)
flags.DEFINE_integer("image_size", 64, "Pixels of a side.", lower_bound=8)
flags.DEFINE_integer("channels", 3, "1 for grey, 3 for colour images.")
flags.DEFINE_string("metrics", "all", "Metrics, by comma.")
flags.DEFINE_integer("steps", 200, "Steps of training.", lower_bound=1)
flags.DEFINE_string("data_dir", None, "Folder of MNIST's IDX files.")
flags.DEFINE_string("beside", None, "Root of another checkout of kerasgen.")
flags.DEFINE_integer("rounds", 3, "Rounds over both.", lower_bound=2)
flags.DEFINE_string("output", "memory.json", "JSON file of the outcome.")
_RECORDS_IN_A_FILE = 4000
_JUDGE = """
import json, sys, time
import numpy as np
import kerasgen
samples = np.load(sys.argv[1])
start = time.perf_counter()
record = kerasgen.evaluate(
    samples, "mnist", num_samples=len(samples), data_dir=sys.argv[2] or None
)
print(json.dumps({**record, "seconds": time.perf_counter() - start}))
"""


def main(_):
    parts = {"judging": judging, "training": training, "mnist": mnist}
    rows = parts[FLAGS.part]()
    measuring.write(FLAGS.output, rows=rows)
    print(measuring.table(rows))


def judging():
    """A row with seconds and peak of judging random images."""
    shape = _image_shape()
    generator = np.random.default_rng(0)
    real = [
        generator.integers(0, 256, (num, *shape), np.uint8)
        for num in (FLAGS.num_samples, 10_000)
    ]
    model = kerasgen.DCGAN(shape, seed=0)
    before = measuring.resident_mb("VmHWM")
    start = time.perf_counter()
    metrics = FLAGS.metrics if FLAGS.metrics == "all" else FLAGS.metrics.split(",")
    evaluation.evaluate(
        model,
        tuple((images, None) for images in real),
        num_samples=FLAGS.num_samples,
        features="random",
        metrics=metrics,
    )
    seconds = time.perf_counter() - start
    return [_row(f"judging {FLAGS.num_samples} samples", seconds, before)]


def training():
    """Rows with seconds and peak of a pass, and of training, over TFRecord files."""
    shape, num = _image_shape(), FLAGS.num_images
    with tempfile.TemporaryDirectory() as folder:
        measuring.in_fresh_process(write_records, folder, num, shape)
        before = measuring.resident_mb("VmHWM")
        start = time.perf_counter()
        stream = kerasgen.data.stream(folder, batch_size=64, image_shape=shape)
        seen = np.concatenate([labels for _, labels in stream.as_numpy_iterator()])
        num_read = num - num % 64
        if len(seen) != num_read or len(np.unique(seen)) != num_read:
            raise RuntimeError(
                f"Got {len(np.unique(seen))} different images in a pass of "
                f"{len(seen)}; expected {num_read}. Look at the order of streams."
            )
        rows = [_row(f"a pass over {num} images", time.perf_counter() - start, before)]
        start = time.perf_counter()
        model = kerasgen.DCGAN(shape, width=8, seed=0)
        model.fit(stream, steps_per_epoch=FLAGS.steps, verbose=0)
    name = f"{FLAGS.steps} steps of 64 of them"
    return [*rows, _row(name, time.perf_counter() - start, before)]


def write_records(folder, num, shape):
    """Writes TFRecord files of random images, each labelled with its number."""
    generator = np.random.default_rng(0)
    for first in range(0, num, _RECORDS_IN_A_FILE):
        path = pathlib.Path(folder) / f"images.tfrecord-{first:08d}"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for number in range(first, min(first + _RECORDS_IN_A_FILE, num)):
                pixels = generator.integers(0, 256, shape, np.uint8).tobytes()
                image = tf.train.BytesList(value=[pixels])
                label = tf.train.Int64List(value=[number])
                features = {
                    "image": tf.train.Feature(bytes_list=image),
                    "label": tf.train.Feature(int64_list=label),
                }
                features = tf.train.Features(feature=features)
                writer.write(tf.train.Example(features=features).SerializeToString())


def mnist():
    """Rows with seconds of judging 10,000 samples, of this code and another."""
    roots = {"this code": pathlib.Path(__file__).resolve().parents[1]}
    if FLAGS.beside:
        roots["other code"] = pathlib.Path(FLAGS.beside).resolve()
    records = {name: [] for name in roots}
    with tempfile.TemporaryDirectory() as folder:
        samples = pathlib.Path(folder) / "samples.npy"
        model = kerasgen.DCGAN.from_preset("dcgan_mnist")
        np.save(samples, model.sample(min(FLAGS.num_samples, 10_000), seed=0))
        for _ in range(FLAGS.rounds):
            for name, root in roots.items():
                records[name].append(_judged(root, samples, folder))
    parts = {
        "first time on a machine": slice(0, 1),
        "later": slice(1, None),
    }
    return [
        {
            "code": name,
            "round": part,
            **_seconds(found[chosen], records.get("other code", found)[chosen]),
        }
        for name, found in records.items()
        for part, chosen in parts.items()
    ]


def _judged(root, samples, cache):
    """The record of `evaluate` by the code at a root, with all seconds."""
    folder = FLAGS.data_dir and str(pathlib.Path(FLAGS.data_dir).expanduser().resolve())
    command = [sys.executable, "-c", _JUDGE, str(samples), folder or ""]
    cache = pathlib.Path(cache) / f"cache-{root.parent.name}-{root.name}"
    environment = {"PYTHONPATH": str(root), "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _seconds(records, others):
    """Medians of the seconds of all, of features and of NDB, and the ratio of all."""
    kinds = {"seconds": "seconds", "features, s": "seconds_features"}
    kinds["NDB, s"] = "seconds_ndb"
    sums = {
        title: [sum(v for k, v in r.items() if k.startswith(key)) for r in records]
        for title, key in kinds.items()
    }
    sums["seconds"] = [record["seconds"] for record in records]
    ratio = measuring.ratios(sums["seconds"], [each["seconds"] for each in others])
    medians = {title: measuring.median(values) for title, values in sums.items()}
    return {**medians, "of the other": measuring.ratio_text(ratio)}


def _image_shape():
    return (FLAGS.image_size, FLAGS.image_size, FLAGS.channels)


def _row(name, seconds, before):
    peak = measuring.resident_mb("VmHWM")
    return {"part": name, "seconds": seconds, "before, MB": before, "peak, MB": peak}


if __name__ == "__main__":
    app.run(main)
