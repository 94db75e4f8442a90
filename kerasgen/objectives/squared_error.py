"""Squared error of a regression, as autoencoders and flow matching minimise it.

Reference: Lipman et al. 2023, Flow Matching for Generative Modeling (arXiv:2210.02747),
equation 23, with the path of Liu et al. 2023 (arXiv:2209.03003).
"""

from keras import ops


def squared_error_loss(targets, predictions):
    """|targets - predictions|², summed over all axes but the first.

    Args:
        targets: Floats of shape `(batch, ...)`.
        predictions: Floats of the same shape.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞).
    """
    squares = ops.square(targets - predictions)
    return ops.sum(squares, axis=tuple(range(1, len(squares.shape))))


def flow_matching_loss(noise, images, velocity):
    """|v(x_t, t) - (x_1 - x_0)|² on the straight path x_t = (1 - t) x_0 + t x_1.

    Its least value is not 0: noise and images are paired at random, and v can only
    learn the mean of x_1 - x_0 given x_t.

    Args:
        noise: x_0, the start of the path at t = 0, shape `(batch, ...)`.
        images: x_1, its end at t = 1, same shape.
        velocity: v(x_t, t), same shape.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞).
    """
    return squared_error_loss(images - noise, velocity)
