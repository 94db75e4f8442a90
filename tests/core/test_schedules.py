import numpy as np
import pytest

from kerasgen.core.schedules import SCHEDULES
from kerasgen.core.schedules import signal_shares


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("timesteps", [100, 1000, 4000])
def test_shares_fall_from_all_to_hardly_anything(schedule, timesteps):
    shares = signal_shares(schedule, timesteps)
    assert shares.shape == (timesteps + 1,)
    assert shares[0] == 1.0
    assert np.all(np.diff(shares) < 0)
    assert 0.0 < shares[-1] < 1e-3


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_one_step_takes_most_at_once(schedule):
    assert signal_shares(schedule, 1)[1] == pytest.approx(1e-3)


def test_published_values():
    # Ho et al. 2020: ᾱ_1 = 1 - 0.0001, and exp(-10.1) = 4e-5 is left at the end.
    linear = signal_shares("linear", 1000)
    assert linear[1] == pytest.approx(0.9999)
    assert linear[1000] == pytest.approx(4.04e-5, rel=0.01)
    # Nichol & Dhariwal 2021: half of the time leaves nearly half of the variance.
    cosine = signal_shares("cosine", 1000)
    middle = np.cos((0.5 + 0.008) / 1.008 * np.pi / 2) ** 2
    assert cosine[500] == pytest.approx(middle / np.cos(0.008 / 1.008 * np.pi / 2) ** 2)
