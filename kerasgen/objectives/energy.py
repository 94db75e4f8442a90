"""Losses of energy-based GANs.

Reference: Zhao et al. 2017, Energy-based Generative Adversarial Network
(arXiv:1609.03126), sections 2.1 and 2.4.
"""

from keras import ops

from kerasgen import replicas


def margin_discriminator_loss(real_energies, fake_energies, margin):
    """Low energy for real images, above the margin for generated ones.

    E(x) + [m - E(G(z))]₊, with the hinge on each example before any mean. In the
    equilibrium its mean is m.

    Reference: Zhao et al. 2017 (arXiv:1609.03126), equation 1.

    Args:
        real_energies: Energies of real images, shape `(batch,)`, in [0, ∞).
        fake_energies: Energies of generated images, same shape.
        margin: Energy m from which a generated image costs nothing, positive float, in
            the unit of the energies.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞).
    """
    return real_energies + ops.relu(margin - fake_energies)


def pull_away_term(codes):
    """Mean squared cosine between an example's code and every other one's.

    Its mean over the batch is the paper's term; 0 for orthogonal codes, 1 for codes
    along one line, whatever their lengths and signs. The term of an example depends on
    the batch that it is in.

    Reference: Zhao et al. 2017 (arXiv:1609.03126), equation 4.

    Args:
        codes: Codes of generated images, shape `(batch, features)`. A single one, such
            as of the last batch of an epoch, has no pair and the term 0.

    Returns:
        Term of each example, shape `(batch,)`, in [0, 1].
    """
    codes = ops.cast(codes, "float32")
    codes = ops.reshape(codes, (ops.shape(codes)[0], -1))
    lengths = ops.sqrt(ops.sum(ops.square(codes), axis=1, keepdims=True) + 1e-12)
    units = codes / lengths
    all_units = replicas.whole(units)
    squares = ops.square(ops.matmul(units, ops.transpose(all_units)))
    own = ops.square(ops.sum(ops.square(units), axis=1))
    others = ops.cast(ops.maximum(ops.shape(all_units)[0] - 1, 1), "float32")
    return (ops.sum(squares, axis=1) - own) / others
