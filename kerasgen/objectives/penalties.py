"""Penalties on the slope of a judge, and on kernels far from orthogonal.

The slopes are gradients of scores by images, in float32, as
`kerasgen.training.input_gradient` takes them.
"""

from keras import ops

# Added under the root, whose slope at 0 would be infinite.
EPSILON = 1e-12


def interpolate(images, fakes, share):
    """Points on the segments between real and generated images.

    Reference: Gulrajani et al. 2017, Improved Training of Wasserstein GANs
    (arXiv:1704.00028), Algorithm 1.

    Args:
        images: Real images, shape `(batch, height, width, channels)`.
        fakes: Generated images, same shape.
        share: Share of the real image in [0, 1], one number for each example, shape
            `(batch,)`. One for each pixel would give points in a box, not a segment.

    Returns:
        Tensor of the shape of `images`.
    """
    share = ops.reshape(share, (-1,) + (1,) * (len(images.shape) - 1))
    return share * images + (1.0 - share) * fakes


def one_centred_penalty(gradients):
    """Squared distance of the slope's length from 1, from either side: (|∇f| - 1)².

    Reference: Gulrajani et al. 2017 (arXiv:1704.00028), equation 3.

    Args:
        gradients: Slopes of the scores, shape `(batch, ...)`; the length is over all
            axes but the first.

    Returns:
        Penalty of each example, shape `(batch,)`, in [0, ∞).
    """
    length = ops.sqrt(_sum_of_squares(gradients) + EPSILON)
    return ops.square(length - 1.0)


def zero_centred_penalty(gradients):
    """Half the squared length of the slope: ½ |∇D|².

    With gradients at real images this is R1, at generated ones R2; the weight γ of the
    papers multiplies it.

    Reference: Mescheder et al. 2018, Which Training Methods for GANs do actually
    Converge? (arXiv:1801.04406), equations 9 and 10.

    Args:
        gradients: Slopes of the outputs, shape `(batch, ...)`.

    Returns:
        Penalty of each example, shape `(batch,)`, in [0, ∞).
    """
    return 0.5 * _sum_of_squares(gradients)


def _sum_of_squares(gradients):
    gradients = ops.cast(gradients, "float32")
    return ops.sum(ops.square(gradients), axis=tuple(range(1, len(gradients.shape))))


def orthogonal_penalty(kernel):
    """Squares of all products of two different columns: |Wᵀ W ∘ (1 - I)|²_F.

    The lengths of the columns are free, unlike in the older |Wᵀ W - I|².

    Reference: Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural
    Image Synthesis (arXiv:1809.11096), equation 3.

    Args:
        kernel: Tensor of shape `(..., outputs)`; all axes but the last are rows.

    Returns:
        float32 scalar in [0, ∞); 0 where the columns are orthogonal.
    """
    kernel = ops.cast(kernel, "float32")
    matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
    products = ops.matmul(ops.transpose(matrix), matrix)
    others = 1.0 - ops.eye(kernel.shape[-1], dtype="float32")
    return ops.sum(ops.square(products * others))
