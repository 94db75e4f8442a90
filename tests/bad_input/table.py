"""How a row of the table of bad input is written, and what each must show."""

import pathlib

import pytest

import kerasgen

PACKAGE = pathlib.Path(kerasgen.__file__).parent


def row(name, call, message, error=ValueError):
    """One row: what is called with bad input, and what it must raise."""
    return pytest.param(call, message, error, id=name)


def check(call, message, error, *given):
    """The very class that is documented, raised by the package, not deep below it."""
    with pytest.raises(error, match=message) as caught:
        call(*given)
    assert caught.type is error
    if error is not TypeError:  # which Python raises where a signature does not fit
        assert PACKAGE in pathlib.Path(caught.traceback[-1].path).parents
