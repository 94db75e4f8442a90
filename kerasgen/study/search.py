"""Search over settings with an equal budget for every model, on training images alone.

Each model gets as many trials over as many knobs, the first of which are its defaults.
A trial trains on all training images but the held-out ones and is scored by the Fréchet
distance of its samples to these.
"""

import functools
import math
import operator
import time
from collections.abc import Callable

import keras
import numpy as np
import optuna
import pandas as pd

from kerasgen import data
from kerasgen import evaluation
from kerasgen import files
from kerasgen.callbacks import DivergenceError
from kerasgen.core.registry import model_class
from kerasgen.study import endpoints
from kerasgen.study import environment
from kerasgen.study import run
from kerasgen.study.comparison import Comparison
from kerasgen.study.records import flat
from kerasgen.study.settings import RunSettings

FINISHED = (optuna.trial.TrialState.COMPLETE,)


def search(
    comparison: Comparison,
    model: str,
    images: data.ImageSet,
    storage: files.PathLike,
    *,
    trials: int = 13,
    epochs: int = 5,
    held_out: int = 10_000,
    num_samples: int = 10_000,
    seed: int = 0,
    tell: Callable[[str], None] = print,
) -> dict:
    """Search settings of one model; trials that are in the storage are not run again.

    Reference: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS,
    2011 (the tree-structured Parzen estimator, as Optuna has it).

    Args:
        comparison: `Comparison`, whose knobs are turned.
        model: Name of one of its models.
        images: Training images; no others are read.
        storage: SQLite file of all trials, which the search goes on from.
        trials: Number of trials.
        epochs: Epochs of a trial.
        held_out: Last training images that score a trial.
        num_samples: Samples that score it.
        seed: Seed of the search and of every trial.
        tell: Function of a line of text for each trial.

    Returns:
        Changes of `RunSettings` by the best trial.

    Raises:
        ValueError: If fewer images than are held out are there, or the storage has
            trials of this model by another budget.
    """
    kept, reference = _split(images, held_out)
    knobs = comparison.knobs[model]
    found = _open(storage, model, _defaults(knobs, model))
    _check_budget(
        found,
        dataset=images.name,
        num_images=len(images.images),
        epochs=epochs,
        held_out=held_out,
        num_samples=num_samples,
        seed=seed,
    )
    while (done := len(found.get_trials(states=FINISHED))) < trials:
        # Seeded by its number, so that an interrupt changes no later trial.
        found.sampler = optuna.samplers.TPESampler(seed=seed + done)
        trial = found.ask()
        for knob in knobs:
            if knob.choices:
                trial.suggest_categorical(knob.name, knob.choices)
            else:
                trial.suggest_float(knob.name, knob.low, knob.high, log=knob.log)
        changes = _changes(knobs, trial.params)
        settings = RunSettings(model=model, epochs=epochs, seed=seed, **changes)
        start = time.perf_counter()
        score = _score(settings, kept, reference, num_samples)
        spent = round(time.perf_counter() - start, 1)
        trial.set_user_attr("seconds", spent)
        trial.set_user_attr("commit", environment.describe()["commit"])
        trial.set_user_attr("settings", settings.to_dict())
        found.tell(trial, score)
        told = ", ".join(f"{k} {v:.4g}" for k, v in trial.params.items())
        tell(f"{model} trial {done + 1}/{trials}: {told}: {score:.3f} ({spent:.0f} s)")
    return _changes(knobs, found.best_trial.params)


def write_records(storage: files.PathLike, path: files.PathLike) -> None:
    """Write all trials of a search as a CSV file, the best of each model first."""
    rows, kept = [], ("number", "value", "params", "user_attrs")
    for name in optuna.get_all_study_names(_url(storage)):
        found = optuna.load_study(study_name=name, storage=_url(storage))
        frame = found.trials_dataframe(attrs=kept)
        frame.insert(0, "model", name)
        rows.append(frame.dropna(subset="value").sort_values("value"))
    with files.replacing(path) as temporary:
        pd.concat(rows).to_csv(temporary, index=False)


def _split(images, held_out):
    """The images to train on, and the `Reference` of those held out."""
    if not 0 < held_out < len(images.images):
        raise ValueError(
            f"Got held_out={held_out}; expected fewer than the {len(images.images)} "
            "training images, since models learn the others."
        )
    kept = run.first_images(images, len(images.images) - held_out)
    judges = images.images[-held_out:], images.labels[-held_out:]
    train = kept.images, kept.labels
    return kept, evaluation.Reference((train, judges), features=images.name)


def _defaults(knobs, model):
    """Dict from knob to its value if nobody turns it."""
    made = model_class(model)()
    optimizer = next(iter(made.default_optimizers().values()))
    settings = RunSettings(model=model).to_dict() | {
        "arguments": made.get_config(),
        "optimizers": {"all": optimizer.get_config()},
    }
    return {
        knob.name: functools.reduce(operator.getitem, knob.path, settings)
        for knob in knobs
    }


def _open(storage, model, first):
    """The study of a model, whose next trial is `first` unless that was one."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    files.user_path(storage).parent.mkdir(parents=True, exist_ok=True)
    found = optuna.create_study(
        study_name=model, storage=_url(storage), load_if_exists=True
    )
    # Of a process that was interrupted: not a finished trial, and never to be one.
    for trial in found.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        found.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    held = found.get_trials(states=(*FINISHED, optuna.trial.TrialState.WAITING))
    if all(first not in (t.params, t.system_attrs.get("fixed_params")) for t in held):
        found.enqueue_trial(first)
    return found


def _check_budget(found, **budget):
    """Keep what all trials of a study have in common, or refuse to mix them."""
    there = found.user_attrs.get("budget", budget)
    if there != budget:
        raise ValueError(
            f"Got a storage with trials of {found.study_name} by {there}; asked for "
            f"are trials by {budget}, which do not compare. Choose another storage."
        )
    found.set_user_attr("budget", budget)


def _url(storage):
    return f"sqlite:///{files.user_path(storage).resolve()}"


def _changes(knobs, values):
    """Nested changes of `RunSettings`, from values by name."""
    changes = {}
    for knob in knobs:
        place = changes
        for key in knob.path[:-1]:
            place = place.setdefault(key, {})
        place[knob.path[-1]] = values[knob.name]
    return changes


def _score(settings, images, reference, num_samples):
    """Fréchet distance of a trained model; infinite if the training diverged."""
    keras.backend.clear_session()
    model, size = run.build(settings, images), settings.batch_size
    dataset = data.batches(images.images, batch_size=size, seed=settings.seed)
    judged = {"num_samples": num_samples, "seed": settings.seed}
    try:
        model.fit(dataset, epochs=settings.epochs, verbose=0)
        record = evaluation.evaluate(
            model, reference, **judged, metrics=["frechet_distance"]
        )
    except (DivergenceError, evaluation.NotFiniteError):
        return math.inf
    score = endpoints.metric(flat(record), "frechet_distance", "features")[1]
    return score if np.isfinite(score) else math.inf
