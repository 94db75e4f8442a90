"""Training of all models: compiling, fitting, evaluating, logging.

The algorithm of a model stands in its own file; this one holds no objective.
"""

import contextlib
import math
import warnings

import keras
import numpy as np
from keras import ops

from kerasgen import networks
from kerasgen import replicas
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_counts
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.construction import ConstructedModel
from kerasgen.core.divergence import diagnose
from kerasgen.core.feeding import check_fit
from kerasgen.core.feeding import check_passes
from kerasgen.core.feeding import counts_batches
from kerasgen.core.feeding import feed
from kerasgen.core.feeding import in_order_of_epochs
from kerasgen.core.feeding import is_array
from kerasgen.core.feeding import naming_faults
from kerasgen.core.feeding import refuse_weights
from kerasgen.core.feeding import split
from kerasgen.core.many_steps import ManySteps
from kerasgen.core.progress import with_bar
from kerasgen.core.refused import RefusedMethods
from kerasgen.core.saving import SavedNoise

# Far from the counts that training's noise reaches.
EVALUATION_STREAM = 2**30


class GenerativeModel(RefusedMethods, SavedNoise, ManySteps, ConstructedModel):
    """A model of images that can be sampled from, trained as a game of named players.

    Abstract: besides what `ConstructedModel` asks for, a model says what is `logged`,
    gives `default_optimizers` and `player_losses`, and spells out its `train_step`.
    What follows is the same for all models; each class documents its own arguments.

    Args:
        image_shape: `(height, width, channels)`; pixels are in [0, 1].
        latent_dim: Number of latents, positive int.
        num_classes: Number of classes, or None for a model that knows none.
        average_momentum: Momentum of the exponential moving average of the generator's
            (or decoder's) weights that samples are drawn from, in [0, 1), or None to
            sample with the raw ones.
        seed: Seed of the noise drawn in training, int of 32 bits, or None.
        dtype: Keras dtype policy or its name, such as "mixed_bfloat16"; None for the
            global one.
        name: Name of the model; default its name in `list_models`.
        **networks: The user's own networks by name (`generator=`, `encoder=`, …), each
            a built `keras.Model`, instead of the default ones. Where the model is
            conditional, labels of shape `(batch,)` are a network's last input.

    Raises:
        TypeError: If an argument is unknown.
        ValueError: If an argument is out of range or a network does not fit.
    """

    logged = {}  # from log key to key of `player_losses`

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.evaluation_seed = keras.random.SeedGenerator(0)
        self.trackers = {key: keras.metrics.Mean(name=key) for key in self.logged}
        self._bad_steps = None
        self._steps_of_epoch = 0
        self._steps_asked = None  # of an epoch, by whoever called `fit`
        self.steps_not_taken = 0  # of the last execution, at the end of the data

    # What a model of the zoo defines.

    def default_optimizers(self):
        """Dict from player name to a fresh optimizer with the default settings."""
        raise NotImplementedError

    def player_losses(self, images, labels, noise, training):
        """Dict of per-example losses: each player's, and terms to log.

        A term that is only logged may be a pair of values and their weights in its mean
        over the epoch, such as that of the labelled images alone.

        Args:
            images: float32 pixels in [0, 1], shape `(batch, *image_shape)`.
            labels: int32 class numbers of shape `(batch,)`, or None.
            noise: `keras.random.SeedGenerator` that latents are drawn with.
            training: Whether batch statistics and dropout are those of training.
        """
        raise NotImplementedError

    # Compiling.

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
                takes 16, and as few as may be where Keras' own loop runs: 1 eagerly, 2
                on one device that `tf.distribute` names. On a GPU launching a step
                costs more than a small network's arithmetic; on a CPU going back to
                Python costs a tenth.
                Callbacks see the end of every call, so of every 16th step; where
                `fit` is given `steps_per_epoch`, its largest divisor is taken.
            run_eagerly: Whether to run without a graph, for debugging.
            auto_scale_loss: Whether to scale each player's loss under `mixed_float16`.

        Raises:
            ValueError: If `optimizer` names an unknown player, or an argument is not
                as described; under `tf.distribute`, if several devices could not take
                the step that one would.
        """
        check_choice("jit_compile", jit_compile, ("auto", True, False))
        self._check_replicas(jit_compile, run_eagerly)
        if steps_per_execution != "auto":
            check_positive_int("steps_per_execution", steps_per_execution)
        self._compile_arguments = {
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
            "run_eagerly": run_eagerly,
            "auto_scale_loss": auto_scale_loss,
        }
        group = training.assign_optimizers(optimizer, self.default_optimizers())
        group.check_scope(self._distribute_strategy)
        if auto_scale_loss and self._computes_in_float16():
            group.scale_losses()
        group.bind(self.player_variables(frozen=True))
        group.move(self.player_variables())
        if steps_per_execution == "auto":
            steps_per_execution = 1 if self._is_left_to_keras(run_eagerly) else 16
        if self._is_on_one_named_device and not run_eagerly:
            # Keras' own loop, one step at a time, takes one more where data end.
            steps_per_execution = max(2, steps_per_execution)
        super().compile(
            optimizer=group,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            auto_scale_loss=False,
        )

    def _computes_in_float16(self):
        """Whether the model, or a layer of a network that the user made, does."""
        return self.dtype_policy.name == "mixed_float16" or any(
            layer.compute_dtype == "float16"
            for name in self.network_names()
            for layer in getattr(self, name)._flatten_layers()
        )

    def _check_replicas(self, jit_compile, run_eagerly):
        replicas.check_strategy(self._distribute_strategy)
        if not replicas.several_replicas(self._distribute_strategy):
            return
        given = {"jit_compile": jit_compile, "run_eagerly": run_eagerly}
        for argument, value in given.items():
            if value is True:
                raise ValueError(
                    f"Got {argument}=True under "
                    f"{type(self._distribute_strategy).__name__}; expected False: "
                    "replicas sum within a step, in a graph and outside of XLA. Leave "
                    "it out."
                )
        networks.check_replicas([getattr(self, name) for name in self.network_names()])

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
        epochs=1,
        *,
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        validation_batch_size=None,
        shuffle=True,
        sample_weight=None,
        class_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        **kwargs,
    ):
        """Trains on images; takes the arguments of `keras.Model.fit`.

        Args:
            x: Images as uint8 or floats in [0, 1], shape `(num, height, width,
                channels)`; a pair `(images, labels)`; a dict with `image` and `label`;
                or batches of these: a `tf.data.Dataset`, a `PyDataset`, a generator or
                any other iterable. Of memory-mapped arrays batches are read as they
                are due.
            y: Labels of an array of images, integers of shape `(num,)`.
            batch_size: Images in a batch, for arrays; default 64, or what was published
                for a model made by `as_published`.
            epochs: Number of the last epoch, positive int.
            callbacks: List of `keras.callbacks.Callback`.
            validation_split: Share of arrays, their last part, to evaluate each epoch.
            validation_data: Images in any of the forms of `x`, to evaluate each epoch.
            validation_batch_size: Images in a batch of these; default `batch_size`.
            shuffle: Whether each epoch of arrays has an order of its own, derived from
                the model's seed and the number of the epoch.
            sample_weight, class_weight: Refused; losses are plain means over images.
            initial_epoch: Epochs that were trained before.
            steps_per_epoch: Steps of an epoch, needed for infinite datasets.
            validation_steps: Steps of an evaluation, likewise.
            **kwargs: `verbose` and `validation_freq` of `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: If the images or labels do not fit the model, in whatever batch;
                a number of epochs, steps or images is not positive; a generator would
                have to give its batches again; or a callback monitors a validation that
                there is none of, or the "loss" or "accuracy" of a model without one.
            kerasgen.training.DivergenceError: If a loss is NaN or infinite. The epoch
                ends there, with its callbacks, and the training with it.
        """
        refuse_weights(sample_weight=sample_weight, class_weight=class_weight)
        self._check_averages()
        replicas.check_strategy(self._distribute_strategy)
        if validation_split and validation_data is None:
            (x, y), validation_data = split(x, y, validation_split)
        check_fit(
            self.logged,
            callbacks,
            validation_data is not None,
            shuffle,
            initial_epoch,
            kwargs.get("validation_freq", 1),
            batch_size=batch_size,
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
        )
        if is_array(x):
            batch_size = batch_size or self.batch_size
        batches = feed(
            self,
            x,
            y,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
            trains=True,
        )
        if batch_size is not None and not is_array(x):
            raise ValueError(
                f"Got batch_size={batch_size} beside a {type(x).__name__} of batches; "
                "expected it for arrays alone. Batch the data so, or pass arrays."
            )
        passes = epochs - initial_epoch
        check_passes("steps_per_epoch", batches, passes, steps_per_epoch)
        self.drop_prior()
        watched = validation_data
        if validation_data is not None:
            size = validation_batch_size or batch_size
            validation_data = feed(
                self, validation_data, None, batch_size=size, steps=validation_steps
            )
            check_passes("validation_steps", validation_data, passes, validation_steps)
        kwargs |= {
            "epochs": epochs,
            "callbacks": in_order_of_epochs(
                with_bar(callbacks, kwargs.get("verbose", "auto")), batches
            ),
            "validation_data": validation_data,
            "initial_epoch": initial_epoch,
            "steps_per_epoch": steps_per_epoch,
            "validation_steps": validation_steps,
        }
        # Keras warns that it shuffles no dataset; a PyDataset it does.
        kwargs["shuffle"] = shuffle and isinstance(batches, keras.utils.PyDataset)
        # What BackupAndRestore left behind would end this fit before it began.
        self._initial_epoch = None
        self._bad_steps, self._steps_asked = None, steps_per_epoch
        faults = naming_faults(self, watched, validation_steps)
        # What counts batches has to see each.
        each = 1 if counts_batches(callbacks) else None
        with self._whole_executions(steps_per_epoch, validation_steps, each), faults:
            return self._fit_batches(batches, x, kwargs)

    def _fit_batches(self, batches, x, arguments):
        steps = arguments["steps_per_epoch"]
        with _expecting_an_end(steps), naming_faults(self, x, steps):
            try:
                history = super().fit(batches, **arguments)
                self._require_finite(history)
            except training.DivergenceError as error:
                found = diagnose(self, self._bad_steps, x, steps)
                raise training.DivergenceError(f"{error} {found}") from error
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

    def reset_metrics(self):
        """Begins the means of an epoch anew, and the count of its steps."""
        super().reset_metrics()
        self._steps_of_epoch = 0

    def get_metrics_result(self):
        """The means of an epoch by name; if one is not finite, no other epoch begins.

        Keras asks for them at the end of each epoch, whoever has taken its steps.
        """
        results = super().get_metrics_result()
        if not all(np.isfinite(value) for value in results.values()):
            self.stop_training = True
        idle = self._idle_keys()
        if idle:
            warnings.warn(
                f"No step of this epoch had a {' or '.join(idle)}: the 0 that stands "
                "for it is none. Pass more images or smaller batches, so that every "
                "player moves in every epoch, and labels where they are of labels.",
                stacklevel=2,
            )
        return results

    def _idle_keys(self):
        """Keys that no step since the means began has logged."""
        counts = {key: mean.count.value for key, mean in self.trackers.items()}
        # A cast reads the counts of all replicas.
        return [key for key, count in counts.items() if not ops.cast(count, "int32")]

    def evaluate(
        self, x=None, y=None, batch_size=None, *, sample_weight=None, **kwargs
    ):
        """Losses on images, by name, without training; see `keras.Model.evaluate`.

        The noise is the same in every evaluation, so equal weights give equal losses.

        Args:
            x, y: As `fit` takes them.
            batch_size: Images in a batch, for arrays; default 32.
            sample_weight: Refused; losses are plain means over images.
            **kwargs: `verbose`, `steps`, `callbacks` and `return_dict` of
                `keras.Model.evaluate`.

        Returns:
            List of losses in the order of `metrics_names`, or a dict.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        refuse_weights(sample_weight=sample_weight)
        steps = kwargs.get("steps")
        check_counts(batch_size=batch_size, steps=steps)
        batches = x
        if not kwargs.get("_use_cached_eval_dataset"):  # `fit` has looked at it
            batches = feed(self, x, y, batch_size=batch_size, steps=steps)
        self.evaluation_seed.state.assign([0, EVALUATION_STREAM])
        verbose = kwargs.get("verbose", "auto")
        kwargs["callbacks"] = with_bar(kwargs.get("callbacks"), verbose)
        whole, faults = self._whole_executions(steps), naming_faults(self, x, steps)
        with whole, faults, _expecting_an_end(steps):
            return super().evaluate(batches, **kwargs)

    def train_on_batch(
        self, x, y=None, sample_weight=None, class_weight=None, return_dict=False
    ):
        """Takes one step on one batch, in any form that `fit` takes as arrays."""
        refuse_weights(sample_weight=sample_weight, class_weight=class_weight)
        self._check_averages()
        pair = self.checked_batch(x, y)
        self.drop_prior()
        logs = super().train_on_batch(*pair, return_dict=True)
        # Of a player that did not move there is no loss.
        logs |= dict.fromkeys(self._idle_keys(), math.nan)
        return logs if return_dict else self._flatten_metrics_in_order(logs)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Losses on one batch, in any form that `fit` takes as arrays."""
        refuse_weights(sample_weight=sample_weight)
        return super().test_on_batch(*self.checked_batch(x, y), return_dict=return_dict)

    def checked_batch(self, x, y, is_labelled=True):
        """One batch of arrays as images and labels, or None; ValueError if unfit."""
        x = x if y is None else (x, y)
        num_labels = self.num_labels if is_labelled else None
        return training.check_arrays(x, self.image_shape, num_labels)

    @property
    def metrics(self):
        """The means that are logged, in the order of `metrics_names`."""
        # Without Keras' own "loss", which no step of a game moves.
        return list(self.trackers.values())

    def test_step(self, data):
        images, labels = self.unpack(data)
        losses = self.player_losses(
            images, labels, self.evaluation_seed, training=False
        )
        moved = self.optimizer.player_variables
        return self.log(training.with_penalties(losses, moved))

    @property
    def num_labels(self):
        """Number of different labels that `fit` takes: that of the classes."""
        return self.num_classes

    def unpack(self, data):
        """Float32 images in [0, 1] and int32 labels (None if not conditional)."""
        images, labels = training.unpack_batch(data)
        training.check_batch(images, labels, self.image_shape, self.num_labels)
        return images, labels if self.num_classes is not None else None

    def draw_latents(self, images, seed_generator):
        """Latents from the prior, one for each image of a batch."""
        num = ops.shape(images)[0]
        return self.draw_prior(num, training.next_seed(seed_generator))

    def update_average(self):
        """Move the averages; call it after the step of the averaged networks."""
        for name, average in self.averages.items():
            if not getattr(self, name).trainable_variables:
                continue  # frozen, and its average with it
            player = next(p for p, own in self.players.items() if name in own)
            training.update_average(
                average,
                getattr(self, name),
                self.average_momentum,
                self.steps_taken(player),
            )

    def steps_taken(self, player):
        """Steps of a player so far, by which the momentum of its average warms up."""
        return self.optimizer[player].iterations

    def log(self, losses):
        """Adds per-example losses to the epoch's means, and returns these by name."""
        for key, name in self.logged.items():
            if name in losses:
                term = losses[name]
                values, *weights = term if isinstance(term, tuple) else [term]
                self.trackers[key].update_state(
                    replicas.whole(values), *map(replicas.whole, weights)
                )
        return {key: tracker.result() for key, tracker in self.trackers.items()}


@contextlib.contextmanager
def _expecting_an_end(steps):
    """Without Keras' warning of data that end, unless `steps` were asked for."""
    with warnings.catch_warnings():
        if steps is None:
            # Of a dataset that does not know its length, its end is no surprise.
            warnings.filterwarnings("ignore", "Your input ran out of data")
        yield
