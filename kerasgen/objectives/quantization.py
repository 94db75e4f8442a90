"""Losses of a vector quantiser, and the estimate of the gradient through it.

Reference: van den Oord et al. 2017, Neural Discrete Representation Learning
(arXiv:1711.00937), equation 3.
"""

from keras import ops

from kerasgen.objectives.squared_error import squared_error_loss


def straight_through(encoded, quantized):
    """The quantised values, with the gradient of the encoder's: z_e + sg(e - z_e).

    Args:
        encoded: Output z_e of the encoder, floats of any shape.
        quantized: The nearest codebook vectors e, same shape.

    Returns:
        `quantized`; its gradient goes to `encoded` alone, unchanged.
    """
    return encoded + ops.stop_gradient(quantized - encoded)


def codebook_loss(encoded, quantized):
    """|sg(z_e) - e|²: moves the codebook to the encoder's outputs.

    Args:
        encoded: Output z_e of the encoder, shape `(batch, ...)`.
        quantized: The nearest codebook vectors e, same shape.

    Returns:
        Loss of each example, summed over all other axes, shape `(batch,)`.
    """
    return squared_error_loss(ops.stop_gradient(encoded), quantized)


def commitment_loss(encoded, quantized):
    """|z_e - sg(e)|²: keeps the encoder's outputs at the codebook.

    Args:
        encoded: Output z_e of the encoder, shape `(batch, ...)`.
        quantized: The nearest codebook vectors e, same shape.

    Returns:
        Loss of each example, summed over all other axes, shape `(batch,)`.
    """
    return squared_error_loss(encoded, ops.stop_gradient(quantized))
