"""The latent space of a trained model: five pictures of it and a record.

    python examples/latent.py --model=runs/mnist/cvae/seed0/model.keras
    python examples/latent.py --model=dcgan_mnist --output_dir=latent_dcgan

The model is a preset, a `.keras` file or the folder of a SavedModel.

`interpolation.png`: rows of images from one latent to the next. `classes.png`, of a
conditional model: one row a class. `traversals.png`: one direction a row, from -3 to 3
standard deviations of the prior; the latents of an encoder, most active first, else
directions drawn by chance. `arithmetic.png`, of a model with an encoder: a test image,
its reconstruction, and the image made every other class: its code less its class's mean
code plus the other's (a conditional model gets the other label instead).
`neighbours.png`: samples above the training images nearest to them in features, ten by
chance and the ten nearest of all.

`latent.json` holds the numbers: how far each direction moves an image, how active each
latent is, how often a classifier sees the class that arithmetic asked for, and whether
samples lie nearer to the training images than test images do. A minute on a core.
"""

import json

import command_line  # noqa: F401  first: it answers slips at once
import numpy as np
from absl import app
from absl import flags
from absl import logging

from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen import files
from kerasgen import metrics
from kerasgen import study
from kerasgen.evaluation.encoder_inputs import EncoderInputs

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "Preset, .keras or SavedModel.", required=True)
flags.DEFINE_string("dataset", "mnist", "The image set that the model was trained on.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("num_samples", 1000, "Samples to find the neighbours of.")
flags.DEFINE_integer("num_images", 500, "Test images to do arithmetic on.")
flags.DEFINE_integer("seed", 0, "Seed of latents, directions and samples.")
flags.DEFINE_string("output_dir", "latent", "Folder of the pictures and the record.")
REACH, STEPS, ROWS = 3.0, 11, 10


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        model = study.load_model(FLAGS.model)
        reference = evaluation.Reference(FLAGS.dataset, data_dir=FLAGS.data_dir)
        folder = files.prepare_directory(FLAGS.output_dir)
        for kind in ("interpolation", "classes"):
            if kind == "interpolation" or model.is_conditional:
                picture = study.draw(model, kind, num=80, seed=FLAGS.seed)
                callbacks.write_png(folder / f"{kind}.png", picture)
        record = {"model": FLAGS.model, "dataset": reference.name, "seed": FLAGS.seed}
        record["directions"] = traversals(model, reference, folder)
        if hasattr(model, "encode"):
            record["arithmetic"] = arithmetic(model, reference, folder)
        record["neighbours"] = neighbours(model, reference, folder)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    with files.replacing(folder / "latent.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
    print(f"{FLAGS.output_dir}: {', '.join(p.name for p in sorted(folder.iterdir()))}")


def traversals(model, reference, folder):
    """Draws one direction a row; the record of each direction, in order.

    Along a unit vector d, z + (t - z·d) d has the projection t, from -3 to 3.
    """
    test = reference.test.take(slice(FLAGS.num_images))
    generator = np.random.default_rng(FLAGS.seed)
    (size,) = model.latent_shape  # with a class and codes, for some
    if hasattr(model, "encode"):
        codes = codes_of(model, test)
        activity = codes.var(axis=0)
        order = np.argsort(-activity)
        start, directions = codes[0], np.eye(size)[order]
        records = [{"latent": int(i), "activity": float(activity[i])} for i in order]
    else:
        start = generator.normal(size=size)
        square = generator.normal(size=(size, size))
        directions = np.linalg.qr(square)[0][:ROWS]
        records = [{"direction": i} for i in range(len(directions))]
    places = np.linspace(-REACH, REACH, STEPS)[None, :, None]
    steps = places - (directions @ start)[:, None, None]
    latents = (start + steps * directions[:, None]).reshape(-1, size)
    labels = np.repeat(test.labels[:1], len(latents))
    images = model.generate(latents, given(model, labels))
    rows = images.reshape(len(records), STEPS, *images.shape[1:])
    for record, row in zip(records, rows, strict=True):
        change = metrics.mean_squared_error(row[:1], row[-1:])
        record["mean_squared_change"] = float(change[0])
    write_rows(folder / "traversals.png", rows[:ROWS])
    return records


def arithmetic(model, reference, folder):
    """Draws images made every other class; how often a classifier sees that class."""
    train, test = reference.probed, reference.test.take(slice(FLAGS.num_images))
    codes = codes_of(model, train)
    classes = range(reference.num_classes)
    means = np.stack([codes[train.labels == c].mean(axis=0) for c in classes])
    codes = codes_of(model, test)

    def made(target):
        if makes_by_label(model):
            return model.generate(codes, np.full(len(codes), target))
        return model.generate(codes - means[test.labels] + means[target])

    restored = model.generate(codes, given(model, test.labels))
    columns = [made(target) for target in classes]
    seen = np.stack([classes_of(reference, images) for images in columns], axis=1)
    other = np.arange(len(columns)) != test.labels[:, None]
    rows = [np.flatnonzero(test.labels == c)[0] for c in np.unique(test.labels)]
    pictures = np.stack([test.pixels, restored, *columns], axis=1)[rows]
    write_rows(folder / "arithmetic.png", pictures)
    right = classes_of(reference, restored) == test.labels
    return {
        "num_images": len(codes),
        "reconstructions_seen_as_their_class": float(right.mean()),
        "made_seen_as_the_class_asked_for": float(
            (seen == np.arange(len(columns)))[other].mean()
        ),
    }


def neighbours(model, reference, folder):
    """Draws samples above their nearest training images; how near all of them are."""
    samples = model.sample(FLAGS.num_samples, seed=FLAGS.seed)
    found = metrics.memorisation_scores(
        reference.train.features,
        reference.test.features,
        reference.extractor(samples).features,
    )
    nearest = np.argsort(found.nearest_distances)[:ROWS]
    nearest_images = reference.train.take(found.nearest_indices).pixels
    rows = [
        images[rows]
        for rows in (np.arange(len(samples))[:ROWS], nearest)
        for images in (samples, nearest_images)
    ]
    write_rows(folder / "neighbours.png", np.stack(rows))
    return {
        "features": reference.extractor.name,
        "num_samples": len(samples),
        "num_train": reference.train.count,
        "distance_ratio": found.distance_ratio,
        "auc": found.auc,
    }


def codes_of(model, part):
    """Means of the codes of `ImageFeatures`."""
    asked = EncoderInputs(model, part, lambda: None, FLAGS.seed)
    return asked.posterior(part)[0]


def given(model, labels):
    """The labels, for a model that makes images by label; None for another."""
    return labels if makes_by_label(model) else None


def makes_by_label(model):
    """Whether labels steer what a model makes of given latents."""
    takes = getattr(model, "takes_labels", None)
    return takes(model.generator_name) if takes else model.num_classes is not None


def classes_of(reference, images):
    return reference.extractor(images).probabilities.argmax(axis=1)


def write_rows(path, rows):
    """Writes images `(rows, columns, height, width, channels)` as one picture."""
    height, width = rows.shape[:2]
    images = rows.reshape(-1, *rows.shape[2:])
    scale = max(1, 640 // (width * images.shape[2]))
    callbacks.write_png(path, callbacks.tile_images(images, height, width, scale=scale))


if __name__ == "__main__":
    app.run(main)
