"""Keras' progress bar, with the steps that were taken."""

import keras


class ProgressBar(keras.callbacks.ProgbarLogger):
    """The bar of `fit`, `evaluate` and `predict` for executions of many steps.

    Keras counts whole executions, so that of 20 batches 32 would have been seen where
    16 steps are taken at once.
    """

    def set_model(self, model):
        super().set_model(model)
        model.steps_not_taken = 0  # until an execution of this model says so

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(self._last(batch), logs)

    def on_test_batch_end(self, batch, logs=None):
        super().on_test_batch_end(self._last(batch), logs)

    def on_predict_batch_end(self, batch, logs=None):
        super().on_predict_batch_end(self._last(batch), logs)

    def _last(self, batch):
        """Number of the last batch of an execution, from 0 on."""
        if self.target is None:
            return batch - self.model.steps_not_taken
        return min(batch, self.target - 1)


def with_bar(callbacks, verbose):
    """Callbacks as `fit` takes them, with the bar that Keras would otherwise add."""
    if not verbose or isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    given = keras.tree.flatten(callbacks or [])
    if any(isinstance(one, keras.callbacks.ProgbarLogger) for one in given):
        return given
    return [*given, ProgressBar()]
