"""A density fitted to codes after training, to draw latents from instead of N(0, I).

Where the codes of the training images do not follow N(0, I), as those of a
deterministic autoencoder never do, latents drawn from N(0, I) fall where the decoder
was not trained. A Gaussian mixture fitted to the codes repairs that for any encoder.

Reference: Ghosh et al. 2020, From Variational to Deterministic Autoencoders
(arXiv:1903.12436), section 4: ten components with full covariances.
"""

import math
import warnings

import keras
import numpy as np
from keras import ops

from kerasgen.core.arguments import check_num_classes
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.training import normal

COVARIANCE_FLOOR = 1e-6


@keras.saving.register_keras_serializable("kerasgen")
class GaussianMixturePrior(keras.layers.Layer):
    """Mixture of Gaussians with full covariances over latents; N(0, I) until fitted.

    Its parameters are weights that no optimizer moves, so they are saved, loaded and
    exported with the model that holds the layer.

    Args:
        latent_dim: Number of latents.
        components: Number of Gaussians (of each class), positive int.
        num_classes: With an int, one mixture for each class: the codes of a conditional
            model depend on the label.
        **kwargs: Further arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If an argument is no such integer.

    Example:

    >>> import numpy as np
    >>> prior = GaussianMixturePrior(latent_dim=2, components=3)
    >>> prior.fit(np.random.default_rng(0).normal(size=(100, 2)), seed=0)
    >>> prior.draw(5, seed=(0, 0)).shape
    TensorShape([5, 2])
    """

    def __init__(
        self,
        latent_dim: int,
        components: int = 10,
        num_classes: int | None = None,
        **kwargs,
    ):
        # Cholesky factors in fewer bits would be another distribution.
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.latent_dim = check_positive_int("latent_dim", latent_dim)
        self.components = check_positive_int("components", components)
        self.num_classes = num_classes
        if num_classes is not None:
            self.num_classes = check_num_classes(num_classes)
        mixtures = (self.num_classes or 1, self.components)
        self.component_weights = self.add_weight(
            shape=mixtures,
            initializer=keras.initializers.Constant(1.0 / self.components),
            name="component_weights",
        )
        self.means = self.add_weight(
            shape=(*mixtures, self.latent_dim), initializer="zeros", name="means"
        )
        self.cholesky_factors = self.add_weight(
            shape=(*mixtures, self.latent_dim, self.latent_dim),
            initializer=lambda shape, dtype: ops.broadcast_to(
                ops.eye(shape[-1], dtype=dtype), shape
            ),
            name="cholesky_factors",
        )
        self.built = True

    def get_config(self):
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["dtype"], config["trainable"]
        return config | {
            "latent_dim": self.latent_dim,
            "components": self.components,
            "num_classes": self.num_classes,
        }

    def fit(self, codes, labels=None, seed: int = 0) -> None:
        """Fit the mixture to codes by expectation-maximisation, in scikit-learn.

        Args:
            codes: Codes of training images, array of shape `(num, latent_dim)`.
            labels: Class of each code, integers of shape `(num,)`, where there is one
                mixture for each class.
            seed: Seed of the start (k-means), int of at least 0.

        Raises:
            ValueError: If the codes are no finite array of that shape, a class has
                fewer of them than components, or the labels or the seed do not fit.
        """
        codes = _check_codes(codes, self.latent_dim)
        check_seed(seed, least=0)
        fitted = [
            _fit_mixture(part, self.components, seed, where)
            for part, where in self._parts(codes, labels)
        ]
        weights, means, factors = (np.stack(each) for each in zip(*fitted, strict=True))
        self.component_weights.assign(weights)
        self.means.assign(means)
        self.cholesky_factors.assign(factors)

    def _parts(self, codes, labels):
        """Pairs of the codes of each mixture and the words that name them."""
        if self.num_classes is None:
            if labels is not None:
                raise ValueError(
                    "Got labels for a prior without classes; expected none. Leave them "
                    "out, or construct the prior with num_classes."
                )
            return [(codes, "")]
        if labels is None:
            raise ValueError(
                f"Got no labels for a prior of {self.num_classes} classes; expected "
                "the class of each code. Pass labels."
            )
        labels = np.asarray(labels)
        if labels.shape != (len(codes),) or labels.dtype.kind not in "iu":
            raise ValueError(
                f"Got labels of shape {labels.shape} and dtype {labels.dtype}; "
                f"expected {len(codes)} integers, one for each code."
            )
        outside = labels[(labels < 0) | (labels >= self.num_classes)]
        if outside.size:
            raise ValueError(
                f"Got the label {outside[0]}; expected 0 to {self.num_classes - 1}. "
                "Pass the labels that the model was trained with."
            )
        return [
            (codes[labels == label], f" of class {label}")
            for label in range(self.num_classes)
        ]

    def draw(self, num, seed, labels=None):
        """Draw latents: the same from equal seeds eagerly, in a graph and exported.

        Each row is a function of `latent_dim` + 1 numbers of `training.normal`: the
        first chooses the component by its quantile, the others are ε in μ + L·ε.

        Args:
            num: Number of latents, int or int32 scalar tensor.
            seed: Two integers, as `training.normal` takes them.
            labels: Class of each latent, integers of shape `(num,)`, where there is one
                mixture for each class.

        Returns:
            float32 tensor of shape `(num, latent_dim)`.

        Raises:
            ValueError: If labels are missing, or given to a prior without classes.
        """
        if (labels is None) != (self.num_classes is None):
            given = "no labels" if labels is None else "labels"
            raise ValueError(
                f"Got {given} for a prior with num_classes={self.num_classes}; "
                "expected labels exactly where the prior has classes."
            )
        noise = normal(ops.stack([num, self.latent_dim + 1]), seed)
        quantile = 0.5 + 0.5 * ops.erf(noise[:, :1] / math.sqrt(2.0))
        if labels is None:
            mixture = ops.zeros((num,), dtype="int32")
        else:
            mixture = ops.cast(labels, "int32")
        upper = ops.cumsum(ops.convert_to_tensor(self.component_weights), axis=-1)
        # Without the last bound, which rounding may leave below 1.
        passed = quantile >= ops.take(upper, mixture, axis=0)[:, :-1]
        chosen = mixture * self.components + ops.sum(ops.cast(passed, "int32"), axis=-1)
        means = ops.reshape(self.means, (-1, self.latent_dim))
        factors = ops.reshape(
            self.cholesky_factors, (-1, self.latent_dim, self.latent_dim)
        )
        spread = ops.einsum(
            "nij,nj->ni", ops.take(factors, chosen, axis=0), noise[:, 1:]
        )
        return ops.take(means, chosen, axis=0) + spread


def _check_codes(codes, latent_dim):
    """Codes as a float64 array of shape `(num, latent_dim)`; ValueError otherwise."""
    codes = np.asarray(codes)
    if codes.dtype.kind not in "iuf" or codes.ndim != 2 or codes.shape[1] != latent_dim:
        raise ValueError(
            f"Got codes of shape {codes.shape} and dtype {codes.dtype}; expected "
            f"floats of shape (num, {latent_dim}). Pass what `encode` returns."
        )
    codes = codes.astype("float64")
    if not np.isfinite(codes).all():
        raise ValueError(
            "Got codes that hold NaN or infinity; expected finite numbers. Train the "
            "encoder anew with a lower learning rate."
        )
    return codes


def _fit_mixture(codes, components, seed, where):
    """Weights, means and Cholesky factors of the mixture of some codes."""
    # Loaded here: scikit-learn is needed to fit, not to train or to sample.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    if len(codes) < max(components, 2):
        raise ValueError(
            f"Got {len(codes)} codes{where} for {components} components; expected at "
            f"least {max(components, 2)}. Encode more images, or ask for fewer "
            "components."
        )
    mixture = GaussianMixture(
        components, reg_covar=COVARIANCE_FLOOR, random_state=seed, max_iter=200
    )
    try:
        with warnings.catch_warnings():
            # The last step's mixture is a good one; equal codes make fewer clusters.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(codes)
        factors = np.linalg.cholesky(mixture.covariances_)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise ValueError(
            f"Got codes{where} to which no mixture of {components} Gaussians can be "
            f"fitted ({error}); expected codes that vary. Ask for fewer components."
        ) from error
    return mixture.weights_, mixture.means_, factors
