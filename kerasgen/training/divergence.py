"""The error of a training whose numbers are no numbers any more."""


class DivergenceError(RuntimeError):
    """A loss, a weight or a sample is NaN or infinite."""
