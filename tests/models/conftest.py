import pytest


@pytest.fixture(scope="class")
def trained(request, digits):
    """A small model of the contract's class after one epoch: see `contract.train`."""
    return request.cls().train(digits)
