"""Maximum mean discrepancy (MMD) between codes and draws from the prior.

Reference: Tolstikhin et al. 2018, Wasserstein Auto-Encoders (arXiv:1711.01558),
Algorithm 2 and section 4.
"""

from keras import ops

from kerasgen import replicas

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def inverse_multiquadratic_kernel(first, second, scales=SCALES):
    """Σ_s C_s / (C_s + |a - b|²) with C_s = 2 · latent_dim · s for each pair.

    Its tails are heavy, so that codes far from the prior have a gradient, too. 2 · d is
    the mean of |a - b|² between draws of N(0, I).

    Args:
        first: Points, shape `(num_first, latent_dim)`.
        second: Points, shape `(num_second, latent_dim)`.
        scales: The positive floats s.

    Returns:
        Kernel of each pair, shape `(num_first, num_second)`, in (0, len(scales)].
    """
    distances = ops.sum(
        ops.square(ops.expand_dims(first, 1) - ops.expand_dims(second, 0)), axis=-1
    )
    constants = [2.0 * first.shape[-1] * scale for scale in scales]
    return sum(c / (c + distances) for c in constants)


def mean_discrepancy_loss(codes, prior_draws, scales=SCALES):
    """Terms of the unbiased estimate of MMD²(q(z), p(z)), whose mean it is.

    Term i is mean_{j≠i} [k(q_i, q_j) + k(p_i, p_j)] - 2 mean_j k(q_i, p_j): without the
    pairs of a point with itself, so the estimate may be negative.

    Args:
        codes: Codes q of a batch, shape `(batch, latent_dim)`. A single one, such as of
            the last batch of an epoch, has no pair and the term 0.
        prior_draws: As many draws p from the prior, same shape.
        scales: Scales of `inverse_multiquadratic_kernel`.

    Returns:
        Term of each example, shape `(batch,)`.
    """
    all_codes, all_draws = replicas.whole(codes), replicas.whole(prior_draws)
    within = inverse_multiquadratic_kernel(codes, all_codes, scales)
    within += inverse_multiquadratic_kernel(prior_draws, all_draws, scales)
    between = inverse_multiquadratic_kernel(codes, all_draws, scales)
    num = ops.cast(ops.shape(all_codes)[0], codes.dtype)
    # A pair of a point with itself has the kernel len(scales).
    pairs = ops.sum(within, axis=1) - 2.0 * len(scales)
    terms = pairs / ops.maximum(num - 1.0, 1.0) - 2.0 * ops.mean(between, axis=1)
    return ops.where(num > 1.0, terms, ops.zeros_like(terms))
