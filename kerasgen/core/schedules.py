"""Schedules of noise: what share of an image is left after so many steps."""

import math

import numpy as np

SCHEDULES = ("cosine", "linear")


def signal_shares(schedule: str, timesteps: int) -> np.ndarray:
    """ᾱ_t, the share of the variance that is the image's, from t = 0 (1.0) to the last.

    Reference: Nichol & Dhariwal 2021 (arXiv:2102.09672), equation 17, with the betas
    capped at 0.999, for "cosine"; Ho et al. 2020 (arXiv:2006.11239), section 4, for
    "linear": betas from 0.0001 to 0.02 for 1,000 steps, and as many times larger as
    there are fewer.

    Args:
        schedule: "cosine" or "linear".
        timesteps: Number of steps T, a positive int.

    Returns:
        NumPy float64 of shape `(timesteps + 1,)`, falling.
    """
    if schedule == "linear":
        scale = 1000 / timesteps
        betas = np.linspace(0.02 * scale, 1e-4 * scale, timesteps)[::-1]
    else:
        t = np.arange(timesteps + 1) / timesteps
        levels = np.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
        betas = 1.0 - levels[1:] / levels[:-1]
    return np.concatenate([[1.0], np.cumprod(1.0 - np.minimum(betas, 0.999))])
