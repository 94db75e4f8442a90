"""Pictures of the latent space of an autoencoder, coloured by class."""

import json

import matplotlib
import numpy as np
from absl import logging
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from kerasgen import inputs
from kerasgen.callbacks.arguments import require_count
from kerasgen.callbacks.epoch_files import EpochFiles
from kerasgen.callbacks.latent_plane import check_method
from kerasgen.callbacks.latent_plane import class_means
from kerasgen.callbacks.latent_plane import project
from kerasgen.callbacks.periodic import PeriodicCallback
from kerasgen.evaluation.encoder_inputs import encodes_by_label
from kerasgen.files import PathLike
from kerasgen.files import replacing

CLASS_MEANS = "class means"


class LatentScatter(PeriodicCallback):
    """Draws where the encoder puts test images, coloured by class.

    The pictures `latent-0007.png` show the means of q(z|x) of the same images each
    time. A latent space of two dimensions is drawn as it is; a larger one by its
    principal components (milliseconds) or t-SNE (some six seconds a picture).
    Principal components keep their signs from picture to picture, also when a run
    resumes.

    Args:
        directory: str or path for the pictures; created if missing.
        images: Float array (n, height, width, channels) in [0, 1], or uint8, n ≥ 3.
        labels: int array (n,), the classes 0, 1, …
        every: int ≥ 1, epochs from one picture to the next; the last epoch is always
            drawn. Default 1.
        method: `"auto"`, `"pca"` or `"tsne"`. `"auto"` is `"pca"` above two
            dimensions. Default `"auto"`.
        max_points: int ≥ 3; of more images a random part is drawn, always the same.
            Default 2000.

    Raises:
        ValueError: If arguments are wrong, `directory` cannot be written to, or (when
            training begins) the model has no `encode` or other images.

    Example:
        >>> scatter = LatentScatter("run/latent", test_images, test_labels)
        >>> model.fit(images, epochs=20, callbacks=[scatter])
    """

    def __init__(
        self,
        directory: PathLike,
        images: np.ndarray,
        labels: np.ndarray,
        every: int = 1,
        method: str = "auto",
        max_points: int = 2000,
    ) -> None:
        images, labels = _check(images, labels)
        self.method = check_method(method)
        max_points = require_count("max_points", max_points, minimum=3)
        super().__init__(directory, every)
        order = np.random.default_rng(0).permutation(len(images))[:max_points]
        images, self.labels = images[np.sort(order)], labels[np.sort(order)]
        self.images = inputs.as_pixels(images)
        self.pictures = EpochFiles(self.directory, "latent", ".png")

    def on_train_begin(self, logs: dict | None = None) -> None:
        name = type(self.model).__name__
        if not hasattr(self.model, "encode"):
            raise ValueError(
                f"LatentScatter needs a model with `encode`, but {name} has none: "
                "GANs do not encode images. Use it with a variational autoencoder, or "
                "leave the callback out."
            )
        expected = tuple(self.model.image_shape)
        if self.images.shape[1:] != expected:
            raise ValueError(
                f"LatentScatter got images of shape {self.images.shape[1:]}, but "
                f"{name} encodes {expected}; pass images of the model's shape."
            )
        super().on_train_begin(logs)

    def begin(self, epochs_done: int) -> None:
        self.pictures.remove_after(epochs_done)
        earlier = list(self.pictures.found().values())
        self._reference = _read_class_means(earlier[-1]) if earlier else None

    def write(self, epochs_done: int) -> None:
        given = {"labels": self.labels} if encodes_by_label(self.model) else {}
        encoded = self.model.encode(self.images, **given)
        codes = encoded[0] if isinstance(encoded, tuple | list) else encoded
        finite = np.isfinite(codes).all(axis=1)
        if not finite.all():
            logging.warning(
                "After epoch %d, %d of %d encoded images are NaN or infinite and not "
                "drawn; the training has diverged.",
                epochs_done,
                (~finite).sum(),
                len(codes),
            )
        if finite.sum() >= 3:
            self._draw(codes[finite], self.labels[finite], epochs_done)

    def _draw(self, codes, labels, epochs_done):
        points, axis_labels = project(codes, labels, self.method, self._reference)
        self._reference = class_means(points, labels)
        title = f"{type(self.model).__name__}: encoded images after epoch {epochs_done}"
        figure = draw_classes(points, labels, axis_labels, title)
        metadata = {CLASS_MEANS: json.dumps(self._reference.tolist())}
        with replacing(self.pictures.path(epochs_done)) as temporary:
            FigureCanvasAgg(figure).print_png(temporary, metadata=metadata)


def draw_classes(
    points: np.ndarray,
    labels: np.ndarray,
    axis_labels: tuple[str, str],
    title: str = "",
) -> Figure:
    """Draw points on a plane, coloured by class, with a legend beside them.

    Args:
        points: Float array (n, 2).
        labels: int array (n,), the classes 0, 1, …
        axis_labels: Pair of str.
        title: str, the figure's title. Default none.

    Returns:
        matplotlib.figure.Figure; save it with `figure.savefig(path)`.

    Example:
        >>> draw_classes(points, labels, ("latent 1", "latent 2")).savefig("a.png")
    """
    width, height = 7.35 + 0.9 * _legend_columns(labels), 6.6
    figure = Figure(figsize=(width, height), dpi=110)
    # In inches: room for the labels on the left and the legend on the right.
    axes = figure.add_axes((0.85 / width, 0.7 / height, 6.4 / width, 5.4 / height))
    plot_classes(axes, points, labels)
    axes.set_title(title, fontsize=13)
    axes.set_xlabel(axis_labels[0], fontsize=11)
    axes.set_ylabel(axis_labels[1], fontsize=11)
    return figure


def plot_classes(axes, points: np.ndarray, labels: np.ndarray) -> None:
    """Plot points on given axes, coloured by class, with a legend beside them.

    Args:
        axes: `matplotlib.axes.Axes`.
        points, labels: As for `draw_classes`.
    """
    colors = _class_colors(labels.max() + 1)
    # In random order, so that the last class does not hide the others.
    order = np.random.default_rng(0).permutation(len(points))
    axes.scatter(*points[order].T, s=14, c=colors[labels[order]], linewidths=0)
    for label in np.unique(labels):
        axes.scatter([], [], s=60, color=colors[label], label=str(label))
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    axes.legend(
        title="class",
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        ncols=_legend_columns(labels),
        frameon=False,
        fontsize=11,
        title_fontsize=11,
    )


def _legend_columns(labels):
    return 1 + (len(np.unique(labels)) - 1) // 20


def _class_colors(num_classes):
    if num_classes <= 10:
        return matplotlib.colormaps["tab10"](np.arange(10))
    if num_classes <= 20:
        return matplotlib.colormaps["tab20"](np.arange(20))
    return matplotlib.colormaps["turbo"](np.linspace(0, 1, num_classes))


def _read_class_means(path):
    try:
        with Image.open(path) as picture:
            return np.array(json.loads(picture.text[CLASS_MEANS]), dtype=float)
    except (OSError, AttributeError, KeyError, ValueError):
        return None  # Damaged or drawn by something else: begin anew.


def _check(images, labels):
    images = inputs.check_images(images)
    if len(images) < 3:
        raise ValueError(
            f"Got {len(images)} images; expected at least 3, which span a plane. Pass "
            "more images."
        )
    return images, inputs.check_labels(labels, len(images))
