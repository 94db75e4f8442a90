"""The KL divergence of a variational autoencoder in its three parts.

Reference: Chen et al. 2018, Isolating Sources of Disentanglement in Variational
Autoencoders (arXiv:1802.04942), equation 2.
"""

import math

from keras import ops

from kerasgen import replicas
from kerasgen.objectives.variational import gaussian_log_density


def kl_decomposition(latents, mean, log_variance, num_examples):
    """Mutual information, total correlation and dimension-wise KL; their sum is the KL.

    log q(z|x) - log p(z) of each draw is split by the aggregate posterior
    q(z) = (1/N) Σ_n q(z|x_n), estimated from the batch: the example itself counts 1/N,
    the others share the rest. That is unbiased for q(z), and exact where the batch is
    the whole data. Chen et al. weigh all by 1/(N · batch), which is biased, or by their
    stratified form, which is not exact then. The logarithm remains biased: a part may
    be negative.

    Args:
        latents: z_i drawn from q(z|x_i), shape `(batch, latent_dim)`, batch at least 2.
        mean: Means of q(z|x_i), same shape.
        log_variance: Logarithms of the variances, same shape.
        num_examples: N, the number of training images.

    Returns:
        `(mutual_information, total_correlation, dimension_wise_kl)`, of each example in
        nats, each of shape `(batch,)`.
    """
    all_mean, all_log_variance = replicas.whole(mean), replicas.whole(log_variance)
    batch = ops.shape(all_mean)[0]
    num_others = ops.cast(ops.maximum(batch - 1, 1), latents.dtype)
    is_self = replicas.own(ops.eye(batch, dtype=latents.dtype))
    log_shares = -math.log(num_examples) + (1.0 - is_self) * (
        math.log(max(num_examples - 1, 1)) - ops.log(num_others)
    )
    # log q(z_i[d] | x_j) by i, j and d: the sum over the last axis is one of one axis
    pairs = gaussian_log_density(
        latents[:, None, :, None],
        all_mean[None, :, :, None],
        all_log_variance[None, :, :, None],
    )
    conditional = gaussian_log_density(latents, mean, log_variance)
    joint = ops.logsumexp(log_shares + ops.sum(pairs, axis=-1), axis=1)
    marginals = ops.logsumexp(ops.expand_dims(log_shares, -1) + pairs, axis=1)
    product = ops.sum(marginals, axis=-1)
    prior = gaussian_log_density(latents)
    return conditional - joint, joint - product, product - prior


def excess_total_correlation(weight, latents, mean, log_variance, num_examples):
    """Excess of the KL divergence by a total correlation of another weight than 1.

    The divergence in closed form holds the correlation once: with (weight - 1) · TC
    beside it the loss is that of the β-TCVAE.

    Reference: Chen et al. 2018 (arXiv:1802.04942), the objective of the β-TCVAE with
    weights of 1 for the other two parts.

    Args:
        weight: Weight β of the total correlation; at 1 nothing is computed.
        latents, mean, log_variance, num_examples: As for `kl_decomposition`.

    Returns:
        (weight - 1) · TC of each example in nats, shape `(batch,)`, or 0.0. Of a batch
        of one, whose codes tell of no correlation, it is 0.
    """
    if weight == 1.0:
        return 0.0
    _, correlation, _ = kl_decomposition(latents, mean, log_variance, num_examples)
    has_others = ops.shape(replicas.whole(mean))[0] > 1
    return (weight - 1.0) * ops.where(has_others, correlation, 0.0)
