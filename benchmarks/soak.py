"""One loaded SavedModel under many requests from several threads, as in a service.

    python -m benchmarks.soak --model=saved_models/dcgan_mnist
    python -m benchmarks.soak --requests=10000 --threads=4

A request samples some images by a seed. Seeds come again and again, and equal seeds
must give equal images, bit by bit, whatever else runs at the time; the script ends with
an error where they do not. Resident memory is read after shares of the requests: what
it grows by once all threads are warm is a leak, or the allocator's habit. Without
`--model` an untrained DCGAN is exported and loaded: memory and equality do not depend
on what its weights are.
"""

import concurrent.futures
import hashlib
import pathlib
import tempfile
import time

from absl import app
from absl import flags
from absl import logging

import kerasgen
from benchmarks import measuring

FLAGS = flags.FLAGS
SHARES = (0.01, 0.1, 0.25, 0.5, 0.75, 1.0)
flags.DEFINE_string("model", None, "Folder of a SavedModel; an untrained one if None.")
flags.DEFINE_integer("requests", 10_000, "Requests in all.", 1)
flags.DEFINE_integer("threads", 4, "Threads that make them.", 1)
flags.DEFINE_integer("images", 16, "Images in a request.", 1)
flags.DEFINE_integer("seeds", 100, "Different seeds.", 1)
flags.DEFINE_string("output", "soak.json", "JSON file of the outcome.")


def main(_):
    logging.set_verbosity(logging.ERROR)
    loaded = load(FLAGS.model)
    before = measuring.resident_mb()
    start = time.perf_counter()
    memory = soak(loaded, FLAGS.requests, FLAGS.threads, FLAGS.images, FLAGS.seeds)
    seconds = time.perf_counter() - start
    outcome = {"seconds": seconds, "before_mb": before, "resident_mb": memory}
    measuring.write(FLAGS.output, **outcome)
    rows = [{"requests": n, "resident, MB": mb} for n, mb in memory.items()]
    print(measuring.table([{"requests": 0, "resident, MB": before}, *rows]))
    print(f"\n{FLAGS.requests / seconds:.0f} requests/s; equal seeds gave equal images")


def load(path):
    """The SavedModel in a folder, or that of an untrained DCGAN."""
    if path is not None:
        return kerasgen.export.load(path)
    with tempfile.TemporaryDirectory() as folder:
        model = kerasgen.DCGAN(dtype="float32")
        return kerasgen.export.load(model.export(pathlib.Path(folder) / "dcgan"))


def soak(model, requests, threads, images=16, seeds=100):
    """Samples from several threads at once, and compares what equal seeds give.

    Args:
        model: What has `sample`.
        requests: Number of requests, positive int.
        threads: Number of threads.
        images: Images in a request.
        seeds: Number of different seeds.

    Returns:
        Dict from a number of requests to the resident memory after them, in MB (None
        where the system does not tell).

    Raises:
        RuntimeError: If two requests with the same seed gave different images.
    """
    expected = [_digest(model, images, seed) for seed in range(seeds)]
    ends = sorted({max(1, round(share * requests)) for share in SHARES})
    memory = {}
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for first, end in zip([0, *ends], ends, strict=False):
            asked = [number % seeds for number in range(first, end)]
            digests = pool.map(lambda seed: _digest(model, images, seed), asked)
            for seed, digest in zip(asked, digests, strict=True):
                if digest != expected[seed]:
                    raise RuntimeError(f"Two samples by the seed {seed} differ.")
            memory[end] = measuring.resident_mb()
    return memory


def _digest(model, images, seed):
    return hashlib.sha256(model.sample(images, seed=seed).tobytes()).digest()


if __name__ == "__main__":
    app.run(main)
