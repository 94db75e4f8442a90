"""Studies that nobody trained: runs with the numbers that a test wants, also on disk.

`make_run` and `make_study` build what `kerasgen.study.records` reads; `write_study`
writes the folders that it reads them from.
"""

import dataclasses
import functools
import json
import pathlib

import numpy as np
from sklearn.datasets import load_digits

from kerasgen.callbacks.history_file import write_history
from kerasgen.core.registry import list_models
from kerasgen.evaluation import find_name
from kerasgen.study.records import Missing
from kerasgen.study.records import Run
from kerasgen.study.records import Study
from kerasgen.study.records import nested
from kerasgen.study.settings import RunSettings

ZOO = ("vanilla_gan", "dcgan", "wgan", "cvae", "adversarial_vae")

# Columns as in ZOO, then real images; plausible, but nobody's measurements.
SAMPLE_NUMBERS = {
    "fid_mnist_v1_10k_test": (12.0, 5.0, 6.0, 14.0, 11.0, 0.4),
    "kid_mnist_v1_10k_test": (0.6, 0.2, 0.3, 0.8, 0.6, 0.001),
    "kid_standard_error_mnist_v1_10k_test": (0.01, 0.01, 0.01, 0.01, 0.01, 0.001),
    "precision_k5_mnist_v1_10k_test": (0.7, 0.9, 0.88, 0.75, 0.8, 0.95),
    "recall_k5_mnist_v1_10k_test": (0.5, 0.7, 0.68, 0.8, 0.78, 0.95),
    "density_k5_mnist_v1_10k_test": (0.6, 0.9, 0.85, 0.7, 0.75, 1.0),
    "coverage_k5_mnist_v1_10k_test": (0.5, 0.75, 0.72, 0.82, 0.84, 0.97),
    "classifier_score_mnist_v1_10k": (8.8, 9.4, 9.3, 8.6, 8.9, 9.9),
    "class_coverage_mnist_v1_10k": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "label_entropy_mnist_v1_10k": (2.2, 2.29, 2.28, 2.27, 2.28, 2.3),
    "label_total_variation_mnist_v1_10k_test": (0.08, 0.03, 0.04, 0.06, 0.05, 0.01),
    "laplacian_variance_pixels_10k": (0.34, 0.28, 0.29, 0.12, 0.15, 0.27),
    "gradient_magnitude_pixels_10k": (0.24, 0.21, 0.21, 0.12, 0.14, 0.2),
    "mid_grey_share_pixels_10k": (0.1, 0.12, 0.12, 0.2, 0.18, 0.11),
    "spectrum_distance_pixels_10k_test": (0.2, 0.05, 0.06, 0.5, 0.4, 0.01),
    "pairwise_distance_mnist_v1_10k": (15.0, 16.0, 16.0, 15.5, 15.6, 16.5),
    "within_class_distance_mnist_v1_10k": (7.0, 8.0, 8.1, 8.9, 8.8, 9.0),
    "within_class_distance_pixels_10k": (8.0, 9.0, 9.1, 8.2, 8.3, 9.5),
    "memorisation_ratio_mnist_v1_10k_train60k": (1.1, 1.05, 1.06, 1.2, 1.1, 1.0),
    "memorisation_auc_mnist_v1_10k_train60k": (0.55, 0.52, 0.53, 0.6, 0.58, 0.5),
    "ndb_k100_pixels_10k_train20k": (50, 30, 32, 40, 38, 6),
}
# Columns: cvae, adversarial_vae, then pixels as codes.
ENCODER_NUMBERS = {
    "negative_elbo_bernoulli_test10k": (103.0, 105.0, None),
    "negative_elbo_bernoulli_reconstruction_test10k": (78.0, 81.0, None),
    "negative_elbo_bernoulli_kl_test10k": (25.0, 24.0, None),
    "importance_weighted_nll_k50_binarised_test1k": (90.0, 92.0, None),
    "reconstruction_mse_test10k": (0.01, 0.012, None),
    "linear_probe_accuracy_train10k_test10k": (0.93, 0.96, 0.9),
    "knn_k1_accuracy_train10k_test10k": (0.95, 0.96, 0.94),
    "kmeans_accuracy_train10k_test10k": (0.62, 0.7, 0.55),
    "kmeans_normalized_mutual_information_train10k_test10k": (0.58, 0.66, 0.49),
    "kmeans_adjusted_rand_index_train10k_test10k": (0.5, 0.58, 0.37),
    "silhouette_test10k": (0.08, 0.1, 0.06),
    "active_units_test10k": (14, 12, None),
}
IN_TRAINING = (
    "fid",
    "density",
    "coverage",
    "class",
    "label",
    "laplacian",
    "mid_grey",
    "within_class_distance_mnist",
)
LOSSES = {
    "vanilla_gan": ("generator_loss", "discriminator_loss"),
    "dcgan": ("generator_loss", "discriminator_loss"),
    "wgan": ("critic_loss", "generator_loss"),
    "cvae": ("loss", "reconstruction_loss", "kl_divergence"),
    "adversarial_vae": (
        "loss",
        "reconstruction_loss",
        "kl_divergence",
        "adversarial_loss",
        "discriminator_loss",
    ),
}
SECONDS = dict(zip(ZOO, (9.0, 12.0, 20.0, 8.0, 11.0), strict=True))


def make_run(
    model="dcgan",
    seed=0,
    *,
    epochs=8,
    directory="fake",
    settings=None,
    fids=None,
    seconds=None,
    losses=None,
    events=(),
    failure=None,
    complete=True,
    environment=None,
    **numbers,
):
    """A `Run` in memory; by default a complete one with plausible numbers.

    Args:
        model: Name of a model file, one of `ZOO`.
        seed: Its seed, which also varies the numbers a little.
        epochs: Epochs asked for, and done.
        directory: Folder of the study.
        settings: Dict of further `RunSettings` fields.
        fids: Fréchet distances in training, of the epochs 0, 1, …; None stands for an
            evaluation of samples that were not finite.
        seconds: Seconds of an epoch, or a list of them.
        losses: Dict from log key to one value for each epoch.
        events: Events, as dicts or as kinds, such as "collapse".
        failure: Dict of failure.json, or a kind: "divergence", "crash" or "killed". The
            run then ends at half of its epochs.
        complete: False for a run that was interrupted at half of its epochs.
        environment: Dict of changes of the environment, such as `{"workers": 2}`.
        **numbers: What replaces numbers of the evaluation at the end, by full name or
            by its beginning as `find_name` takes it.
    """
    chosen = RunSettings(model=model, seed=seed, epochs=epochs, **(settings or {}))
    whole = complete and failure is None
    done = epochs if whole else epochs // 2
    if isinstance(failure, str):
        failure = {
            "kind": failure,
            "epoch": done,
            "message": f"It ended by {failure} after epoch {done}.",
            "log": "a line of the log\nand <script>another</script>\n",
        }
    return Run(
        directory=pathlib.Path(directory) / chosen.name / f"seed{seed}",
        settings=chosen,
        record=_record(chosen, environment or {}),
        history=_history(chosen, done, seconds, losses or {}),
        evaluations=list(map(nested, _evaluations(chosen, done, fids))),
        events=[_event(event, done) for event in events],
        test_losses=_test_losses(chosen) if whole else {},
        evaluation=nested(_final(chosen, numbers)) if whole else None,
        failure=failure,
        problems=[],
    )


def make_study(
    models=ZOO, seeds=(0, 1, 2), *, directory="fake", runs=None, missing=(), **changes
):
    """A `Study` in memory.

    Args:
        models: Names of model files.
        seeds: Seeds of each.
        directory: Its folder.
        runs: List of `Run`s instead of one for each model and seed.
        missing: Pairs (model, seed) of runs that were asked for and not begun.
        **changes: Arguments of `make_run` for all runs.
    """
    if runs is None:
        runs = [
            make_run(model, seed, directory=directory, **changes)
            for model in models
            for seed in seeds
        ]
    runs = sorted(
        runs, key=lambda run: (list_models().index(run.settings.model), run.seed)
    )
    epochs = runs[0].settings.epochs
    return Study(
        directory=pathlib.Path(directory),
        runs=runs,
        others=[],
        real=make_real(),
        missing=[
            Missing(RunSettings(model=model, seed=seed, epochs=epochs), failure=None)
            for model, seed in missing
        ],
        command="python examples/train_all.py --seeds=3",
        comparison="jaiswal",
        problems=[],
    )


def make_real():
    """What real.json holds: the rows that models are read beside."""
    final = {name: values[-1] for name, values in SAMPLE_NUMBERS.items()}
    pixels = {name: values[-1] for name, values in ENCODER_NUMBERS.items()}
    pixels = {name: value for name, value in pixels.items() if value is not None}
    wanted = {
        "num_samples": 10_000,
        "features": "mnist_v1",
        "num_train": 60_000,
        "record_version": 1,
    }
    return {
        "wanted": wanted,
        "final": {**_heading("real images", 0), **final},
        "during": {**_heading("images", 0, 1000), **_in_training(final)},
        "pixels": {**_heading("pixels", 0), **pixels},
    }


def write_study(study, directory=None):
    """Writes the folder of a study, and its runs, as training leaves them.

    Args:
        study: What `make_study` returned.
        directory: Where to, instead of the study's own directory.

    Returns:
        `pathlib.Path` of the folder.
    """
    directory = pathlib.Path(directory or study.directory)
    directory.mkdir(parents=True, exist_ok=True)
    planned = [run.settings for run in study.runs]
    planned += [missing.settings for missing in study.missing]
    plan = {"command": study.command, "runs": [one.to_dict() for one in planned]}
    (directory / "study.json").write_text(json.dumps(plan))
    (directory / "real.json").write_text(json.dumps(study.real))
    for run in study.runs:
        write_run(run, directory / run.settings.name / f"seed{run.seed}")
    return directory


def write_run(run, directory):
    """Writes one run directory."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "settings.json").write_text(json.dumps(run.record))
    if run.history:
        write_history(directory / "history.csv", run.history)
    for name in ("evaluations", "events"):
        lines = "".join(f"{json.dumps(line)}\n" for line in getattr(run, name))
        (directory / f"{name}.jsonl").write_text(lines)
    if run.test_losses:
        line = {"epoch": run.settings.epochs, "split": "test", **run.test_losses}
        (directory / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    for name in ("evaluation", "failure"):
        if getattr(run, name) is not None:
            text = json.dumps(getattr(run, name))
            (directory / f"{name}.json").write_text(text)
    if run.status == "complete":
        for name, arrays in fake_arrays(run).items():
            np.savez_compressed(directory / name, **arrays)


def fake_arrays(run):
    """Dict from the name of an .npz file to its arrays; the images are real digits."""
    images, labels = _digits()
    generator = _generator(run.settings)
    rows = generator.permutation(len(images))
    ends = images[rows[:10]].reshape(5, 2, 1, 28, 28, 1)
    shares = np.linspace(0.0, 1.0, 10).reshape(1, 10, 1, 1, 1)
    paths = ends[:, 0] * (1.0 - shares) + ends[:, 1] * shares
    found = {
        "samples.npz": {"images": images[rows[:100]]},
        "interpolations.npz": {"images": np.uint8(paths)},
        "neighbours.npz": {
            "samples": images[rows[:10]],
            "neighbours": images[rows[10:60]].reshape(10, 5, 28, 28, 1),
            "distances": np.sort(generator.uniform(3.0, 9.0, (10, 5)), axis=1),
        },
    }
    if _column(run.settings) >= 3:
        some = labels[rows[:500]]
        codes = generator.normal(size=(500, 8))
        codes[np.arange(500), some % 8] += 3.0 + some // 8
        found["codes.npz"] = {"codes": np.float32(codes), "labels": some}
    return found


@functools.cache
def _digits():
    bunch = load_digits()
    images = np.kron(bunch.images / 16.0 * 255.0, np.ones((1, 3, 3)))
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., None]
    return np.uint8(images), np.int32(bunch.target)


def _generator(settings):
    return np.random.default_rng([_column(settings), settings.seed])


def _column(settings):
    """Column of the tables; a model that is not in them is like a DCGAN."""
    return ZOO.index(settings.model) if settings.model in ZOO else 1


def _record(settings, environment):
    described = {
        "python": "3.11.7",
        "tensorflow": "2.21.0",
        "keras": "3.15.0",
        "commit": "0123abc",
        "platform": "Linux",
        "processor": "a processor",
        "cores": 2,
        "gpus": [],
        "workers": 1,
    }
    return {
        "settings": settings.to_dict(),
        "arguments": {"image_shape": [28, 28, 1], "latent_dim": 64},
        "precision": "float32",
        "data": {"source": "fake digits", "num_images": 60_000},
        "environments": [{**described, **environment}],
    }


def _history(settings, done, seconds, losses):
    generator = _generator(settings)
    if seconds is None:
        seconds = SECONDS[ZOO[_column(settings)]] * generator.normal(
            1.0, 0.01, size=done
        )
    elif np.isscalar(seconds):
        seconds = [seconds] * done
    columns = {"epoch": list(range(1, done + 1)), "seconds": list(seconds)[:done]}
    for number, name in enumerate(LOSSES[ZOO[_column(settings)]]):
        decay = np.exp(-np.arange(done) / (0.05 * settings.epochs))
        noise = generator.normal(0.0, 0.01, size=done)
        columns[name] = list(1.0 + number + decay + noise)
    columns |= {name: list(values)[:done] for name, values in losses.items()}
    return {
        name: values if name == "epoch" else [float(value) for value in values]
        for name, values in columns.items()
    }


def _event(event, done):
    if isinstance(event, dict):
        return event
    return {
        "epoch": max(done, 1),
        "kind": event,
        "message": f"A {event} was seen.",
        "quantity": "class_coverage",
        "value": 0.2,
        "threshold": 0.5,
    }


def _evaluations(settings, done, fids):
    final = _numbers(settings)
    if fids is None:
        generator = _generator(settings)
        last = 1.2 * final["fid_mnist_v1_10k_test"] + 2.0
        steps = np.arange(done + 1) / settings.epochs
        noise = generator.normal(0.0, 0.03, size=done + 1)
        fids = last * (1.0 + 20.0 * np.exp(-8.0 * steps)) * np.exp(noise)
    lines = []
    for epoch, fid in enumerate(list(fids)[: done + 1]):
        heading = _heading(_class_name(settings), 0, 1000)
        if fid is None:
            failed = {"model": heading["model"], "failed": "Samples are not finite."}
            lines.append({"epoch": epoch, **failed})
            continue
        numbers = _in_training(final)
        numbers["fid_mnist_v1_1k_train10k"] = float(fid)
        lines.append({"epoch": epoch, **heading, **numbers})
    return lines


def _final(settings, changes):
    heading = _heading(_class_name(settings), settings.seed)
    record = {"epoch": settings.epochs, **heading, **_numbers(settings)}
    for key, value in changes.items():
        name = key if key in record else find_name(record, key)
        if name is None:
            raise ValueError(f"The fake record has no number {key!r}.")
        record[name] = value
    return record


def _numbers(settings):
    """Numbers at the end, about a hundredth away from those of the tables."""
    generator, column = _generator(settings), _column(settings)
    table = {name: values[column] for name, values in SAMPLE_NUMBERS.items()}
    for name, values in ENCODER_NUMBERS.items():
        table[name] = values[column - 3] if column >= 3 else None
    for name, value in table.items():
        factor = generator.normal(1.0, 0.01)
        if isinstance(value, float):
            table[name] = value * factor
    return table


def _in_training(numbers):
    names = {
        name: name.replace("10k", "1k").replace("_test", "_train10k")
        for name in numbers
        if name.startswith(IN_TRAINING)
    }
    return {new: numbers[name] for name, new in names.items()}


def _heading(model, seed, num_samples=10_000):
    in_training = num_samples < 10_000
    return {
        "record_version": 1,
        "protocol": "a protocol",
        "model": model,
        "dataset": "mnist",
        "seed": seed,
        "classes": None,
        "features": "mnist_v1",
        "num_samples": num_samples,
        "num_test": 10_000,
        "num_train": None if in_training else 60_000,
        "not_applicable": "",
        "seconds_reference": 0.1,
        "seconds_total": 42.0,
    }


def _test_losses(settings):
    return {name: 1.0 + i for i, name in enumerate(LOSSES[ZOO[_column(settings)]])}


def _class_name(settings):
    return dataclasses.replace(settings, variant="").title
