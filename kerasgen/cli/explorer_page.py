"""The page of `kerasgen explore`: what a model makes, seen by moving its inputs."""

import functools

import numpy as np
from PIL import Image

from kerasgen import callbacks
from kerasgen import data
from kerasgen import evaluation
from kerasgen.callbacks.image_grid import fitting_scale
from kerasgen.core.arguments import latent_path
from kerasgen.data import pictures
from kerasgen.study.pictures import draw_latents

SLIDERS = 8  # latents that have one
SIDE = 560  # pixels of a picture on the page
NEIGHBOURS = 8
SEARCHED = 10_000  # training images that neighbours are looked for in


def build(models: dict, dataset: str = "mnist", data_dir: str | None = None):
    """The page.

    Args:
        models: Dict from title to model, as `study.load_model` returns them.
        dataset, data_dir: Training images that neighbours are looked for in, as
            `kerasgen.data.fetch` takes them; read at the first drawing.

    Returns:
        `gradio.Blocks`, to be launched.

    Raises:
        ImportError: If Gradio is not installed; it says how to install it.
    """
    try:
        import gradio
    except ImportError as error:
        raise ImportError(
            f"Got no Gradio ({error}); expected it for the page of `explore`. Install "
            'it, in the clone of kerasgen: python -m pip install -e ".[explore]"'
        ) from error
    with gradio.Blocks(title="kerasgen explore", analytics_enabled=False) as page:
        if len(models) > 1:
            with gradio.Tab("side by side"):
                seed = _seed(gradio)
                for title, model in models.items():
                    draw = functools.partial(_samples, model, num=10, columns=10)
                    _picture(gradio, page, [seed], draw, title)
        for title, model in models.items():
            with gradio.Tab(title):
                _add_model(gradio, page, model, dataset, data_dir)
    return page


def _add_model(gradio, page, model, dataset, data_dir):
    with gradio.Tab("samples"):
        inputs = [_seed(gradio), *_classes(gradio, model)]
        _picture(gradio, page, inputs, functools.partial(_samples, model), "samples")
    if len(model.latent_shape) == 1:
        with gradio.Tab("latents"), gradio.Row():
            with gradio.Column():  # the first, so that it is on top of a small screen
                image = _frame(gradio, "before and after")
            with gradio.Column():
                inputs = [_seed(gradio), *_classes(gradio, model)]
                inputs += [
                    gradio.Slider(-4, 4, 0, step=0.1, label=f"added to latent {k}")
                    for k in range(min(SLIDERS, model.latent_shape[0]))
                ]
            _live(page, inputs, functools.partial(_moved, model), image)
    with gradio.Tab("interpolation"):
        with gradio.Row():
            inputs = [
                _seed(gradio, "seed of the first"),
                _seed(gradio, "seed of the last", 1),
            ]
        inputs += _classes(gradio, model)
        _picture(gradio, page, inputs, functools.partial(_between, model), "path")
    if hasattr(model, "reconstruct"):
        with gradio.Tab("draw"), gradio.Row():
            near = functools.cache(
                functools.partial(nearest_finder, dataset, data_dir, model.image_shape)
            )
            pad = gradio.Sketchpad(
                type="numpy",
                canvas_size=(280, 280),
                layers=False,
                brush=gradio.Brush(14, colors=["#000000"], color_mode="fixed"),
                label="take the brush, then draw",
            )
            choice = _classes(gradio, model)
            draw = functools.partial(reconstructed, model, near)
            label = "your drawing, its reconstruction, the nearest training images"
            with gradio.Column():
                image = _frame(gradio, label)
            pad.change(draw, [pad, *choice], image, show_progress="hidden")


def _seed(gradio, label="seed", value=0):
    return gradio.Number(value, label=label, precision=0, minimum=0)


def _classes(gradio, model):
    """A choice of the class, in a list, for a conditional model."""
    if not model.is_conditional:
        return []
    choices = [(str(k), k) for k in range(model.num_classes)]
    return [gradio.Dropdown(choices, value=0, label="class")]


def _picture(gradio, page, inputs, draw, label):
    _live(page, inputs, draw, _frame(gradio, label))


def _live(page, inputs, draw, image):
    """Draw a picture at first, and anew whenever an input changes."""
    for trigger in (page.load, *(each.change for each in inputs)):
        trigger(draw, inputs, image, show_progress="hidden")


def _frame(gradio, label):
    # A label of the picture's own would hide a part of it on a small screen.
    gradio.Markdown(label)
    look = {"show_label": False, "buttons": [], "container": False}
    return gradio.Image(interactive=False, format="png", alt_text=label, **look)


def _samples(model, seed, label=None, num=36, columns=6):
    labels = None if label is None else _full(num, label)
    return _tiled(model.sample(num, labels, seed=int(seed)), columns)


def _moved(model, seed, *others):
    label, steps = (others[0], others[1:]) if model.is_conditional else (None, others)
    moved = _latents(model, seed, label)
    moved = np.stack([moved, moved])
    moved[1, : len(steps)] += np.float32(steps)
    return _tiled(model.generate(moved, _full(2, label)), 2)


def _between(model, first, last, label=None):
    ends = (_latents(model, seed, label) for seed in (first, last))
    path = latent_path(*ends, 10, model.num_gaussian)
    return _tiled(model.generate(path, _full(10, label)), 10)


def reconstructed(model, near, drawn, label=None):
    """A row of a drawing, its reconstruction, and the training images nearest to it.

    Args:
        model: Model with an encoder.
        near: Function without arguments that returns what `nearest_finder` does.
        drawn: Dict whose `composite` is a drawing, uint8 `(height, width, 4)`.
        label: Class of the drawing, for a conditional model.

    Returns:
        uint8 array `(height, width, 3)`.
    """
    sketch = Image.fromarray(drawn["composite"]).convert("RGBA")
    paper = Image.new("RGBA", sketch.size, "white")
    side, _, channels = model.image_shape
    image = pictures.fitted(Image.alpha_composite(paper, sketch), channels, side)
    # Digits are light on dark.
    image = (255 - image if channels == 1 else image)[None] / np.float32(255.0)
    found = model.reconstruct(image, _full(1, label))
    return _tiled(np.concatenate([image, found, near()(image)]), 2 + NEIGHBOURS)


def nearest_finder(dataset: str, data_dir: str | None, image_shape: tuple):
    """A function from one image, `(1, *image_shape)`, to training images near it.

    Args:
        dataset, data_dir: As `kerasgen.data.fetch` takes them.
        image_shape: `(height, width, channels)` that images are brought to.
    """
    side, _, channels = image_shape
    found = data.fetch(
        dataset, "train", data_dir=data_dir, image_size=side, channels=channels
    ).take(slice(SEARCHED))
    real = evaluation.Reference(found).test

    def near(image):
        gaps = real.features - real.extractor(image).features
        return found.images[np.square(gaps).sum(1).argsort()[:NEIGHBOURS]] / 255.0

    return near


def _latents(model, seed, label=None):
    return draw_latents(model, 1, int(seed), _full(1, label))[0]


def _full(num, label):
    return None if label is None else [label] * num


def _tiled(images, columns):
    rows = -(-len(images) // columns)
    scale = fitting_scale(images.shape[1:], rows, columns, SIDE)
    tiles = callbacks.tile_images(images, rows, columns, scale=scale)
    return tiles.repeat(3, axis=-1) if tiles.shape[-1] == 1 else tiles
