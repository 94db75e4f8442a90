"""From a model, or images, to one record of named numbers."""

import dataclasses
from collections.abc import Callable
from collections.abc import Iterable

import numpy as np

from kerasgen.evaluation import samples
from kerasgen.evaluation.encoder_inputs import EncoderInputs
from kerasgen.evaluation.image_features import ImageFeatures
from kerasgen.evaluation.image_features import collected
from kerasgen.evaluation.record import Stopwatch
from kerasgen.evaluation.record import compute
from kerasgen.evaluation.record import make_record
from kerasgen.evaluation.reference import as_reference
from kerasgen.evaluation.sample_inputs import SampleInputs
from kerasgen.evaluation.selection import chosen_metrics
from kerasgen.evaluation.selection import computed
from kerasgen.files import PathLike
from kerasgen.metrics.checks import check_whole


def evaluate(
    model,
    dataset="mnist",
    *,
    num_samples: int = 10_000,
    seed: int = 0,
    features="auto",
    metrics: str | Iterable[str] = "all",
    data_dir: PathLike | None = None,
    importance_samples: int = 50,
    importance_images: int = 1000,
    tell: Callable[[str], None] | None = None,
) -> dict:
    """Judges a model, or images, by the same metrics as any other.

    GANs and VAEs are judged by their samples, against the test images; a model with an
    encoder by its codes and bounds too, and one without by the latents that inversion
    finds of a few images, in the numbers called `inverted_…`. Set the record beside
    that of `evaluate_real`: even real images do not score perfectly.

    Args:
        model: A model of the zoo, an `ExportedModel`, or an array of images
            `(num, height, width, channels)`, uint8 or floats in [0, 1].
        dataset: What to judge against: a name, arrays, or a `Reference`, which is
            faster for several evaluations; see there.
        num_samples: int, samples to draw. Of an array with more images, so many are
            taken by chance; one with fewer is judged whole. The count is in the names.
        seed: int in [0, 2**31), of samples and of all other draws.
        features: Which features; see `Reference`.
        metrics: `"all"`, or a list of names of `METRICS`. `"inversion"`, 200 steps
            of descent for a thousand images, takes minutes for large generators.
        data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.
        importance_samples: int, K of the importance-weighted bound. Papers print 5000.
        importance_images: int, number of test images for that bound.
        tell: Function that is called with the name of each part as it begins, such as
            a metric; or None.

    Returns:
        A flat, JSON-serialisable dict: what was judged and how, `seconds_…` of each
        part, and the numbers by names that carry the protocol (see
        `kerasgen.evaluation.metric_names`). A number that does not apply is None, and
        `not_applicable` says why.

    Raises:
        NotFiniteError: If samples hold NaN or infinity; it is a ValueError.
        ValueError: If samples are out of range or of another shape than the dataset's;
            a metric is unknown; or one that was asked for by name cannot be computed
            (it says how many samples are needed, for example).
        RuntimeError: If the dataset or Inception's weights cannot be had.

    Example:

    >>> record = kerasgen.evaluate(kerasgen.DCGAN(), "mnist")
    >>> record["frechet_distance_mnist_v1_10k_test"]
    """
    names = chosen_metrics(metrics)
    _check_numbers(num_samples, seed, importance_samples, importance_images)
    watch = Stopwatch(tell)
    with watch("reference"):
        reference = as_reference(dataset, features, data_dir)
    if hasattr(model, "shape") or isinstance(model, list):
        drawn, requested = None, None
        images = samples.checked(np.asarray(model), reference.image_shape)
        images = samples.chosen(images, num_samples, seed)
        judged = ImageFeatures("samples", images, None, reference.test.find_extractor)
    else:
        drawn, labels = model, reference.test.labels
        requested = samples.requested_classes(model, num_samples, seed, labels)
        batches = samples.draw(model, num_samples, seed, requested)
        judged = _judged(batches, num_samples, reference, names, watch)
    inputs = SampleInputs(
        samples=judged,
        test=reference.test,
        train=reference.train,
        binned=reference.binned,
        requested=requested,
    )
    encoder = EncoderInputs(
        model=drawn,
        test=reference.test,
        find_probed=lambda: reference.probed,
        seed=seed,
        importance_samples=importance_samples,
        importance_images=importance_images,
    )
    drawn_from = f"drawn from the {reference.test.split} labels"
    settings = {
        "model": "images" if drawn is None else type(model).__name__,
        "dataset": reference.name,
        "seed": seed,
        "classes": None if requested is None else drawn_from,
    }
    return make_record(settings, inputs, encoder, names, watch)


def evaluate_real(
    dataset="mnist",
    *,
    num_samples: int = 10_000,
    features="auto",
    metrics: str | Iterable[str] = "all",
    data_dir: PathLike | None = None,
    tell: Callable[[str], None] | None = None,
) -> dict:
    """Judges training images as if they were samples: the row to read others beside.

    The images are taken by chance, always the same. Where samples are compared with the
    training images, the judged ones are left out of these.

    Args:
        dataset, num_samples, features, metrics, data_dir, tell: as for `evaluate`. At
            most half of the training images are judged.

    Returns:
        The record, as of `evaluate`; what does not apply is None, also where it was
        asked for by name.

    Raises:
        ValueError, RuntimeError: as for `evaluate`, or without training images.

    Example:

    >>> floor = kerasgen.evaluation.evaluate_real("mnist")
    >>> floor["frechet_distance_mnist_v1_10k_test"]
    """
    names = dict.fromkeys(chosen_metrics(metrics), False)
    check_whole(num_samples, "num_samples")
    watch = Stopwatch(tell)
    with watch("reference"):
        reference = as_reference(dataset, features, data_dir)
    train = reference.train
    if train is None:
        raise ValueError(
            "Got a dataset without training images; expected some to judge. Pass "
            "((train_images, train_labels), (test_images, test_labels)), or a name."
        )
    num = min(num_samples, len(reference.order) // 2)
    rows, others = reference.order[:num], reference.order[num:]
    with watch("features_train"):
        compute(train, computed(names, "train") - {"pixel_means"})
    judged = train.take(rows)
    inputs = SampleInputs(
        samples=dataclasses.replace(judged, split="samples"),
        test=reference.test,
        # Named like the whole, for which it stands.
        train=train.take(others, count=train.count),
        binned=reference.binned,
        requested=judged.labels,
    )
    settings = {
        "model": "real images",
        "dataset": reference.name,
        "seed": 0,
        "classes": None if judged.labels is None else "those of the training images",
    }
    encoder = EncoderInputs(None, reference.test, lambda: reference.probed, 0)
    return make_record(settings, inputs, encoder, names, watch)


def evaluate_pixels(dataset="mnist", *, data_dir: PathLike | None = None) -> dict:
    """Judges the pixels of images as if they were codes: what encoders must surpass.

    Args:
        dataset, data_dir: as for `evaluate`, with training images to fit probes on.

    Returns:
        The record, as of `evaluate`, of the metrics that ask how classes lie among
        codes; the names of the numbers are those of an encoder. What does not apply,
        for want of labels or of training images, is None.

    Raises:
        ValueError, RuntimeError: as for `evaluate`.

    Example:

    >>> pixels = kerasgen.evaluation.evaluate_pixels("mnist")
    >>> pixels["knn_k1_accuracy_train10k_test10k"]
    """
    watch = Stopwatch()
    with watch("reference"):
        reference = as_reference(dataset, data_dir=data_dir)
    settings = {
        "model": "pixels",
        "dataset": reference.name,
        "seed": 0,
        "classes": None,
    }
    inputs = SampleInputs(None, reference.test, reference.train, None, None)
    encoder = EncoderInputs(_Pixels(), reference.test, lambda: reference.probed, 0)
    names = dict.fromkeys(("latent_classes", "silhouette"), False)
    return make_record(settings, inputs, encoder, names, watch)


def _judged(batches, num, reference, names, watch):
    """Samples as bytes; all that is computed of pixels is of those before rounding."""
    attributes = computed(names, "samples")

    def parts():
        while True:
            with watch("sampling"):
                images = next(batches, None)
                if images is None:
                    return
                images = samples.checked(images, reference.image_shape)
            find = reference.test.find_extractor
            part = ImageFeatures("samples", images, None, find)
            if attributes:
                with watch("features_samples"):
                    compute(part, attributes)
            yield part.in_bytes()

    return collected(parts(), num)


class _Pixels:
    """Encodes an image as its pixels."""

    def encode(self, images, labels=None):
        return images.reshape(len(images), -1), None


def _check_numbers(num_samples, seed, importance_samples, importance_images):
    check_whole(num_samples, "num_samples")
    check_whole(seed, "seed", minimum=0)
    if seed >= 2**31:
        raise ValueError(f"Got seed={seed}; expected a number below 2**31.")
    check_whole(importance_samples, "importance_samples")
    check_whole(importance_images, "importance_images", minimum=2)
