"""Quality of samples during training: one record every few epochs."""

from collections.abc import Iterable
from typing import Any

from absl import logging

from kerasgen.callbacks.arguments import require_count
from kerasgen.callbacks.json_lines import read_lines
from kerasgen.callbacks.json_lines import write_lines
from kerasgen.callbacks.periodic import PeriodicCallback
from kerasgen.evaluation import NotFiniteError
from kerasgen.evaluation import chosen_metrics
from kerasgen.evaluation import evaluate
from kerasgen.evaluation.reference import as_reference
from kerasgen.files import PathLike

FILE = "evaluations.jsonl"
# What takes a second or two for a thousand samples, where the features tell it.
METRICS = dict.fromkeys(
    (
        "frechet_distance",
        "density_coverage",
        "classifier_score",
        "class_coverage",
        "label_distance",
        "sharpness",
        "within_class_distance",
    ),
    False,
)


class EvaluateSamples(PeriodicCallback):
    """Judges a few samples every few epochs and writes `evaluations.jsonl`.

    Each line is a record of `kerasgen.evaluate` with the number of epochs done as
    `epoch`; the first is of the model as it comes. The numbers are good for watching
    one run: their names tell how few samples they rest on, and they must not be set
    beside those of 10,000. Samples that are not finite give a line with `failed` and no
    numbers, and the training goes on.

    A fit with `initial_epoch=6` keeps the lines of epochs up to 6 and drops later ones,
    which an abandoned run wrote.

    Args:
        directory: str or path for the file; created if missing.
        dataset: What to judge against: a `kerasgen.evaluation.Reference`, or what makes
            one: a name, a `kerasgen.data.ImageSet`, or `(images, labels)`; best as many
            images as samples or more. The names of the numbers tell the split.
        every: int ≥ 1, epochs from one evaluation to the next; the last epoch is always
            judged. Default 5.
        num_samples: int ≥ 1. Default 1000.
        seed: int ≥ 0, of the samples. Default 0.
        features: Which features, as for `kerasgen.evaluation.Reference`. Default
            `"auto"`: the shipped ones of the dataset that is named or recognised, or
            those of the `Reference`.
        metrics: Names of metrics, or `"all"`, as for `kerasgen.evaluate`. Default those
            that take a second or two; of these, what does not apply is None.

    Raises:
        ValueError: If arguments are wrong, or (before the first step) a metric needs
            more samples, or the model has no `sample` or makes other images.

    Example:
        >>> watch = EvaluateSamples("run", (test_images, test_labels))
        >>> model.fit(images, epochs=20, callbacks=[watch])
    """

    def __init__(
        self,
        directory: PathLike,
        dataset,
        every: int = 5,
        num_samples: int = 1000,
        seed: int = 0,
        features="auto",
        metrics: str | Iterable[str] = METRICS,
    ) -> None:
        self.settings: dict[str, Any] = {
            "num_samples": require_count("num_samples", num_samples),
            "seed": require_count("seed", seed, minimum=0),
            "metrics": chosen_metrics(metrics),  # read once, of an iterator, too
        }
        self.reference = as_reference(dataset, features)
        super().__init__(directory, every)
        self.path = self.directory / FILE

    def begin(self, epochs_done: int) -> None:
        lines = read_evaluations(self.path) if epochs_done else []
        self._lines = {
            line["epoch"]: line for line in lines if line["epoch"] <= epochs_done
        }
        if epochs_done in self._lines:
            self._save()
        elif epochs_done % self.every == 0:
            # Not elsewhere: an interrupted run is judged where a whole one is.
            self.write(epochs_done)

    def write(self, epochs_done: int) -> None:
        try:
            record = evaluate(self.model, self.reference, **self.settings)
        except NotFiniteError as error:
            logging.warning("After epoch %d: %s", epochs_done, error)
            record = {"model": type(self.model).__name__, "failed": str(error)}
        self._lines[epochs_done] = {"epoch": epochs_done, **record}
        self._save()

    def _save(self):
        lines = [self._lines[epoch] for epoch in sorted(self._lines)]
        write_lines(self.path, lines)


def read_evaluations(path: PathLike) -> list[dict]:
    """Reads `evaluations.jsonl`.

    Args:
        path: str or path.

    Returns:
        List of dicts in order of `epoch`; a damaged line is left out, with a warning in
        the log.

    Example:
        >>> [line["epoch"] for line in read_evaluations("run/evaluations.jsonl")]
        [5, 10]
    """
    return read_lines(path)
