import keras
import pytest
from sklearn.datasets import load_digits

from kerasgen.core import registry
from tests.core import toy

FAMILIES = {toy.ToyGAN: "gan", toy.ToyVAE: "vae"}


@pytest.fixture(autouse=True, scope="module")
def registered():
    """The toys are models of the zoo while a file of this folder is tested."""
    names = {cls: f"toy_{family}" for cls, family in FAMILIES.items()}
    for cls, family in FAMILIES.items():
        registry.register(family=family, references=[toy.PAPER], name=names[cls])(cls)
    yield names
    for name in names.values():
        registry.unregister(name)


@pytest.fixture(params=FAMILIES, ids=lambda cls: cls.__name__)
def make(request):
    """A function that makes a toy, each with the same weights and noise."""

    def make(**changes):
        keras.utils.set_random_seed(0)
        return request.param(**{"seed": 0, **changes})

    return make


@pytest.fixture(scope="session")
def small_digits():
    """Real digits: 128 uint8 images of 8x8 pixels and their labels."""
    bunch = load_digits()
    images = (bunch.images[:128] / 16.0 * 255.0).astype("uint8")
    return images[..., None], bunch.target[:128].astype("int32")
