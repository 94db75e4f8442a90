import numpy as np
import pytest
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """On arrays as small as these, threads cost more time than they save."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def grey_digits():
    """Real digits: 500 float images of 16x16 pixels in [0, 1], and their labels."""
    images, labels = load_digits(return_X_y=True)
    images = np.pad(images[:500].reshape(-1, 8, 8) / 16.0, ((0, 0), (4, 4), (4, 4)))
    return images[..., None], labels[:500]


@pytest.fixture
def ten_modes(rng):
    """Draws `count` points from the first `modes` of ten distant Gaussians."""
    centres = 50.0 * rng.normal(size=(10, 8))

    def draw(count, modes=10):
        return centres[np.arange(count) % modes] + rng.normal(size=(count, 8))

    return draw
