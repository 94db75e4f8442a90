"""The pictures of a report: drawn, written into `figures/`, ready for a page.

What cannot be drawn becomes a picture that says what is missing.
"""

import base64
import dataclasses
import pathlib

from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen.study.report import charts
from kerasgen.study.report import figures
from kerasgen.study.report import formatting
from kerasgen.study.report import grids

FOLDER = "figures"
# Figures of the comparison paper.
SAMPLES = {"vanilla_gan": 5, "dcgan": 6, "wgan": 7, "cvae": 8, "adversarial_vae": 9}
LOSSES = {"vanilla_gan": 10, "dcgan": 11, "wgan": 12}
CODES = {"cvae": 13, "adversarial_vae": 14}


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Args:
        caption: What stands beneath it.
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
    """

    def __init__(self, study):
        self.study = study
        self.folder = pathlib.Path(study.directory) / FOLDER

    def samples(self):
        """A grid of samples for each model: figures 5 to 9 of the paper."""
        found = []
        for title, runs in self.study.models.items():
            run, arrays = _first(runs, "samples.npz")
            number = _figure(SAMPLES, runs)
            if run is None:
                found.append(_missing(f"{number}{title}: samples", "samples"))
                continue
            count = len(arrays["images"])
            found.append(
                self._pixels(
                    f"samples-{run.settings.name}",
                    grids.samples(arrays["images"]),
                    f"{number}{title}: {count} samples after {_trained(run)}",
                    f"Grid of {count} images drawn by {title}.",
                )
            )
        return found

    def strips(self):
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

    def losses(self):
        """The losses of each GAN in its first run: figures 10 to 12 of the paper."""
        found = []
        for title, runs in self.study.models.items():
            model = runs[0].settings.model
            if model not in LOSSES:
                continue
            number = _figure(LOSSES, runs)
            run = next((run for run in runs if charts.families([run])), None)
            if run is None:
                found.append(_missing(f"{number}{title}: training losses", "history"))
                continue
            keys = charts.families([run])[0]
            figure = charts.losses(title, [run], keys)
            found.append(
                self._chart(
                    f"losses-{run.settings.name}",
                    figure,
                    f"{number}{title}: losses in training, seed {run.seed}",
                    _told(title, [run], keys),
                )
            )
        return found

    def codes(self):
        """The codes of test images for each model with an encoder: figures 13, 14."""
        found = []
        for title, runs in self.study.models.items():
            if runs[0].settings.model not in CODES:
                continue
            run, arrays = _first(runs, "codes.npz")
            number = _figure(CODES, runs)
            figure = run and charts.codes(title, arrays)
            if figure is None:
                found.append(_missing(f"{number}{title}: latent space", "codes"))
                continue
            found.append(
                self._chart(
                    f"codes-{run.settings.name}",
                    figure,
                    f"{number}{title}: codes of {len(arrays['codes']):,} test images "
                    f"by class, seed {run.seed}",
                    f"Map of the codes of test images in {title}, coloured by class.",
                )
            )
        return found

    def curves(self):
        """The losses of each model over epochs, with a band over seeds."""
        found = []
        for title, runs in self.study.models.items():
            runs = [run for run in runs if run.epochs_done]
            for index, keys in enumerate(charts.families(runs)):
                part = f"-{index + 1}" if index else ""
                named = formatting.listed(list(map(formatting.spoken, keys)))
                found.append(
                    self._chart(
                        f"curves-{runs[0].settings.name}{part}",
                        charts.losses(title, runs, keys),
                        f"{title}: {named}, {formatting.named(len(runs), 'seed')}",
                        _told(title, runs, keys),
                    )
                )
        return found

    def quality(self):
        """The Fréchet distance over epochs and over seconds, all models in one."""
        found = []
        real = self._real_during("fid")
        for name, models in self._comparable():
            for over in ("epochs", "seconds"):
                figure = charts.quality(models, "fid", over=over, real=real)
                if figure is None:
                    continue
                found.append(
                    self._chart(
                        f"frechet-{over}{name}",
                        figure,
                        f"Fréchet distance over {over} of training: mean over seeds, "
                        "band from the least to the largest",
                        f"Fréchet distance over {over} of training of "
                        f"{formatting.listed(list(models))}.",
                    )
                )
        return found

    def interpolations(self):
        """For each model, images along ways between two latents."""
        return self._of_each(
            "interpolations.npz",
            "interpolations",
            lambda arrays: grids.interpolations(arrays["images"]),
            "each row leads from one latent to another",
        )

    def neighbours(self):
        """For each model, samples and the training images nearest to them."""
        return self._of_each(
            "neighbours.npz",
            "neighbours",
            grids.neighbours,
            "samples in the upper row, beneath each its nearest training images",
        )

    def comparison(self):
        """Samples, losses and codes of every model in one picture, for a README."""
        shown = {}
        for title, runs in self.study.models.items():
            run, _ = _first(runs, "samples.npz")
            if run is not None and run.epochs_done:
                shown[f"{title}, {run.settings.epochs} epochs"] = run
        if shown:
            figures.save(figures.comparison(shown), self.folder / "comparison.png")

    def _of_each(self, file, kind, draw, told):
        found = []
        for title, runs in self.study.models.items():
            run, arrays = _first(runs, file)
            if run is None:
                found.append(_missing(f"{title}: {kind}", kind))
                continue
            name = f"{kind}-{run.settings.name}"
            caption = f"{title}, seed {run.seed}: {told}"
            found.append(self._pixels(name, draw(arrays), caption, caption))
        return found

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

    def _real_during(self, base):
        record = self.study.real.get("during")
        name = evaluation.find_name(record, base) if record else None
        return None if name is None else float(record[name])

    def _chart(self, name, figure, caption, alt):
        svg = charts.save(figure, self.folder, name)
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


def _figure(numbers, runs):
    settings = runs[0].settings
    # The paper shows five models, at their defaults.
    if settings.ablation or settings.variant or settings.model not in numbers:
        return ""
    return f"Figure {numbers[settings.model]}. "


def _trained(run):
    return f"{formatting.named(run.settings.epochs, 'epoch')}, seed {run.seed}"


def _told(title, runs, keys):
    """What a chart of losses shows, in numbers."""
    ends = []
    for key in keys:
        last = [run.history[key][-1] for run in runs if run.history.get(key)]
        last = [value for value in last if value is not None]
        if last:
            mean = formatting.number(sum(last) / len(last))
            ends.append(f"{formatting.spoken(key)} ends at {mean}")
    return f"Training losses of {title} over epochs: {', '.join(ends)}."
