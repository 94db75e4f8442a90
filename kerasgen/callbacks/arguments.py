"""Check of whole-number arguments, for all callbacks."""

import numbers
from typing import Any


def require_count(name: str, value: Any, minimum: int = 1) -> int:
    """Returns `value` as an int, or says which argument is not such a number.

    Args:
        name: str, the argument's name, for the message.
        value: What the user passed; an integer of any integer type.
        minimum: int, the smallest value allowed. Default 1.

    Returns:
        int.

    Raises:
        ValueError: If `value` is not an integer or is less than `minimum`.

    Example:
        >>> require_count("rows", 8)
        8
    """
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_integer or value < minimum:
        raise ValueError(
            f"Got {name}={value!r}; expected an integer of at least {minimum}."
        )
    return int(value)
