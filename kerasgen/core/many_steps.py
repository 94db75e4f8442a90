"""The functions that Keras' loops call, each of which takes many steps in one graph."""

import contextlib
import warnings

import keras
import tensorflow as tf
from keras import ops

from kerasgen import replicas
from kerasgen import training


class ManySteps:
    """Mixin before `keras.Model`: its own functions where Keras' would not do.

    Those count the steps they took, end an epoch whose losses are not finite, and know
    several replicas.
    """

    def make_train_function(self, force=False):
        moved = self.player_variables()
        if not _are_same(moved, self.optimizer.player_variables):
            # Something was frozen or thawed since the step was traced.
            self.optimizer.move(moved)
            force, self.test_function = True, None
        if self._is_plain:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = self._many_steps(
                self.train_step, self._after_training_steps
            )

    def make_test_function(self, force=False):
        if self._is_plain:
            super().make_test_function(force)
        elif self.test_function is None or force:
            self.test_function = self._many_steps(self.test_step, self._count)

    def make_predict_function(self, force=False):
        if not replicas.several_replicas(self._distribute_strategy):
            return super().make_predict_function(force)
        if self.predict_function is None or force:
            # By one replica, and not through `run`, which no open scope would allow.
            step = self._autoconvert_optionals(self.predict_step)
            step = tf.function(step, reduce_retracing=True)
            self.predict_function = lambda data: ops.concatenate(
                [step(batch) for batch in data]
            )
        return self.predict_function

    @property
    def _is_plain(self):
        """Whether steps are left to Keras."""
        return self._is_left_to_keras(self.run_eagerly)

    def _is_left_to_keras(self, run_eagerly):
        return run_eagerly or self._is_on_one_named_device

    @property
    def _is_on_one_named_device(self):
        strategy = self._distribute_strategy
        return strategy is not None and not replicas.several_replicas(strategy)

    def _many_steps(self, step, on_execution):
        step = self._autoconvert_optionals(step)
        if replicas.several_replicas(self._distribute_strategy):
            step = training.on_replicas(step, self._distribute_strategy)
        execute = training.many_steps(step, self.jit_compile, on_execution)
        return lambda iterator: execute(iterator, self.steps_per_execution)

    @property
    def distribute_strategy(self):
        """The strategy by which Keras hands out batches.

        Of several replicas each is handed whole batches, as by the default strategy,
        and takes its rows within the step.
        """
        if replicas.several_replicas(self._distribute_strategy):
            return replicas.default_strategy()
        return super().distribute_strategy

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing to do: all is built, and a batch that is drawn counts as a pass."""

    def _count(self, steps, finite):
        """Keeps how many steps an execution was short of."""
        self.steps_not_taken = self.steps_per_execution - steps

    def _after_training_steps(self, steps, finite):
        """Ends an epoch whose losses are not finite; the last `steps` steps did it."""
        self._count(steps, finite)
        if self.steps_not_taken and self._steps_asked:
            warnings.warn(
                f"The data ended within an epoch of {self._steps_asked} steps; "
                "expected steps_per_epoch * epochs batches. Use dataset.repeat().",
                stacklevel=2,
            )
        self._steps_of_epoch += steps
        if finite:
            return
        self._bad_steps = (self._steps_of_epoch - steps + 1, self._steps_of_epoch)
        self.stop_training = True

    @contextlib.contextmanager
    def _whole_executions(self, *steps):
        """Takes as many steps at once as divide the numbers of steps asked for.

        Keras counts whole executions: of 10 steps asked for, 16 would be taken. The end
        of a dataset needs no such care.
        """
        most = self.steps_per_execution
        steps = (*steps, keras.config.max_steps_per_epoch())
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


def _are_same(moved, others):
    """Whether players move the very same variables."""
    ids = [
        {player: [id(v) for v in own] for player, own in each.items()}
        for each in (moved, others)
    ]
    return ids[0] == ids[1]
