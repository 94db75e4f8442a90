"""What all models share in training: building, compiling, fitting, logging, saving.

The algorithm of a model stands in its own file; this one holds no objective.
"""

import collections.abc
import contextlib
import warnings

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_counts
from kerasgen.core.arguments import check_fraction
from kerasgen.core.arguments import check_image_shape
from kerasgen.core.arguments import check_network
from kerasgen.core.arguments import check_num_classes
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.core.divergence import diagnose
from kerasgen.core.presets import PresetModel

# Far from the counts that training's noise reaches.
EVALUATION_STREAM = 2**30


class GenerativeModel(PresetModel):
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
            self.num_classes = check_num_classes(num_classes)
        if average_momentum is not None:
            check_fraction("average_momentum", average_momentum)
        self.average_momentum = average_momentum
        self.seed = seed if seed is None else check_seed(seed)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.evaluation_seed = keras.random.SeedGenerator(0)
        self.trackers = {key: keras.metrics.Mean(name=key) for key in self.logged}
        self._given_networks = []
        self._bad_steps = None

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
            self.average = keras.models.clone_model(self.raw_generator)
            self.average.trainable = False
            self.average.set_weights(self.raw_generator.get_weights())
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
                takes 16, and 1 where Keras' own loop runs: eagerly or under
                `tf.distribute`. On a GPU launching a step costs more than a small
                network's arithmetic; on a CPU going back to Python costs a tenth.
                Callbacks see the end of every call, so of every 16th step; where
                `fit` is given `steps_per_epoch`, its largest divisor is taken.
            run_eagerly: Whether to run without a graph, for debugging.
            auto_scale_loss: Whether to scale each player's loss under `mixed_float16`.

        Raises:
            ValueError: If `optimizer` names an unknown player, or an argument is not
                as described.
        """
        check_choice("jit_compile", jit_compile, ("auto", True, False))
        if steps_per_execution != "auto":
            check_positive_int("steps_per_execution", steps_per_execution)
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
            is_plain = run_eagerly or self._distribute_strategy is not None
            steps_per_execution = 1 if is_plain else 16
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
                channels)`; a pair `(images, labels)`; or a `tf.data.Dataset` or
                `PyDataset` of batches: images, `(images, labels)`, or dicts with
                `image` and `label`. A Python generator gives tuples, and only their
                shapes are checked.
            y: Labels of an array of images, integers of shape `(num,)`.
            batch_size: Images in a batch, for arrays; default 64.
            validation_data: Images in any of these forms, to evaluate each epoch.
            steps_per_epoch: Steps of an epoch, needed for infinite datasets.
            **kwargs: Further arguments of `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: If the images or labels do not fit the model, or a number of
                epochs, steps or images is not positive. Compiled by XLA, as on a GPU,
                labels out of range go unnoticed after the first batch.
            kerasgen.training.DivergenceError: If a loss is NaN or infinite. The epoch
                ends there, with its callbacks, and the training with it.
        """
        x, y = training.as_pair(x, y)
        numbers = ("epochs", "validation_steps", "validation_batch_size")
        check_counts(
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            **{name: kwargs.get(name) for name in numbers},
        )
        if isinstance(x, (np.ndarray, tf.Tensor, dict)) and batch_size is None:
            batch_size = 64
        form = (self.image_shape, self.num_classes)
        training.check_data(x, y, *form, batch_size, steps_per_epoch)
        if validation_data is not None:
            pair = training.as_pair(validation_data, None)
            steps = kwargs.get("validation_steps")
            training.check_data(*pair, *form, steps=steps)
        streams = (tf.data.Dataset, keras.utils.PyDataset, collections.abc.Iterator)
        if isinstance(x, streams):
            kwargs.setdefault("shuffle", False)  # Keras warns that it does not shuffle.
        arguments = {
            "validation_data": validation_data,
            "steps_per_epoch": steps_per_epoch,
            **kwargs,
        }
        # What BackupAndRestore left behind would end this fit before it began.
        self._initial_epoch = None
        self._bad_steps = None
        steps = (steps_per_epoch, kwargs.get("validation_steps"))
        with self._whole_executions(*steps), warnings.catch_warnings():
            if steps_per_epoch is None:
                # Of a dataset that does not know its length, its end is no surprise.
                warnings.filterwarnings("ignore", "Your input ran out of data")
            try:
                history = super().fit(x, y, batch_size, **arguments)
                self._require_finite(history)
            except training.DivergenceError as error:
                found = diagnose(self, self._bad_steps, x, steps_per_epoch)
                raise training.DivergenceError(f"{error} {found}") from error
            except tf.errors.InvalidArgumentError as error:
                fault = training.find_fault(x, *form, steps_per_epoch)
                if fault is None:
                    raise
                raise ValueError(fault) from error
        return history

    def _require_finite(self, history):
        for key in (*self.logged, *(f"val_{key}" for key in self.logged)):
            values = zip(history.epoch, history.history.get(key, []), strict=False)
            for epoch, value in values:
                if not np.isfinite(value):
                    raise training.DivergenceError(
                        f"{type(self).__name__} diverged in epoch {epoch + 1}: {key} "
                        f"is {value}. Lower the learning rate, or train in float32."
                    )

    def get_metrics_result(self):
        """The means of an epoch by name; if one is not finite, no other epoch begins.

        Keras asks for them at the end of each epoch, whoever has taken its steps.
        """
        results = super().get_metrics_result()
        if not all(np.isfinite(value) for value in results.values()):
            self.stop_training = True
        return results

    def make_train_function(self, force=False):
        if self._is_plain:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = self._many_steps(self.train_step, self._stop)

    def make_test_function(self, force=False):
        if self._is_plain:
            super().make_test_function(force)
        elif self.test_function is None or force:
            self.test_function = self._many_steps(self.test_step)

    @property
    def _is_plain(self):
        """Whether steps are left to Keras: eager ones, and those on many devices."""
        return self.run_eagerly or self._distribute_strategy is not None

    def _many_steps(self, step, on_not_finite=None):
        execute = training.many_steps(
            self._autoconvert_optionals(step), self.jit_compile, on_not_finite
        )
        return lambda iterator: execute(iterator, self.steps_per_execution)

    def _stop(self, steps):
        """Ends an epoch whose losses are not finite; the last `steps` steps did it."""
        last = int(self.optimizer[list(self.players())[-1]].iterations)
        self._bad_steps = (max(last - steps + 1, 1), last)
        self.stop_training = True

    @contextlib.contextmanager
    def _whole_executions(self, *steps):
        """Takes as many steps at once as divide the numbers of steps asked for.

        Keras counts whole executions: of 10 steps asked for, 16 would be taken. The end
        of a dataset needs no such care.
        """
        most = self.steps_per_execution
        asked = [number for number in steps if number]
        number = next(k for k in range(most, 0, -1) if not any(n % k for n in asked))
        self._take_at_once(number)
        try:
            yield
        finally:
            self._take_at_once(most)

    def _take_at_once(self, number):
        if self._is_plain and number != self.steps_per_execution:
            # Keras' own loop has the number in its graph.
            self.train_function = self.test_function = None
        self.steps_per_execution = number

    def evaluate(self, x=None, y=None, **kwargs):
        """Losses on images, by name, without training; see `keras.Model.evaluate`.

        The noise is the same in every evaluation, so equal weights give equal losses.
        """
        x, y = training.as_pair(x, y)
        check_counts(batch_size=kwargs.get("batch_size"), steps=kwargs.get("steps"))
        if not kwargs.get("_use_cached_eval_dataset"):
            form = (self.image_shape, self.num_classes)
            training.check_data(x, y, *form, steps=kwargs.get("steps"))
        self.evaluation_seed.state.assign([0, EVALUATION_STREAM])
        with self._whole_executions(kwargs.get("steps")):
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
                self.raw_generator,
                self.average_momentum,
                self.optimizer[next(iter(self.players()))].iterations,
            )

    def log(self, losses):
        """Adds per-example losses to the epoch's means, and returns these by name."""
        for key, name in self.logged.items():
            if name in losses:
                self.trackers[key].update_state(losses[name])
        return {key: tracker.result() for key, tracker in self.trackers.items()}

    # Saving: the state of all noise, dropout's too, travels with the weights.

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for index, generator in enumerate(self._noise()):
            store[f"seed_state_{index}"] = ops.convert_to_numpy(generator.state)

    def load_own_variables(self, store):
        keys = list(store.keys())
        own = {key: store[key] for key in keys if not key.startswith("seed_state_")}
        super().load_own_variables(own)
        for index, generator in enumerate(self._noise()):
            if f"seed_state_{index}" in keys:
                generator.state.assign(store[f"seed_state_{index}"])

    def _noise(self):
        """The seed generators of the model and of its layers, in a fixed order."""
        generators = [self.seed_generator]
        for layer in self._flatten_layers(include_self=False):
            generators += list(layer._seed_generators)
        return generators
