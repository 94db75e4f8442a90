import numpy as np
import pytest
from PIL import Image

from kerasgen.callbacks import SampleGrid
from kerasgen.callbacks import tile_images
from kerasgen.callbacks import write_png
from kerasgen.callbacks.animation import write_gif
from kerasgen.callbacks.image_grid import fitting_scale


def pictures(directory):
    return sorted(path.name for path in directory.glob("epoch-*.png"))


def pixels_of(path):
    with Image.open(path) as picture:
        return np.array(picture)


def numbered(*epochs):
    return [f"epoch-{epoch:04d}.png" for epoch in epochs]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_pixel_of_every_tile_survives_the_png(tmp_path, channels):
    images = np.random.default_rng(0).random((6, 5, 7, channels)).astype(np.float32)
    write_png(tmp_path / "grid.png", tile_images(images, 2, 3, scale=3, margin=2))
    pixels = pixels_of(tmp_path / "grid.png").reshape(36, 71, channels)
    expected = np.rint(images * 255).astype(np.uint8)
    seen = np.zeros(pixels.shape, bool)
    for index, image in enumerate(expected):
        top, left = 2 + index // 3 * 17, 2 + index % 3 * 23
        tile = (slice(top, top + 15), slice(left, left + 21))
        np.testing.assert_array_equal(pixels[tile], np.kron(image, np.ones((3, 3, 1))))
        seen[tile] = True
    assert (pixels[~seen] == 255).all()


def test_uint8_is_kept_and_missing_images_leave_white_places():
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2, 1)
    grid = tile_images(images, rows=2, columns=2, margin=0)
    np.testing.assert_array_equal(grid[:2, 2:], images[1])
    assert (grid[2:, 2:] == 255).all()


def test_nan_is_black_and_values_outside_are_clipped():
    images = np.array([np.nan, -1.0, 2.0, np.inf, 0.5]).reshape(5, 1, 1, 1)
    assert tile_images(images, 1, 5, margin=0).ravel().tolist() == [0, 0, 255, 255, 128]


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        (
            (4, 28, 28),
            {"rows": 2, "columns": 2},
            r"shape \(4, 28, 28\).*Add a channel axis",
        ),
        ((4, 8, 8, 4), {"rows": 2, "columns": 2}, r"4 channels; expected 1 .* or 3"),
        ((0, 8, 8, 1), {"rows": 2, "columns": 2}, "at least one image"),
        ((5, 8, 8, 1), {"rows": 2, "columns": 2}, "Got 5 images for a grid.*at most 4"),
        ((4, 8, 8, 1), {"rows": 0, "columns": 2}, "Got rows=0; expected an integer"),
        ((4, 8, 8, 1), {"rows": 2, "columns": 2, "scale": 1.5}, "Got scale=1.5"),
        (
            (4, 8, 8, 1),
            {"rows": 2, "columns": 2, "margin": -1},
            "Got margin=-1.*least 0",
        ),
    ],
)
def test_bad_grids_say_what_came(shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        tile_images(np.zeros(shape), **arguments)


def test_fitting_scale_is_whole_and_at_least_one():
    assert fitting_scale((28, 28, 1), rows=8, columns=8) == 2
    assert fitting_scale((8, 8, 1), rows=1, columns=10) == 8
    assert fitting_scale((512, 512, 3), rows=8, columns=8) == 1


def test_one_picture_per_epoch_with_the_same_latents(tmp_path, gan, fit):
    fit(gan, [SampleGrid(tmp_path, rows=2, columns=3, seed=7)], epochs=3)
    assert pictures(tmp_path) == numbered(0, 1, 2, 3)
    assert gan.requests == [{"num": 6, "labels": None, "seed": 7}] * 4
    pixels = pixels_of(tmp_path / "epoch-0002.png")[..., np.newaxis]
    images = np.random.default_rng(7).random((6, 28, 28, 1)) * 0.2
    expected = tile_images(images.astype(np.float32), 2, 3, scale=7)
    np.testing.assert_array_equal(pixels, expected)


def test_a_conditional_model_gets_one_column_per_class(
    tmp_path, conditional_gan, epoch_logs
):
    callback = SampleGrid(tmp_path, rows=2, gif=False)
    epoch_logs(callback, conditional_gan, [{}])
    request = conditional_gan.requests[-1]
    assert request["labels"].tolist() == [*range(10), *range(10)]
    assert pixels_of(tmp_path / "epoch-0001.png").shape == (118, 582)
    assert not (tmp_path / "samples.gif").exists()


def test_columns_of_a_conditional_model_wrap_around_the_classes(
    tmp_path, conditional_gan, epoch_logs
):
    epoch_logs(SampleGrid(tmp_path, rows=1, columns=12), conditional_gan, [{}])
    assert conditional_gan.requests[-1]["labels"].tolist() == [*range(10), 0, 1]


def test_every_draws_the_last_epoch_too(tmp_path, gan, epoch_logs):
    epoch_logs(SampleGrid(tmp_path, every=2), gan, [{}] * 5)
    assert pictures(tmp_path) == numbered(0, 2, 4, 5)


def test_a_resumed_run_animates_all_epochs_in_order_without_doubles(tmp_path, gan, fit):
    # Killed after epoch 3 while the checkpoint says 2; a half-written file remains.
    fit(gan, [SampleGrid(tmp_path, gif=False)], epochs=3)
    (tmp_path / ".partial-epoch-0004.png").write_bytes(b"half")
    gan.steps.assign(2.0)
    fit(gan, [SampleGrid(tmp_path)], epochs=4, initial_epoch=2)
    assert not list(tmp_path.glob(".partial*"))
    assert pictures(tmp_path) == numbered(0, 1, 2, 3, 4)
    with Image.open(tmp_path / "samples.gif") as gif:
        brightness = [np.array(frame(gif, i)).mean() for i in range(gif.n_frames)]
        assert gif.n_frames == 5
        assert gif.info["duration"] == 3000
    expected = [pixels_of(tmp_path / name).mean() for name in numbered(0, 1, 2, 3, 4)]
    np.testing.assert_allclose(brightness, expected)


def frame(gif, index):
    gif.seek(index)
    return gif.convert("L")


def test_a_fresh_run_removes_the_pictures_of_an_older_one(tmp_path, gan, epoch_logs):
    epoch_logs(SampleGrid(tmp_path), gan, [{}] * 5)
    epoch_logs(SampleGrid(tmp_path), gan, [{}] * 2)
    assert pictures(tmp_path) == numbered(0, 1, 2)


def test_a_run_killed_before_its_animation_gets_it_when_resumed(
    tmp_path, gan, fit, epoch_logs
):
    epoch_logs(SampleGrid(tmp_path), gan, [{}] * 2, to_the_end=False)
    fit(gan, [SampleGrid(tmp_path)], epochs=2, initial_epoch=2)
    assert (tmp_path / "samples.gif").exists()
    assert pictures(tmp_path) == numbered(0, 1, 2)


def gray_pictures(directory, count, size=(40, 30)):
    paths = []
    for value in range(count):
        paths.append(directory / f"epoch-{value:04d}.png")
        Image.new("L", size, value).save(paths[-1])
    return paths


def test_a_gif_has_a_bounded_number_of_exact_frames(tmp_path):
    write_gif(tmp_path / "a.gif", gray_pictures(tmp_path, 150), max_frames=20)
    with Image.open(tmp_path / "a.gif") as gif:
        values = [frame(gif, i).getpixel((0, 0)) for i in range(gif.n_frames)]
    assert len(values) == 20
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0, 149)


def test_large_pictures_are_reduced_by_a_whole_factor(tmp_path):
    paths = gray_pictures(tmp_path, 2, size=(900, 300))
    write_gif(tmp_path / "a.gif", paths, max_side=400)
    assert pixels_of(tmp_path / "a.gif").shape == (100, 300)


def test_unreadable_and_odd_pictures_are_left_out_with_a_warning(tmp_path, caplog):
    paths = gray_pictures(tmp_path, 5)
    paths[1].write_bytes(paths[1].read_bytes()[:40])
    Image.new("L", (10, 10), 99).save(paths[2])
    write_gif(tmp_path / "a.gif", paths)
    with Image.open(tmp_path / "a.gif") as gif:
        values = [frame(gif, i).getpixel((0, 0)) for i in range(gif.n_frames)]
    assert values == [0, 3, 4]
    assert "epoch-0001.png is left out" in caplog.text
    assert "1 pictures of another size" in caplog.text


def test_samples_that_are_nan_are_drawn_and_reported(
    tmp_path, gan, epoch_logs, caplog, monkeypatch
):
    nan = np.full((4, 28, 28, 1), np.nan, np.float32)
    monkeypatch.setattr(gan, "sample", lambda num, labels=None, seed=None: nan)
    epoch_logs(SampleGrid(tmp_path, rows=2, columns=2), gan, [{}])
    assert "after epoch 1 contain NaN" in caplog.text
    assert pictures(tmp_path) == numbered(0, 1)


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_rows_and_columns_must_be_positive(tmp_path, name):
    with pytest.raises(ValueError, match=f"Got {name}=0; expected"):
        SampleGrid(tmp_path, **{name: 0})


def test_a_model_of_one_s_own_needs_sample_alone(tmp_path, epoch_logs):
    class Own:
        def sample(self, num, labels, seed):
            return np.full((num, 4, 4, 1), 0.5)

    epoch_logs(SampleGrid(tmp_path), Own(), [{}])
    assert list(tmp_path.rglob("epoch-0001.png"))


def test_a_model_without_sample_is_refused(tmp_path, epoch_logs):
    with pytest.raises(
        ValueError, match=r"needs a model with `sample.*object has none"
    ):
        epoch_logs(SampleGrid(tmp_path), object(), [{}])
