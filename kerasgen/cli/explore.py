"""Opens a page in the browser to explore trained models by hand.

    kerasgen explore dcgan_mnist
    kerasgen explore cvae_mnist dcgan_mnist       # also side by side
    kerasgen explore runs/pets/vae/seed0/model.keras --dataset=pets/

PATH is a preset's name, a `.keras` file, or the folder of a preset or of a SavedModel.
The page shows samples of a seed, sliders of the latents, interpolations and, of a model
with an encoder, the reconstruction of what you draw beside the nearest training images.
It needs `python -m pip install -e ".[explore]"` in the clone of kerasgen. This machine
alone can open the page.
"""

import pathlib

from absl import flags

ARGUMENTS = "PATH..."
COUNT = (1, 4)
FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "dataset", "mnist", "Training images to find neighbours in: name or path.", FLAGS
)
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.", FLAGS)
flags.DEFINE_integer("port", 7860, "Port of the page.", 1, None, FLAGS)
flags.DEFINE_bool("browser", True, "Open the page in a browser.", FLAGS)


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Serve the page until it is interrupted; the exit status."""
    from kerasgen import study
    from kerasgen.cli import explorer_page

    models = dict(zip(titles(arguments), map(study.load_model, arguments), strict=True))
    page = explorer_page.build(models, values.dataset, values.data_dir)
    print(f"http://127.0.0.1:{values.port}  (Ctrl-C ends it)", flush=True)
    page.launch(server_port=values.port, inbrowser=values.browser, quiet=True)
    return 0


def titles(paths: list[str]) -> list[str]:
    """A short title for each path; those that would have the same keep theirs whole."""
    short = [_title(path) for path in paths]
    return [
        path if short.count(title) > 1 else title
        for title, path in zip(short, paths, strict=True)
    ]


def _title(path):
    """A preset's name; of a run directory the model and its seed."""
    parts = pathlib.Path(path).parts
    return "/".join(parts[-3:-1]) if parts[-1] == "model.keras" else parts[-1]
