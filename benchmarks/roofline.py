"""A training step beside the convolutions and matrix products in it, taken alone.

    python -m benchmarks.roofline
    python -m benchmarks.roofline --models=dcgan,wgan --rounds=9

Each product of a step (`benchmarks/products.py`) is timed by itself, at its shapes, in
float32 and in bfloat16, by TensorFlow's own kernel for it, in turn with the step. Their
sum, each in its faster dtype, is what a step would take if all else were free and
nothing ran side by side. It is a bound of this kind only: another kernel for the same
product can be faster (the zoo has one for pixels), and products of a few microseconds
count with the call of a kernel in them.
"""

import tensorflow as tf
from absl import app
from absl import flags
from absl import logging

from benchmarks import measuring
from benchmarks import products

FLAGS = flags.FLAGS
DTYPES = ("float32", "bfloat16")
flags.DEFINE_list("models", list(measuring.MODELS), "Models, by comma.")
flags.DEFINE_list("precisions", ["float32", "mixed_bfloat16"], "Of the step.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("width", None, "Width of the networks; default the zoo's.")
flags.DEFINE_integer("rounds", 7, "Times that each is measured.", 1)
flags.DEFINE_float("seconds", 2.0, "Length of one measurement of the step.")
flags.DEFINE_float("product_seconds", 0.05, "Length of one of a product.")
flags.DEFINE_string("output", "roofline.json", "JSON file of all rounds.")


def main(_):
    logging.set_verbosity(logging.ERROR)
    results, rows = {}, []
    for key in FLAGS.models:
        name = measuring.MODELS[key]
        results[name] = measure(name)
        rows += table_rows(name, results[name])
        print(f"{name} done", flush=True)
    measuring.write(FLAGS.output, models=results, rows=rows)
    print(measuring.table(rows))


def measure(name):
    """Times the step of a model and its products in turn."""
    images = measuring.digits()
    size = (FLAGS.batch_size,)
    steps = {
        dtype: measuring.zoo(name, images, *size, width=FLAGS.width, dtype=dtype)
        for dtype in FLAGS.precisions
    }
    counts = products.of_step(steps[FLAGS.precisions[0]][0], *size)
    trains = {
        dtype: (train, measuring.calibrated(train, FLAGS.seconds))
        for dtype, (_, train) in steps.items()
    }
    times = measuring.interleaved(trains | alone(counts), FLAGS.rounds)
    listed, rounds = [], [0.0] * FLAGS.rounds
    for product, count in counts.items():
        of_dtype = {
            dtype: times[product, dtype]
            for dtype in DTYPES
            if (product, dtype) in times
        }
        best = min(of_dtype, key=lambda dtype: measuring.median(of_dtype[dtype]))
        rounds = [a + count * b for a, b in zip(rounds, of_dtype[best], strict=True)]
        listed.append(described(product, count, of_dtype, best))
    return {
        "flops_per_step": sum(p.flops * count for p, count in counts.items()),
        "products": listed,
        "products_seconds": rounds,
        "step_seconds": {dtype: times[dtype] for dtype in trains},
        "multiple": {dtype: measuring.ratios(times[dtype], rounds) for dtype in trains},
    }


def alone(counts):
    """Variants to time: each product in each dtype that the device has it in."""
    variants = {}
    for product in counts:
        for dtype in DTYPES:
            take = products.repeated(product, dtype)
            multiple = products.copies(product)
            try:
                number = measuring.calibrated(take, FLAGS.product_seconds, multiple)
            except (tf.errors.OpError, TypeError):
                continue
            variants[product, dtype] = take, number
    return variants


def described(product, count, of_dtype, best):
    """A product for the JSON file, with its rates."""
    return {
        "op": product.op,
        "shapes": [product.first, product.second, product.result],
        "count": count,
        "seconds": of_dtype,
        "best": best,
        "gflops_per_second": product.flops / measuring.median(of_dtype[best]) / 1e9,
    }


def table_rows(name, result):
    alone_ms = measuring.median(result["products_seconds"]) * 1e3
    flops = result["flops_per_step"]
    return [
        {
            "model": name,
            "precision": dtype,
            "step, ms": measuring.median(seconds) * 1e3,
            "products alone, ms": alone_ms,
            "step / products": measuring.ratio_text(result["multiple"][dtype]),
            "GFLOP in products": flops / 1e9,
            "GFLOP/s of step": flops / measuring.median(seconds) / 1e9,
            "of products": flops / alone_ms / 1e6,
        }
        for dtype, seconds in result["step_seconds"].items()
    ]


if __name__ == "__main__":
    app.run(main)
