"""Prints the models as a table: paper, presets and their Fréchet distances.

The Fréchet distance is that of 10,000 samples to the test images, in the features of
the dataset's own extractor, from the metadata of the preset: less is better.
"""

from absl import flags

ARGUMENTS = ""
COUNT = (0, 0)
FLAGS = flags.FlagValues()
FRECHET = ("frechet_distance_", "fid_")  # the new and the old name


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Print the table; the exit status."""
    from kerasgen import models  # noqa: F401  (fills the registry)
    from kerasgen.core.registry import list_models
    from kerasgen.core.registry import model_class

    rows = [("name", "class", "family", "paper", "presets (Fréchet distance)")]
    for cls in map(model_class, list_models()):
        paper = cls.references[0]
        cited = (
            f"{paper.authors}, arXiv:{paper.arxiv}" if paper.arxiv else paper.authors
        )
        presets = [f"{name} ({_distance(data)})" for name, data in cls.presets.items()]
        for index, preset in enumerate(presets or ["-"]):
            first = (cls.key, cls.__name__, cls.family, cited)
            rows.append((*(first if index == 0 else ("",) * 4), preset))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    return 0


def _distance(metadata):
    """The Fréchet distance of a preset in the features of its data, as text."""
    for name, value in metadata["metrics"].items():
        if name.startswith(FRECHET) and "_random_" not in name and value is not None:
            return f"{value:.2f}"
    return "not measured"
