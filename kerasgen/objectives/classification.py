"""Losses of judges that also say which class, or which code, an image is of."""

import math

from keras import ops

from kerasgen import replicas


def class_cross_entropy(logits, labels):
    """Cross-entropy of the label under a softmax of the logits: -log p(y|x).

    What AC-GAN's discriminator and generator both minimise.

    Reference: Odena et al. 2017, Conditional Image Synthesis with Auxiliary Classifier
    GANs (arXiv:1610.09585), equation 3.

    Args:
        logits: Logits of the classes, shape `(batch, num_classes)`; not probabilities,
            whose second softmax would keep the loss of ten classes above 1.46.
        labels: Integers in [0, num_classes), shape `(batch,)`. A negative label stands
            for none, and costs nothing.

    Returns:
        Loss of each example in nats, shape `(batch,)`, in [0, ∞); log `num_classes` at
        equal logits.
    """
    logits = ops.cast(logits, "float32")
    chosen = ops.one_hot(labels, logits.shape[-1], dtype="float32")
    loss = ops.logsumexp(logits, axis=-1) - ops.sum(chosen * logits, axis=-1)
    return ops.where(labels >= 0, loss, ops.zeros_like(loss))


def labelled_cross_entropy(logits, labels):
    """Cross-entropy over the labelled examples of a batch alone.

    Weighted so that the mean over the batch is the mean over its labelled examples;
    zero where it has none.

    Args:
        logits: Logits of the classes, shape `(batch, num_classes)`.
        labels: Integers in [0, num_classes), or -1 for none, shape `(batch,)`.

    Returns:
        Loss of each example in nats, shape `(batch,)`; 0 without a label.
    """
    return share_of_mean(labels >= 0) * class_cross_entropy(logits, labels)


def share_of_mean(is_chosen):
    """Weights under which the mean of a batch is the mean of its chosen examples.

    Args:
        is_chosen: Booleans of shape `(batch,)`.

    Returns:
        float32 of shape `(batch,)`, whose mean is 1; all ones where none is chosen.
    """
    chosen = ops.cast(is_chosen, "float32")
    share = ops.mean(replicas.whole(chosen))
    weights = chosen / ops.maximum(share, 1e-12)
    return ops.where(share > 0.0, weights, ops.ones_like(chosen))


def real_logit(class_logits, fake_logit=0.0):
    """Logit that an image is real, under a softmax of K classes and FAKE.

    log Σ exp(l_k) - l_FAKE, whose sigmoid is one minus the probability of FAKE. The
    losses of `objectives.adversarial` take it: softplus(-logit) is -log(1 - p_FAKE).

    Reference: Odena 2016, Semi-Supervised Learning with Generative Adversarial Networks
    (arXiv:1606.01583); Salimans et al. 2016, Improved Techniques for Training GANs
    (arXiv:1606.03498), section 5, where the logit of FAKE is 0.

    Args:
        class_logits: Logits of the K classes, shape `(batch, K)`.
        fake_logit: Logit of FAKE, shape `(batch,)`, or a number.

    Returns:
        Tensor of shape `(batch,)`; log K where all logits are 0.
    """
    return ops.logsumexp(ops.cast(class_logits, "float32"), axis=-1) - fake_logit


def feature_matching_loss(real_features, fake_features):
    """Squared distance between the mean features of real and of generated images.

    Averaged over the features, as in the paper's code, not summed. One number for the
    whole batch, repeated for every example: the means are of the batch.

    Reference: Salimans et al. 2016 (arXiv:1606.03498), section 3.1.

    Args:
        real_features: Features of real images, shape `(batch, features)`.
        fake_features: Features of generated images, same shape.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞); 0 for equal batches.
    """
    real, fake = (ops.cast(f, "float32") for f in (real_features, fake_features))
    real_mean, fake_mean = (ops.mean(replicas.whole(f), axis=0) for f in (real, fake))
    difference = real_mean - fake_mean
    return ops.broadcast_to(ops.mean(ops.square(difference)), ops.shape(fake)[:1])


def categorical_information(logits, codes, num_categories):
    """Lower bound of the information that an image holds about a category drawn.

    log Q(c | x) + H(c) with c uniform: at most log `num_categories`, and 0 where Q has
    learned nothing.

    Reference: Chen et al. 2016, InfoGAN (arXiv:1606.03657), equation 4.

    Args:
        logits: Logits of Q(c | x), shape `(batch, num_categories)`.
        codes: Categories drawn, integers of shape `(batch,)`.
        num_categories: Number of categories, positive int.

    Returns:
        Bound from each example in nats, shape `(batch,)`; its mean is the bound.
    """
    return math.log(num_categories) - class_cross_entropy(logits, codes)


def gaussian_information(means, codes):
    """Bound of the information about uniform codes, under a Q of unit variance.

    log N(c; mean, 1) + H(c), summed over the codes; H of a uniform number in [-1, 1] is
    log 2. With the variance held at 1 the bound stays below -½ log(2π) + log 2 = -0.226
    for each code: only its slope matters.

    Reference: Chen et al. 2016 (arXiv:1606.03657), equation 4 and appendix C.

    Args:
        means: Means of Q(c | x), shape `(batch, codes)`.
        codes: Codes drawn from [-1, 1], same shape.

    Returns:
        Bound from each example in nats, shape `(batch,)`.
    """
    constant = math.log(2.0) - 0.5 * math.log(2.0 * math.pi)
    return ops.sum(constant - 0.5 * ops.square(codes - means), axis=-1)


def is_correct(logits, labels):
    """Whether the greatest logit is the label's: 1 or 0 for each example.

    Args:
        logits: Logits of the classes, shape `(batch, num_classes)`.
        labels: Integers in [0, num_classes), shape `(batch,)`.

    Returns:
        float32 of shape `(batch,)`, whose mean is the accuracy.
    """
    chosen = ops.cast(ops.argmax(logits, axis=-1), labels.dtype)
    return ops.cast(chosen == labels, "float32")
