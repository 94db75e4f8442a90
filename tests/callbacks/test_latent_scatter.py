import numpy as np
import pytest
from PIL import Image

from kerasgen.callbacks import LatentScatter
from kerasgen.callbacks.latent_plane import class_means
from kerasgen.callbacks.latent_plane import project
from kerasgen.callbacks.latent_scatter import draw_classes


def clusters(latent_dim, num=150):
    rng = np.random.default_rng(0)
    labels = np.arange(num) % 3
    centers = rng.normal(scale=5.0, size=(3, latent_dim))
    return centers[labels] + rng.normal(size=(num, latent_dim)), labels


def pictures(directory):
    return sorted(path.name for path in directory.iterdir())


def test_fit_draws_a_picture_per_epoch(tmp_path, vae, fit, images_of_classes):
    fit(vae, [LatentScatter(tmp_path, *images_of_classes)], epochs=2)
    assert pictures(tmp_path) == ["latent-0001.png", "latent-0002.png"]
    with Image.open(tmp_path / "latent-0002.png") as picture:
        assert picture.size == (907, 726)


def test_the_same_points_in_float_every_epoch(
    tmp_path, vae, epoch_logs, images_of_classes
):
    callback = LatentScatter(tmp_path, *images_of_classes, max_points=50, every=2)
    epoch_logs(callback, vae, [{}] * 3)
    assert pictures(tmp_path) == ["latent-0002.png", "latent-0003.png"]
    first, second = (request["images"] for request in vae.requests)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (50, 28, 28, 1) and first.dtype == np.float32
    assert [request["labels"] for request in vae.requests] == [None, None]
    images, labels = images_of_classes
    again = LatentScatter(tmp_path, images / np.float32(255), labels, max_points=50)
    np.testing.assert_allclose(again.images, first)
    np.testing.assert_array_equal(
        np.rint(again.images[:, 0, 0, 0] * 255).astype(int), again.labels
    )


def test_a_conditional_model_gets_the_labels(
    tmp_path, conditional_vae, epoch_logs, images_of_classes
):
    callback = LatentScatter(tmp_path, *images_of_classes)
    epoch_logs(callback, conditional_vae, [{}])
    np.testing.assert_array_equal(
        conditional_vae.requests[0]["labels"], images_of_classes[1]
    )


def test_two_dimensions_are_drawn_as_they_are():
    codes, labels = clusters(latent_dim=2)
    points, axis_labels = project(codes, labels)
    np.testing.assert_array_equal(points, codes)
    assert axis_labels == ("latent coordinate 1", "latent coordinate 2")


def test_one_dimension_is_drawn_against_the_class():
    codes, labels = clusters(latent_dim=1)
    points, axis_labels = project(codes, labels)
    np.testing.assert_array_equal(points, np.column_stack([codes[:, 0], labels]))
    assert axis_labels == ("latent coordinate 1", "class")


def test_principal_components_by_hand():
    # Variances 9, 4 and 1 along the axes: the plane is that of the first two.
    directions = np.repeat(np.eye(3) * [3.0, 2.0, 1.0], 2, axis=0)
    codes = directions * np.array([1, -1, 1, -1, 1, -1])[:, np.newaxis]
    labels = np.array([1, 0, 1, 0, 0, 0])
    points, axis_labels = project(codes, labels, "pca")
    np.testing.assert_allclose(points, codes[:, :2], atol=1e-12)
    assert axis_labels == (
        "principal component 1 (64.3 % of variance)",
        "principal component 2 (28.6 % of variance)",
    )


@pytest.mark.parametrize("flip", [[1, 1], [-1, 1], [1, -1], [-1, -1]])
def test_signs_follow_the_earlier_picture(flip):
    codes, labels = clusters(latent_dim=8)
    points, _ = project(codes, labels)
    reference = class_means(points, labels) * flip
    noise = np.random.default_rng(1).normal(scale=0.2, size=codes.shape)
    later, _ = project(codes + noise, labels, reference=reference)
    np.testing.assert_allclose(class_means(later, labels), reference, atol=0.3)


def test_signs_do_not_depend_on_the_sign_of_the_codes():
    codes, labels = clusters(latent_dim=8)
    points, _ = project(codes, labels)
    mirrored, _ = project(-codes, labels)
    np.testing.assert_allclose(points, mirrored, atol=1e-9)


def test_a_resumed_run_takes_the_signs_from_the_last_picture(
    tmp_path, vae, epoch_logs, images_of_classes
):
    epoch_logs(LatentScatter(tmp_path, *images_of_classes), vae, [{}] * 3)
    resumed = LatentScatter(tmp_path, *images_of_classes)
    epoch_logs(resumed, vae, [], initial_epoch=2)
    resumed.on_epoch_begin(2)
    assert pictures(tmp_path) == ["latent-0001.png", "latent-0002.png"]
    codes, _ = vae.encode(resumed.images)
    points, _ = project(codes, resumed.labels)
    np.testing.assert_allclose(resumed._reference, class_means(points, resumed.labels))


def test_a_picture_of_something_else_is_no_reference(
    tmp_path, vae, epoch_logs, images_of_classes
):
    (tmp_path / "latent-0001.png").write_bytes(b"no picture")
    callback = LatentScatter(tmp_path, *images_of_classes)
    epoch_logs(callback, vae, [{}], initial_epoch=1)
    assert pictures(tmp_path) == ["latent-0001.png", "latent-0002.png"]


def test_tsne_separates_the_clusters():
    codes, labels = clusters(latent_dim=5)
    points, axis_labels = project(codes, labels, "tsne")
    assert axis_labels[0] == "t-SNE coordinate 1 (no unit)"
    distances = np.linalg.norm(points[:, np.newaxis] - points, axis=-1)
    np.fill_diagonal(distances, np.inf)
    nearest = labels[distances.argmin(axis=1)]
    assert (nearest == labels).mean() > 0.95


def test_nan_codes_are_left_out_and_reported(
    tmp_path, vae, epoch_logs, images_of_classes, caplog, monkeypatch
):
    codes, _ = clusters(latent_dim=8, num=200)
    codes[:4] = np.nan
    monkeypatch.setattr(vae, "encode", lambda images, labels=None: (codes, codes))
    callback = LatentScatter(tmp_path, *images_of_classes)
    epoch_logs(callback, vae, [{}])
    assert "4 of 200 encoded images are NaN" in caplog.text
    assert pictures(tmp_path) == ["latent-0001.png"]
    codes[:] = np.nan
    epoch_logs(callback, vae, [{}], initial_epoch=1)
    assert pictures(tmp_path) == ["latent-0001.png"]


def test_each_class_has_its_colour_and_legend_entry():
    labels = np.arange(30) % 10
    points = np.random.default_rng(0).normal(size=(30, 2))
    (axes,) = draw_classes(points, labels, ("x", "y"), "CVAE").axes
    colors = {tuple(color) for color in axes.collections[0].get_facecolors()}
    assert len(colors) == 10
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == list("0123456789")
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == (
        "x",
        "y",
        "CVAE",
    )


@pytest.mark.parametrize("num_classes", [3, 10, 15, 62])
def test_the_legend_stays_inside_the_picture_and_outside_the_plot(num_classes):
    labels = np.arange(200) % num_classes
    points = np.random.default_rng(0).normal(scale=100, size=(200, 2))
    figure = draw_classes(points, labels, ("x", "y"), "CVAE")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    legend = axes.get_legend().get_window_extent()
    assert legend.x0 > axes.get_window_extent().x1
    assert legend.x1 <= figure.bbox.width and legend.y1 <= figure.bbox.height


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("t-SNE", "did you mean 'tsne'"),
        ("PCA", "did you mean 'pca'"),
        ("umap", "Expected one of auto, pca, tsne"),
    ],
)
def test_unknown_methods_name_the_known_ones(
    tmp_path, images_of_classes, method, message
):
    with pytest.raises(ValueError, match=message):
        LatentScatter(tmp_path, *images_of_classes, method=method)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((5, 28, 28)), np.zeros(5, int), r"\(5, 28, 28\).*Add a channel"),
        (np.zeros((2, 8, 8, 1)), np.zeros(2, int), "2 images; expected at least 3"),
        (np.zeros((5, 8, 8, 1)), np.zeros(4, int), "5 images and 4 labels"),
        (np.zeros((5, 8, 8, 1)), np.zeros((5, 10), int), "one-hot"),
        (np.zeros((5, 8, 8, 1)), np.zeros(5), "dtype float64.*one class number"),
        (np.zeros((5, 8, 8, 1)), np.full(5, -1), r"labels in -1\.\.-1"),
        (np.full((5, 8, 8, 1), 255.0), np.zeros(5, int), r"\[255, 255\].*Divide by"),
        (np.full((5, 8, 8, 1), np.nan), np.zeros(5, int), "from nan to nan"),
    ],
)
def test_bad_images_and_labels_say_what_came(tmp_path, images, labels, message):
    with pytest.raises(ValueError, match=message):
        LatentScatter(tmp_path, images, labels)


def test_max_points_must_be_three_or_more(tmp_path, images_of_classes):
    with pytest.raises(ValueError, match=r"Got max_points=2; .*at least 3"):
        LatentScatter(tmp_path, *images_of_classes, max_points=2)


def test_models_that_cannot_encode_these_images_are_refused(
    tmp_path, gan, vae, fit, images_of_classes
):
    with pytest.raises(ValueError, match="`encode`, but TinyGAN has none: GANs do not"):
        fit(gan, [LatentScatter(tmp_path, *images_of_classes)], epochs=1)
    callback = LatentScatter(tmp_path, np.zeros((5, 8, 8, 1)), np.zeros(5, int))
    with pytest.raises(ValueError, match=r"\(8, 8, 1\), but TinyVAE encodes \(28,"):
        fit(vae, [callback], epochs=1)
