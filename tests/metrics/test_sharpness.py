import math

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from kerasgen.metrics import gradient_magnitude
from kerasgen.metrics import laplacian_log_ratio
from kerasgen.metrics import laplacian_variance
from kerasgen.metrics import mid_grey_share
from kerasgen.metrics import radial_power_spectrum
from kerasgen.metrics import spectrum_distance

FUNCTIONS = [laplacian_variance, gradient_magnitude, radial_power_spectrum]
KERNEL = np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])


def blurred(images, sigma):
    return scipy.ndimage.gaussian_filter(images, (0.0, sigma, sigma, 0.0))


def test_laplacian_of_a_dot_by_hand():
    dot = np.zeros((1, 5, 5, 1))
    dot[0, 2, 2, 0] = 1.0
    # Nine values: -4 once, 1 four times, 0 four times.
    assert laplacian_variance(dot) == pytest.approx(20.0 / 9.0)


def test_laplacian_agrees_with_scipy(rng):
    images = rng.uniform(size=(6, 9, 7, 1))
    expected = [
        scipy.signal.convolve2d(image[..., 0], KERNEL, mode="valid").var()
        for image in images
    ]
    assert laplacian_variance(images) == pytest.approx(np.mean(expected))


def test_gradient_of_a_slope_by_hand():
    down, right = np.mgrid[0:5, 0:6]
    slope = (0.03 * down + 0.04 * right)[None, ..., None]
    assert gradient_magnitude(slope) == pytest.approx(0.05)
    assert laplacian_variance(slope) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("shape", [(8, 8), (9, 9), (8, 12), (12, 9)])
@pytest.mark.parametrize("periods", [1, 2, 4])
def test_a_wave_has_power_at_its_own_frequency_only(shape, periods):
    # Amplitude a puts a^2 / 4 * h * w at +-r, less where both meet at the fold.
    shorter = int(np.argmin(shape))
    phase = 2.0 * np.pi * periods * np.arange(shape[shorter]) / shape[shorter]
    wave = 0.5 + 0.4 * np.cos(phase)
    wave = wave[:, None] if shorter == 0 else wave[None, :]
    images = np.broadcast_to(wave, shape)[None, ..., None]
    spectrum = radial_power_spectrum(images)
    assert len(spectrum) == min(shape) // 2 + 1
    assert np.argmax(spectrum[1:]) + 1 == periods
    assert np.delete(spectrum, [0, periods]) == pytest.approx(0.0, abs=1e-12)
    assert spectrum[0] == pytest.approx(0.25 * shape[0] * shape[1])


def test_white_noise_has_a_flat_spectrum_at_its_variance(rng):
    noise = rng.uniform(size=(3000, 8, 8, 1))
    assert radial_power_spectrum(noise)[1:] == pytest.approx(1.0 / 12.0, rel=0.03)


def test_slow_waves_along_a_long_side_are_no_brightness():
    wave = 0.5 + 0.5 * np.cos(2.0 * np.pi * np.arange(64) / 64)
    waves = np.broadcast_to(wave[None, None, :, None], (1, 16, 64, 1))
    flat = np.full((1, 16, 64, 1), 0.5)
    assert radial_power_spectrum(waves)[0] == pytest.approx(
        radial_power_spectrum(flat)[0]
    )
    assert spectrum_distance(waves, flat) > 1.0


def test_halving_the_contrast_is_six_decibels(grey_digits):
    images, _ = grey_digits
    distance = spectrum_distance(images, images / 2.0)
    assert distance == pytest.approx(20.0 * math.log10(2.0), abs=0.05)
    assert distance == pytest.approx(spectrum_distance(images / 2.0, images))


def test_spectrum_distance_of_a_set_to_itself_is_zero(grey_digits, rng):
    images, _ = grey_digits
    shuffled = rng.permutation(images)
    assert spectrum_distance(images, shuffled) == pytest.approx(0.0, abs=1e-9)


def test_brightness_is_not_sharpness(grey_digits):
    images = grey_digits[0] / 2.0
    assert spectrum_distance(images, images + 0.4) == pytest.approx(0.0, abs=1e-9)


def test_what_eight_bits_cannot_show_does_not_count():
    flat = np.full((2, 8, 8, 1), 0.5)
    rippled = flat + 1e-6 * np.cos(np.pi * np.arange(8))[:, None]
    assert spectrum_distance(flat, rippled) < 0.01


def test_rounding_is_uniform_noise_a_level_wide():
    flat = np.full((2, 8, 8, 1), 0.5)
    rippled = flat + 0.01 * np.cos(np.pi * np.arange(8))[:, None]
    power, noise = radial_power_spectrum(rippled)[1:], 1.0 / 255.0**2 / 12.0
    expected = 10.0 * np.log10(1.0 + power / noise)
    distance = spectrum_distance(flat, rippled)
    assert distance == pytest.approx(np.sqrt(np.mean(expected**2)))


def test_mid_grey_is_strictly_between_the_limits():
    images = np.array([0.0, 0.1, 0.10001, 0.5, 0.89999, 0.9, 0.95, 1.0])
    assert mid_grey_share(images.reshape(1, 2, 4, 1)) == 3 / 8


def test_blur_lowers_sharpness_step_by_step(grey_digits):
    images, _ = grey_digits
    steps = [blurred(images, sigma) for sigma in (0.0, 0.4, 0.7, 1.0, 1.5)]
    for metric in (laplacian_variance, gradient_magnitude):
        assert all(np.diff([metric(step) for step in steps]) < 0.0)
    distances = [spectrum_distance(images, step) for step in steps]
    assert all(np.diff(distances) > 0.5)


def test_blur_turns_black_and_white_to_grey(grey_digits):
    binary = (grey_digits[0] > 0.5).astype("float32")
    shares = [mid_grey_share(blurred(binary, sigma)) for sigma in (0.0, 0.5, 1.0)]
    assert shares[0] == 0.0 and all(np.diff(shares) > 0.05)


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_grey_as_three_channels_is_the_same(metric, grey_digits):
    images, _ = grey_digits
    assert metric(np.repeat(images, 3, axis=-1)) == pytest.approx(metric(images))


def test_colour_is_weighed_by_luminance():
    green = np.zeros((1, 4, 4, 3))
    green[:, :, 2:, 1] = 1.0
    grey = np.zeros((1, 4, 4, 1))
    grey[:, :, 2:] = 0.587
    assert gradient_magnitude(green) == pytest.approx(gradient_magnitude(grey))


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_means_hold_across_batches_in_any_order(metric, rng):
    images = (
        rng.uniform(size=(30, 6, 6, 1)) * np.linspace(0, 1, 30)[:, None, None, None]
    )
    many = rng.permutation(np.tile(images, (75, 1, 1, 1)))  # 2,250: three batches
    assert metric(many) == pytest.approx(metric(images))


@pytest.mark.parametrize("metric", [*FUNCTIONS, mid_grey_share])
def test_bad_input(metric):
    images = np.full((2, 8, 8, 1), 0.5)
    with pytest.raises(ValueError, match=r"in \[0, 127.5\];.*Divide by 255"):
        metric(np.concatenate([255.0 * images, 0.0 * images]))
    with pytest.raises(ValueError, match=r"in \[-1, 1\];.*\(images \+ 1\) / 2"):
        metric(np.concatenate([2.0 * images, -2.0 * images]))
    with pytest.raises(ValueError, match=r"shape \(2, 8, 8\).*images\[..., None\]"):
        metric(images[..., 0])
    with pytest.raises(ValueError, match="1 or 3 channels"):
        metric(np.repeat(images, 2, axis=-1))
    with pytest.raises(ValueError, match="NaN or infinite values in 1 of 2"):
        metric(np.where(np.arange(2)[:, None, None, None] == 1, np.nan, images))


def test_the_smallest_images_have_a_spectrum(rng):
    images = rng.uniform(size=(2, 2, 2, 1))
    assert spectrum_distance(images, images) == 0.0


def test_images_must_be_large_enough_and_alike():
    small = np.full((2, 2, 2, 1), 0.5)
    with pytest.raises(ValueError, match=r"2x2 pixels.*at least 3"):
        laplacian_variance(small)
    with pytest.raises(ValueError, match=r"2x1 pixels.*at least 2"):
        gradient_magnitude(small[:, :, :1])
    with pytest.raises(ValueError, match=r"`real_images` of.*same image size"):
        spectrum_distance(small, np.full((2, 4, 4, 1), 0.5))


def test_sharpness_against_real_is_a_distance_of_logarithms():
    real = np.random.default_rng(0).uniform(size=(20, 8, 8, 1))
    assert laplacian_log_ratio(real, real) == 0.0
    # A third of the contrast is a ninth of the variance, either way.
    softer = laplacian_log_ratio(real, real / 3.0)
    assert softer == pytest.approx(np.log(9.0))
    assert laplacian_log_ratio(real / 3.0, real) == pytest.approx(softer)
    blank = np.zeros_like(real)
    assert laplacian_log_ratio(real, blank) == np.inf
    assert laplacian_log_ratio(blank, blank) == 0.0
    with pytest.raises(ValueError, match="Got examples of different shapes"):
        laplacian_log_ratio(real, real[:, :6])
