"""Pictures of a report: drawn, written into `figures/`, ready for a page.

What cannot be drawn becomes a picture that says what is missing.
"""

import base64
import contextlib
import dataclasses
import pathlib

from kerasgen import callbacks
from kerasgen.study.endpoints import NoNumber
from kerasgen.study.endpoints import metric
from kerasgen.study.report import figures
from kerasgen.study.report import formatting
from kerasgen.study.report import grids

FOLDER = "figures"


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Args:
        caption: Text beneath it.
        alt: What it shows, for who cannot see it.
        file: Path of the PNG in the folder of the study, or "" if it is missing.
        svg: The drawing as SVG, for a chart.
        data: The PNG as base64, for a picture of pixels.
        missing: Why there is none, or "".
    """

    caption: str
    alt: str
    file: str = ""
    svg: str = ""
    data: str = ""
    missing: str = ""


class Gallery:
    """Draws the pictures of a study.

    Args:
        study: `Study`; the files are written into its folder.
        comparison: `Comparison`, whose figures are numbered, or None.
    """

    def __init__(self, study, comparison=None):
        self.study = study
        self.folder = pathlib.Path(study.directory) / FOLDER
        self.numbers = comparison.figures if comparison else {}

    def samples(self) -> list[Picture]:
        """A grid of samples for each model."""
        return self._of_each(
            "samples.npz",
            "samples",
            lambda arrays: grids.samples(arrays["images"]),
            lambda arrays: f"{len(arrays['images'])} samples",
        )

    def fitted(self) -> list[Picture]:
        """A grid of samples from a fitted prior, for models that have one."""
        titles = [
            title
            for title, runs in self.study.models.items()
            if _first(runs, "samples_fitted.npz")[0]
        ]
        return self._of_each(
            "samples_fitted.npz",
            "samples-fitted",
            lambda arrays: grids.samples(arrays["images"]),
            lambda arrays: f"{len(arrays['images'])} samples from a fitted prior",
            titles,
        )

    def strips(self) -> list[Picture]:
        """The first samples of the other seeds, a row for each."""
        found = []
        for title, runs in self.study.models.items():
            there = [(run, run.arrays("samples.npz")) for run in runs]
            there = [(run, arrays) for run, arrays in there if arrays][1:]
            if there:
                seeds = formatting.listed([str(run.seed) for run, _ in there])
                found.append(
                    self._pixels(
                        f"seeds-{runs[0].settings.name}",
                        grids.strips([arrays["images"] for _, arrays in there]),
                        f"{title}: seed {seeds}",
                        f"Samples of {title}, one row for each of seed {seeds}.",
                    )
                )
        return found

    def losses(self) -> list[Picture]:
        """The losses of each model over epochs, with a band over seeds."""
        found = []
        for title, runs in self.study.models.items():
            number = self._number("losses", runs)
            runs = [run for run in runs if run.epochs_done]
            figure = figures.losses(title, runs)
            if figure is None:
                found.append(_missing(f"{number}{title}: training losses", "history"))
                continue
            seeds = formatting.named(len(runs), "seed")
            told = "mean, and band from the least to the largest"
            found.append(
                self._chart(
                    f"losses-{runs[0].settings.name}",
                    figure,
                    f"{number}{title}: losses in training, {seeds}"
                    + (f" ({told})" if len(runs) > 1 else ""),
                    _told(title, runs),
                )
            )
        return found

    def codes(self) -> list[Picture]:
        """The codes of test images, for each model with an encoder."""
        found = []
        for title, runs in self.study.models.items():
            run, arrays = _first(runs, "codes.npz")
            number = self._number("codes", runs)
            figure = run and figures.codes(title, arrays)
            if figure is not None:
                found.append(
                    self._chart(
                        f"codes-{run.settings.name}",
                        figure,
                        f"{number}{title}: codes of {len(arrays['codes']):,} test "
                        f"images by class, seed {run.seed}",
                        f"Map of the codes of test images in {title}, by class.",
                    )
                )
            elif number:
                found.append(_missing(f"{number}{title}: latent space", "codes"))
        return found

    def quality(self) -> list[Picture]:
        """The Fréchet distance over epochs and over seconds, all models in one."""
        found, real = [], None
        with contextlib.suppress(NoNumber):
            real = metric(self.study.real.get("during") or {}, "fid", "features")[1]
        for name, models in self._comparable():
            for over in ("epochs", "seconds"):
                figure = figures.quality(models, over=over, real=real)
                if figure is None:
                    continue
                found.append(
                    self._chart(
                        f"frechet-{over}{name}",
                        figure,
                        f"Fréchet distance over {over} of training: mean over seeds, "
                        "band from the least to the largest, of 1,000 samples set "
                        "against training images",
                        f"Fréchet distance over {over} of training of "
                        f"{formatting.listed(list(models))}.",
                    )
                )
        return found

    def interpolations(self) -> list[Picture]:
        """Rows from one latent to another, for each model."""
        return self._of_each(
            "interpolations.npz",
            "interpolations",
            lambda arrays: grids.interpolations(arrays["images"]),
            lambda _: "each row between two random latents",
        )

    def neighbours(self) -> list[Picture]:
        """Samples and the training images nearest to them, for each model."""
        return self._of_each(
            "neighbours.npz",
            "neighbours",
            grids.neighbours,
            lambda _: (
                "samples in the upper row, beneath each its nearest training images"
            ),
        )

    def comparison(self) -> None:
        """Samples, losses and codes of every model in one picture, for a README."""
        shown = {}
        for title, runs in self.study.models.items():
            run, _ = _first(runs, "samples.npz")
            if run is not None and run.epochs_done:
                shown[f"{title}, {run.settings.epochs} epochs"] = run
        if shown:
            path = self.folder / "comparison.png"
            figures.save_png(figures.comparison(shown), path)

    def _of_each(self, file, kind, draw, told, titles=None):
        found = []
        for title, runs in self.study.models.items():
            if titles is not None and title not in titles:
                continue
            run, arrays = _first(runs, file)
            number = self._number(kind, runs)
            if run is None:
                found.append(_missing(f"{number}{title}: {kind}", kind))
                continue
            epochs = formatting.named(run.settings.epochs, "epoch")
            caption = f"{number}{title}: {told(arrays)}, {epochs}, seed {run.seed}"
            name = f"{kind}-{run.settings.name}"
            found.append(self._pixels(name, draw(arrays), caption, caption))
        return found

    def _number(self, kind, runs):
        """The publication's number of a figure; it shows models at their defaults."""
        settings, numbers = runs[0].settings, self.numbers.get(kind, {})
        if settings.ablation or settings.variant or settings.model not in numbers:
            return ""
        return f"Figure {numbers[settings.model]}. "

    def _comparable(self):
        """Models to draw in one chart: all, or in an ablation the variants of each."""
        models = self.study.models
        if not any(run.settings.variant for run in self.study.runs):
            return [("", models)]
        kinds = dict.fromkeys(run.settings.model for run in self.study.runs)
        return [
            (
                f"-{kind}",
                {t: r for t, r in models.items() if r[0].settings.model == kind},
            )
            for kind in kinds
        ]

    def _chart(self, name, figure, caption, alt):
        svg = figures.save(figure, self.folder, name)
        return Picture(caption, alt, f"{FOLDER}/{name}.png", svg=svg)

    def _pixels(self, name, pixels, caption, alt):
        path = self.folder / f"{name}.png"
        callbacks.write_png(path, pixels)
        data = base64.b64encode(path.read_bytes()).decode()
        return Picture(caption, alt, f"{FOLDER}/{name}.png", data=data)


def _first(runs, file):
    """The first run that left a file, and its arrays; or None twice."""
    for run in runs:
        arrays = run.arrays(file)
        if arrays is not None:
            return run, arrays
    return None, None


def _missing(caption, what):
    return Picture(caption, "", missing=f"No run has left its {what}.")


def _told(title, runs):
    """Content of a chart of losses, in numbers."""
    ends = []
    for key in dict.fromkeys(key for run in runs for key in run.history):
        last = [run.history[key][-1] for run in runs if run.history.get(key)]
        last = [value for value in last if value is not None]
        if last and key not in ("epoch", "seconds"):
            mean = formatting.number(sum(last) / len(last))
            ends.append(f"{formatting.spoken(key)} ends at {mean}")
    return f"Training losses of {title} over epochs: {', '.join(ends)}."
