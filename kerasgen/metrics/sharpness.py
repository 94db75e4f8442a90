"""Sharpness of images: Laplacian, gradient, spectrum, and share of grey pixels.

No single number will do: noise raises the Laplacian, black-and-white output lowers the
share of grey. Read all of them beside the values of real images.

Pixels are in [0, 1] everywhere, and the values depend on that scale. Colour images are
made grey by luminance (0.299 R + 0.587 G + 0.114 B), except where said.
"""

import numpy as np
from numpy.typing import ArrayLike

from kerasgen.metrics import checks

_LUMINANCE = np.array([0.299, 0.587, 0.114])
# Images at a time, to bound the memory of intermediate arrays.
_BATCH = 1000
# Mean power of rounding pixels in [0, 1] to 8 bits: what no viewer can see.
_ROUNDING_POWER = (1.0 / 255.0) ** 2 / 12.0


def laplacian_variance(images: ArrayLike) -> float:
    """Variance of the Laplacian within each image, averaged over images.

    The Laplacian is the 3x3 kernel [[0, 1, 0], [1, -4, 1], [0, 1, 0]] on grey pixels in
    [0, 1], without padding.

    Reference: Tolstikhin et al., "Wasserstein Auto-Encoders", ICLR 2018, section 4
    (their code takes the least over a batch; here it is the mean).

    Args:
        images: float array `(n, h, w, c)` in [0, 1], h and w at least 3, c 1 or 3.

    Returns:
        float, at least 0; higher is sharper.

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong shape, images too small.

    Example:
        >>> import numpy as np
        >>> dot = np.zeros((1, 5, 5, 1))
        >>> dot[0, 2, 2, 0] = 1.0
        >>> round(laplacian_variance(dot), 6)
        2.222222
    """
    images = checks.checked_images(images, "images", smallest_side=3)
    return float(_per_image(_laplacian_variances, images).mean())


def laplacian_log_ratio(real_images: ArrayLike, fake_images: ArrayLike) -> float:
    """Distance of the samples' sharpness from that of real images.

    |log(Laplacian variance / that of real images)|: blur and noise both raise it.

    Reference: Tolstikhin et al., ICLR 2018, for the Laplacian.

    Args:
        real_images: float array `(n, h, w, c)` in [0, 1], h and w at least 3, c 1 or 3.
        fake_images: float array `(m, h, w, c)`, same image shape.

    Returns:
        float, at least 0; 0 is best, log 2 is twice or half as sharp. Infinite if one
        set has no edges at all.

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong or different shapes.

    Example:
        >>> import numpy as np
        >>> real = np.random.default_rng(0).uniform(size=(50, 8, 8, 1))
        >>> round(laplacian_log_ratio(real, real / 2.0), 6)  # log 4
        1.386294
    """
    real = checks.checked_images(real_images, "real_images", smallest_side=3)
    fake = checks.checked_images(fake_images, "fake_images", smallest_side=3)
    checks.check_same_width(real_images=real, fake_images=fake)
    return log_ratio(laplacian_variance(real), laplacian_variance(fake))


def log_ratio(real_value: float, fake_value: float) -> float:
    """|log(fake / real)| of two values that are not negative; 0 if both are 0."""
    if real_value == fake_value:
        return 0.0
    if min(real_value, fake_value) == 0.0:
        return float("inf")
    return float(abs(np.log(fake_value / real_value)))


def gradient_magnitude(images: ArrayLike) -> float:
    """Length of the brightness gradient, averaged over pixels and images.

    Forward differences between neighbours, on the pixels that have both.

    Args:
        images: float array `(n, h, w, c)` in [0, 1], h and w at least 2, c 1 or 3.

    Returns:
        float, at least 0, in brightness per pixel; higher is sharper.

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong shape, images too small.

    Example:
        >>> import numpy as np
        >>> ramp = np.linspace(0.0, 1.0, 5) * np.ones((1, 5, 1))
        >>> gradient_magnitude(ramp[..., None])
        0.25
    """
    images = checks.checked_images(images, "images", smallest_side=2)
    return float(_per_image(_gradient_magnitudes, images).mean())


def radial_power_spectrum(images: ArrayLike) -> np.ndarray:
    """Power at each spatial frequency, averaged over directions and images.

    Reference: Durall et al., "Watch your Up-Convolution", CVPR 2020.

    Args:
        images: float array `(n, h, w, c)` in [0, 1], h and w at least 2, c 1 or 3.

    Returns:
        float array `(min(h, w) // 2 + 1,)`: entry r is the mean of |FFT|^2 / (h w) over
        frequencies of r periods per shorter side, rounded; slower waves along a long
        side count to r = 1, and entry 0 is the brightness.

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong shape, images too small.

    Example:
        >>> import numpy as np
        >>> radial_power_spectrum(np.full((1, 4, 4, 1), 0.5)).tolist()
        [4.0, 0.0, 0.0]
    """
    images = checks.checked_images(images, "images", smallest_side=2)
    height, width = images.shape[1:3]
    power = sum(_summed_power(batch) for batch in _grey_batches(images)) / len(images)
    periods = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    radii = np.round(periods * min(height, width))
    # Along a long side the lowest frequencies are slower than any of the shorter one.
    radii = np.maximum(radii, periods > 0.0).astype(np.int64).ravel()
    sums = np.bincount(radii, weights=power.ravel())
    return (sums / np.bincount(radii))[: min(height, width) // 2 + 1]


def spectrum_distance(real_images: ArrayLike, fake_images: ArrayLike) -> float:
    """Log-spectral distance of the radial power spectra, in decibels.

    Brightness (frequency 0) is left out, and the power of rounding to 8 bits is added
    to both sides, so that what cannot be seen does not count.

    Reference: Durall et al., CVPR 2020, for the spectrum; Gray & Markel, "Distance
    Measures for Speech Processing", IEEE Transactions ASSP, 1976, for the distance.

    Args:
        real_images: float array `(n, h, w, c)` in [0, 1], h and w at least 2, c 1 or 3.
        fake_images: float array `(m, h, w, c)`, same image shape.

    Returns:
        float, at least 0: root mean square over frequencies of the difference in
        10 log10 of the power.

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong or different shapes.

    Example:
        >>> import numpy as np
        >>> real = np.random.default_rng(0).uniform(size=(50, 8, 8, 1))
        >>> round(spectrum_distance(real, real / 2.0), 2)  # 10 log10(4)
        6.02
    """
    real = checks.checked_images(real_images, "real_images", smallest_side=2)
    fake = checks.checked_images(fake_images, "fake_images", smallest_side=2)
    checks.check_same_width(real_images=real, fake_images=fake)
    return log_spectral_distance(
        radial_power_spectrum(real), radial_power_spectrum(fake)
    )


def log_spectral_distance(real_spectrum: ArrayLike, fake_spectrum: ArrayLike) -> float:
    """`spectrum_distance` of two spectra that were computed once and kept.

    Reference: Gray & Markel, IEEE Transactions ASSP, 1976.

    Args:
        real_spectrum: float array `(r,)`, as `radial_power_spectrum` returns it.
        fake_spectrum: float array `(r,)`, of the samples.

    Returns:
        float, at least 0, in decibels.

    Raises:
        ValueError: NaN, wrong rank or different lengths.

    Example:
        >>> log_spectral_distance([1.0, 100.0], [2.0, 1000.0]).__round__(3)
        10.0
    """
    real = checks.checked_values(real_spectrum, "real_spectrum", minimum=2)
    fake = checks.checked_values(fake_spectrum, "fake_spectrum", shape=real.shape)
    real_level, fake_level = (
        10.0 * np.log10(spectrum[1:] + _ROUNDING_POWER) for spectrum in (real, fake)
    )
    return float(np.sqrt(np.mean((real_level - fake_level) ** 2)))


def mid_grey_share(images: ArrayLike) -> float:
    """Share of pixel values that are neither dark nor bright: in (0.1, 0.9).

    Digits are nearly black on white; the mean of a blurry decoder is not. Colour
    channels are counted one by one.

    Args:
        images: float array `(n, h, w, c)` in [0, 1], c 1 or 3.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong shape.

    Example:
        >>> import numpy as np
        >>> mid_grey_share(np.array([0.0, 0.5, 0.95, 1.0]).reshape(1, 2, 2, 1))
        0.25
    """
    images = checks.checked_images(images, "images")
    return float(np.mean((images > 0.1) & (images < 0.9)))


def _per_image(function, images):
    return np.concatenate([function(batch) for batch in _grey_batches(images)])


def _grey_batches(images):
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        yield batch @ _LUMINANCE if batch.shape[-1] == 3 else batch[..., 0]


def _laplacian_variances(grey):
    sides = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2]
    laplacian = sides + grey[:, 1:-1, 2:] - 4.0 * grey[:, 1:-1, 1:-1]
    return laplacian.var(axis=(1, 2))


def _gradient_magnitudes(grey):
    down = grey[:, 1:, :-1] - grey[:, :-1, :-1]
    right = grey[:, :-1, 1:] - grey[:, :-1, :-1]
    return np.hypot(down, right).mean(axis=(1, 2))


def _summed_power(grey):
    return np.sum(np.abs(np.fft.fft2(grey)) ** 2, axis=0) / grey[0].size
