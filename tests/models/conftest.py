import pytest

from tests.contract import ModelContract

# What a model file gets wrong seldom: fast for a game, steps counted over second
# derivatives, three players and two trainings in one; slow for the others.
SELDOM = (
    "test_equal_seeds_train_equal_models",
    "test_mixed_precision_trains_in_float32_variables",
    "test_a_preset_makes_nearly_the_same_images",
)
FAST = ("TestDCGAN", "TestWGANGP", "TestAAE", "TestVQVAE")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        of_contract = issubclass(item.cls or object, ModelContract)
        if of_contract and item.name in SELDOM and item.cls.__name__ not in FAST:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="class")
def trained(request, digits):
    """A small model of the contract's class after its epochs: see `contract.train`."""
    return request.cls().train(digits)
