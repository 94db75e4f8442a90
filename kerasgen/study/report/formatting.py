"""Numbers as a report prints them: three significant digits, a dash for what is not."""

import math

import pandas as pd

MISSING = "–"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Between a number and its unit no line breaks.
_SPACE = "\N{NO-BREAK SPACE}"


def number(value, unit="", digits=3):
    """A number with its unit.

    Args:
        value: int, float or None; NaN counts as missing.
        unit: str, "" for none. "share" prints percent.
        digits: Significant digits; of a larger number, all before the point.

    Example:
        >>> number(0.98765, "share"), number(12345.6, "s"), number(1.5e-5), number(None)
        ('98.8\\xa0%', '12,346\\xa0s', '1.50×10⁻⁵', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    if unit == "share":
        value, unit = 100 * value, "%"
    text = _plain(value, digits).replace("-", "−")
    return f"{text}{_SPACE}{unit}" if unit else text


def _plain(value, digits):
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) < 10**digits:
        value = float(f"{value:.{digits}g}")
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    if abs(value) >= 0.0001:
        return f"{value:#.{digits}g}".rstrip(".")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def mean_and_deviation(summary, unit=""):
    """Mean ± standard deviation of a `Summary`; of one value, that value."""
    if pd.isna(summary.standard_deviation):
        return number(summary.mean, unit)
    deviation = number(summary.standard_deviation, unit, digits=2)
    mean = _bare(number(summary.mean, unit))
    return f"{mean} ±{_SPACE}{deviation}"


def interval(low, high, unit=""):
    """A confidence interval in brackets, or a dash without one."""
    if low is None or high is None:
        return MISSING
    return f"[{_bare(number(low, unit))}, {number(high, unit)}]"


def _bare(text):
    return text.rpartition(_SPACE)[0] or text


def named(count, noun, plural=None):
    """A count with its noun.

    Example:
        >>> named(1, "run"), named(3, "seed"), named(0, "loss", "losses")
        ('1 run', '3 seeds', '0 losses')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(words, conjunction="and"):
    """Words as a sentence lists them.

    Example:
        >>> listed(["DCGAN", "WGAN", "CVAE"])
        'DCGAN, WGAN and CVAE'
    """
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last
