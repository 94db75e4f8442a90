"""Memory and time of judging many samples.

    python -m benchmarks.judging --num_samples=50000 --image_size=64

An untrained DCGAN is judged by every metric against random images of its size, so many
as the samples. Peaks are those of the whole process, TensorFlow's import included.
"""

import time

import numpy as np
from absl import app
from absl import flags

import kerasgen
from benchmarks import measuring
from kerasgen import evaluation

FLAGS = flags.FLAGS
flags.DEFINE_integer("num_samples", 50_000, "Samples to judge.", lower_bound=2)
flags.DEFINE_integer("image_size", 64, "Pixels of a side.", lower_bound=8)
flags.DEFINE_integer("channels", 3, "1 for grey, 3 for colour images.")
flags.DEFINE_string("metrics", "all", "Metrics, by comma.")


def main(_):
    shape = (FLAGS.image_size, FLAGS.image_size, FLAGS.channels)
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
        tell=print,
    )
    seconds = time.perf_counter() - start
    peak = measuring.resident_mb("VmHWM")
    print(f"{seconds:.0f} s; peak {peak:.0f} MB, {before:.0f} MB of them before")


if __name__ == "__main__":
    app.run(main)
