"""What all models share: building, compiling, fitting, sampling, saving, exporting.

The algorithm of a model stands in its own file; this one holds no objective.
"""

import contextlib
import random
import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen import files
from kerasgen import training
from kerasgen.models.arguments import check_image_shape
from kerasgen.models.arguments import check_network
from kerasgen.models.arguments import check_positive_int
from kerasgen.models.arguments import great_circle
from kerasgen.models.arguments import in_batches
from kerasgen.models.arguments import one_or_list


class GenerativeModel(keras.Model):
    """A model of images that can be sampled from, trained as a game of named players.

    Abstract: a model says what is `logged` and `generator_name`, gives `players`,
    `default_optimizers` and `losses`, and spells out its `train_step`.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: Number of latents, positive int.
        num_classes: Number of classes of a conditional model, or None.
        average_momentum: Momentum of the exponential moving average of the generator's
            weights that sampling uses, in [0, 1), or None to sample with the raw ones.
        seed: Seed of the noise drawn in training, or None.
        dtype: Keras dtype policy or its name, or None for the global one.
        name: Name of the model.
    """

    logged = {}  # from log key to key of `losses`
    generator_name = "generator"

    def __init__(
        self,
        image_shape,
        latent_dim,
        num_classes,
        average_momentum,
        seed,
        dtype,
        name,
    ):
        super().__init__(dtype=dtype, name=name)
        self.image_shape = check_image_shape(image_shape)
        self.latent_dim = check_positive_int("latent_dim", latent_dim)
        self.num_classes = num_classes
        if num_classes is not None:
            check_positive_int("num_classes", num_classes)
        if average_momentum is not None and not 0.0 <= average_momentum < 1.0:
            raise ValueError(
                f"average_momentum={average_momentum!r}; expected a float in [0, 1), "
                "or None for no average."
            )
        self.average_momentum = average_momentum
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.evaluation_seed = keras.random.SeedGenerator(0)
        self.trackers = {key: keras.metrics.Mean(name=key) for key in self.logged}
        self._given_networks = []
        self._compiled_generator = None

    # What a model of the zoo defines.

    def players(self):
        """Dict from player name to the list of variables that it trains."""
        raise NotImplementedError

    def default_optimizers(self):
        """Dict from player name to a fresh optimizer with the default settings."""
        raise NotImplementedError

    def losses(self, images, labels, seed_generator, training):
        """Dict of per-example losses: each player's, and terms to log."""
        raise NotImplementedError

    # Building and compiling.

    @property
    def dimensions(self):
        """`(image_shape, latent_dim, num_classes)`, as network builders take them."""
        return self.image_shape, self.latent_dim, self.num_classes

    def keep_arguments(self, **arguments):
        """Keeps constructor arguments as attributes and for `get_config`."""
        self._arguments = arguments
        for name, value in arguments.items():
            setattr(self, name, value)

    def add_network(self, name, given, build, *, takes, returns):
        """Sets a network as an attribute: the user's own, or the default one.

        Args:
            name: Name of the attribute and of the constructor argument.
            given: The user's `keras.Model`, or None.
            build: Function without arguments that returns the default network.
            takes: List of input shapes, without batch; a conditional model's networks
                also take labels.
            returns: List of output shapes, without batch.
        """
        if given is None:
            setattr(self, name, build())
            return
        labels = [] if self.num_classes is None else [()]
        self._given_networks.append(name)
        setattr(self, name, check_network(name, given, [*takes, *labels], returns))

    @contextlib.contextmanager
    def building(self):
        """Builds networks under this model's dtype policy; then completes the model."""
        previous = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.dtype_policy)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(previous)
        self.average = None
        if self.average_momentum is not None:
            self.average = keras.models.clone_model(self._raw_generator)
            self.average.trainable = False
            self.average.set_weights(self._raw_generator.get_weights())
        self.built = True
        self.compile()

    def build(self, input_shape=None):
        """Nothing to do: the constructor builds all networks."""

    def get_config(self):
        config = {
            "image_shape": self.image_shape,
            "latent_dim": self.latent_dim,
            "num_classes": self.num_classes,
            "average_momentum": self.average_momentum,
            "seed": self.seed,
            "dtype": keras.saving.serialize_keras_object(self.dtype_policy),
            "name": self.name,
            **self._arguments,
        }
        for name in self._given_networks:
            config[name] = keras.saving.serialize_keras_object(getattr(self, name))
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        revived = {
            key: keras.saving.deserialize_keras_object(value, custom_objects)
            if isinstance(value, dict)
            else value
            for key, value in config.items()
        }
        return cls(**revived)

    def compile(
        self,
        optimizer="auto",
        jit_compile="auto",
        steps_per_execution="auto",
        run_eagerly=False,
        auto_scale_loss=True,
    ):
        """Sets how the model is trained; the constructor has called it once.

        Args:
            optimizer: `"auto"` for the model's defaults, a dict from player to
                optimizer, or one optimizer that is cloned for every player.
            jit_compile: Whether to compile the step with XLA; `"auto"` does on a GPU.
            steps_per_execution: Steps in one call of the compiled function; `"auto"`
                takes 16 on a GPU, where launching a step costs more than a small
                network's arithmetic, and 1 elsewhere.
            run_eagerly: Whether to run without a graph, for debugging.
            auto_scale_loss: Whether to scale each player's loss under `mixed_float16`.

        Raises:
            ValueError: If `optimizer` names an unknown player.
        """
        self._compile_arguments = {
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
            "run_eagerly": run_eagerly,
            "auto_scale_loss": auto_scale_loss,
        }
        group = training.assign_optimizers(optimizer, self.default_optimizers())
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16":
            group.scale_losses()
        group.bind(self.players())
        if steps_per_execution == "auto":
            has_gpu = bool(tf.config.list_logical_devices("GPU"))
            steps_per_execution = 16 if has_gpu and not run_eagerly else 1
        super().compile(
            optimizer=group,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            auto_scale_loss=False,
        )

    def get_compile_config(self):
        # As asked for, not as resolved: a file made on a GPU must load on a CPU.
        optimizer = keras.saving.serialize_keras_object(self.optimizer)
        return {"optimizer": optimizer, **self._compile_arguments}

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    # Training and evaluation.

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        *,
        validation_data=None,
        steps_per_epoch=None,
        **kwargs,
    ):
        """Trains on images; takes the arguments of `keras.Model.fit`.

        Args:
            x: Images as uint8 or floats in [0, 1], shape `(num, height, width,
                channels)`, or a `tf.data.Dataset`, `PyDataset` or generator of batches:
                images, `(images, labels)`, or dicts with `image` and `label`.
            y: Labels of an array of images, integers of shape `(num,)`.
            batch_size: Images in a batch, for arrays; default 64.
            validation_data: Images in any of these forms, to evaluate each epoch.
            steps_per_epoch: Steps of an epoch, needed for infinite datasets.
            **kwargs: Further arguments of `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        if isinstance(x, tuple) and y is None:
            x, y = x
        if isinstance(x, (np.ndarray, tf.Tensor)) and batch_size is None:
            batch_size = 64
        form = (self.image_shape, self.num_classes)
        training.check_data(x, y, *form, batch_size, steps_per_epoch)
        if isinstance(validation_data, (tuple, list)):
            training.check_data(*validation_data[:2], *form)
        elif validation_data is not None:
            training.check_data(validation_data, None, *form)
        if isinstance(x, tf.data.Dataset):
            kwargs.setdefault("shuffle", False)  # Keras warns that it does not shuffle.
        arguments = {
            "validation_data": validation_data,
            "steps_per_epoch": steps_per_epoch,
            **kwargs,
        }
        with self._exact_number_of_steps(x):
            return super().fit(x, y, batch_size, **arguments)

    @contextlib.contextmanager
    def _exact_number_of_steps(self, x):
        """Keeps Keras from taking one step too many where the length is unknown.

        With one step per execution the ops of a step that do not depend on the data
        (noise, optimizer updates) still run when the iterator is at its end; with two,
        Keras asks the iterator first.
        """
        unknown = isinstance(x, tf.data.Dataset) and (
            x.cardinality() == tf.data.UNKNOWN_CARDINALITY
        )
        if not unknown or self.steps_per_execution > 1 or self.run_eagerly:
            yield
            return
        self.steps_per_execution, self.train_function = 2, None
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Your input ran out of data")
                yield
        finally:
            self.steps_per_execution, self.train_function = 1, None

    def evaluate(self, x=None, y=None, **kwargs):
        """Losses on images, by name, without training; see `keras.Model.evaluate`.

        The noise is the same in every evaluation, so equal weights give equal losses.
        """
        if isinstance(x, tuple) and y is None:
            x, y = x
        if not kwargs.get("_use_cached_eval_dataset"):
            form = (self.image_shape, self.num_classes)
            training.check_data(x, y, *form, steps=kwargs.get("steps"))
        self.evaluation_seed.state.assign([0, 0])
        return super().evaluate(x, y, **kwargs)

    def test_step(self, data):
        images, labels = self.unpack(data)
        losses = self.losses(images, labels, self.evaluation_seed, training=False)
        return self.log(losses)

    def unpack(self, data):
        """Float32 images in [0, 1] and int32 labels (None if not conditional)."""
        images, labels = training.unpack_batch(data)
        training.check_batch(images, labels, self.image_shape, self.num_classes)
        return images, labels if self.num_classes is not None else None

    def draw_latents(self, images, seed_generator):
        """Latents from the prior N(0, I), one for each image of a batch."""
        shape = (ops.shape(images)[0], self.latent_dim)
        return training.normal(shape, training.next_seed(seed_generator))

    def update_average(self):
        """Moves the averaged generator; call it after the generator's step."""
        if self.average is not None:
            training.update_average(
                self.average,
                self._raw_generator,
                self.average_momentum,
                self.optimizer[next(iter(self.players()))].iterations,
            )

    def log(self, losses):
        """Adds per-example losses to the epoch's means, and returns these by name."""
        for key, name in self.logged.items():
            if name in losses:
                self.trackers[key].update_state(losses[name])
        return {key: tracker.result() for key, tracker in self.trackers.items()}

    # Using a trained model.

    @property
    def _raw_generator(self):
        return getattr(self, self.generator_name)

    @property
    def sampler(self):
        """The network that samples: the averaged generator where there is one."""
        return self._raw_generator if self.average is None else self.average

    def call(self, inputs, training=False):
        """Images from latents, or from `[latents, labels]`."""
        return self.sampler(inputs, training=training)

    def generate(self, latents, labels=None):
        """Images from latents.

        Args:
            latents: Array of shape `(num, latent_dim)`.
            labels: Class of each image, integers of shape `(num,)`; a conditional model
                takes the classes in turn where they are left out.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If a shape or a label does not fit.
        """
        latents = np.asarray(latents, "float32")
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(
                f"latents have shape {latents.shape}; expected (num, "
                f"{self.latent_dim})."
            )
        labels = self.check_labels(labels, len(latents))
        if self._compiled_generator is None:
            self._compiled_generator = tf.function(
                lambda *inputs: self.sampler(one_or_list(inputs), training=False),
                reduce_retracing=True,
            )
        return in_batches(self._compiled_generator, latents, labels)

    def sample(self, num, labels=None, seed=None):
        """Images of latents drawn from the prior.

        Args:
            num: Number of images, positive int.
            labels: Class of each image, integers of shape `(num,)`, or one class for
                all; a conditional model takes the classes in turn where they are left
                out.
            seed: Equal seeds give equal samples, in any process; None draws a new one.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If `num` or a label does not fit.

        Example:

        >>> import kerasgen
        >>> kerasgen.DCGAN().sample(16, seed=0).shape
        (16, 28, 28, 1)
        """
        check_positive_int("num", num)
        if seed is None:
            seed = random.randrange(2**31)
        latents = training.normal((num, self.latent_dim), (seed, 0))
        return self.generate(latents, labels)

    def interpolate(self, first, last, steps, label=None):
        """Images along the great circle between two latents.

        Latents of a Gaussian prior lie near a sphere, which a straight line would leave
        (White 2016, Sampling Generative Networks, arXiv:1609.04468).

        Args:
            first: Latents of the first image, shape `(latent_dim,)`.
            last: Latents of the last image, shape `(latent_dim,)`.
            steps: Number of images, at least 2.
            label: Class of all images, for a conditional model.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(steps, *image_shape)`.

        Raises:
            ValueError: If a shape or `steps` does not fit.
        """
        first, last = np.asarray(first, "float32"), np.asarray(last, "float32")
        if first.shape != (self.latent_dim,) or last.shape != (self.latent_dim,):
            raise ValueError(
                f"interpolate got latents of shapes {first.shape} and {last.shape}; "
                f"expected ({self.latent_dim},) for both."
            )
        if check_positive_int("steps", steps) < 2:
            raise ValueError(f"interpolate got steps={steps}; expected at least 2.")
        return self.generate(great_circle(first, last, steps), label)

    def check_labels(self, labels, num):
        """Labels for `num` images as int32, or None for an unconditional model."""
        if self.num_classes is None:
            if labels is not None:
                raise ValueError(
                    "Labels were given, but this model is not conditional. Leave them "
                    "out, or construct the model with num_classes."
                )
            return None
        if labels is None:
            return np.arange(num, dtype="int32") % self.num_classes
        labels = np.asarray(labels)
        if labels.ndim == 0:
            labels = np.full(num, labels)
        if labels.shape != (num,) or labels.dtype.kind not in "iu":
            raise ValueError(
                f"Labels have shape {labels.shape} and dtype {labels.dtype}; expected "
                f"{num} integers, one for each image."
            )
        if labels.size and not 0 <= labels.min() <= labels.max() < self.num_classes:
            raise ValueError(
                f"Labels lie in {labels.min()}..{labels.max()}; this model has "
                f"num_classes={self.num_classes}, so they must lie in "
                f"0..{self.num_classes - 1}."
            )
        return labels.astype("int32")

    # Saving: the state of the noise travels with the weights.

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["seed_state"] = ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store):
        own = {key: store[key] for key in store.keys() if key != "seed_state"}  # noqa: SIM118
        super().load_own_variables(own)
        if "seed_state" in store.keys():  # noqa: SIM118
            self.seed_generator.state.assign(store["seed_state"])

    # Exporting.

    def endpoints(self):
        """Dict from signature name to `(function, list of tf.TensorSpec)`."""
        latents = tf.TensorSpec((None, self.latent_dim), tf.float32, name="latents")
        scalars = [tf.TensorSpec((), tf.int32, name=name) for name in ("n", "seed")]
        return {
            "serving_default": (self._images_from, [latents, *self.label_spec()]),
            "sample": (self._sample_in_graph, [*scalars, *self.label_spec()]),
        }

    def label_spec(self):
        """The specification of labels, in a list; empty if not conditional."""
        if self.num_classes is None:
            return []
        return [tf.TensorSpec((None,), tf.int32, name="labels")]

    def _images_from(self, *inputs):
        return {"images": self.sampler(one_or_list(inputs), training=False)}

    def _sample_in_graph(self, n, seed, *labels):
        shape = tf.stack([n, self.latent_dim])
        latents = training.normal(shape, tf.stack([seed, 0]))
        return {**self._images_from(latents, *labels), "latents": latents}

    def export(self, filepath, format="tf_saved_model", verbose=False, **kwargs):
        """Writes a SavedModel that runs with TensorFlow alone.

        Its signatures are `serving_default` (latents → images), `sample` (n, seed →
        images and latents; the very images of `sample(n, seed=seed)`), and
        `discriminate`, `encode`, `decode`, `reconstruct` where the model has them.
        Conditional models take `labels` as a further input.

        Args:
            filepath: Folder to write; an older export there is replaced, whole.
            format: `"tf_saved_model"`, or another format of `keras.Model.export`, which
                then gets `call` alone.
            verbose: Whether to print the signatures.
            **kwargs: Passed to `keras.Model.export` for the other formats.

        Raises:
            OSError: If the path cannot be written.
        """
        if format != "tf_saved_model":
            return super().export(filepath, format=format, verbose=verbose, **kwargs)
        files.write_folder(
            filepath, lambda folder: self.write_saved_model(folder, verbose)
        )

    def write_saved_model(self, folder, verbose=False):
        """Writes the SavedModel of `export` into a folder, in place."""
        archive = keras.export.ExportArchive()
        for name, (function, signature) in self.endpoints().items():
            archive.add_endpoint(name, function, signature)
        archive.write_out(folder, verbose=verbose)
