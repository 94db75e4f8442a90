import keras
import pytest
import tensorflow as tf

from kerasgen.training import many_steps


class Sum:
    """A step that adds its batch, and counts."""

    def __init__(self):
        self.total = keras.Variable(0.0, dtype="float32")
        self.steps = keras.Variable(0, dtype="int32")

    def step(self, batch):
        self.total.assign(self.total + tf.reduce_sum(batch))
        self.steps.assign(self.steps + 1)
        return {"total": self.total.value, "last": tf.reduce_max(batch)}


def numbers(count, batch_size=1):
    return tf.data.Dataset.range(1, count + 1).map(float).batch(batch_size)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("known", [True, False])
def test_every_batch_is_taken_once_and_a_last_execution_is_short(known, jit_compile):
    made = Sum()
    function = many_steps(made.step, jit_compile)
    dataset = numbers(7) if known else numbers(7).filter(lambda _: True)
    iterator = iter(dataset)
    seen = [function(iterator, 3) for _ in range(3)]
    assert [float(logs["last"]) for logs in seen] == [3.0, 6.0, 7.0]
    assert [float(logs["total"]) for logs in seen] == [6.0, 21.0, 28.0]
    with pytest.raises(StopIteration):
        function(iterator, 3)
    assert int(made.steps.value) == 7


def test_an_execution_takes_no_batch_that_it_does_not_use():
    function = many_steps(Sum().step, jit_compile=False)
    iterator = iter(numbers(5))
    function(iterator, 2)
    assert float(next(iterator)[0]) == 3.0


def test_batches_of_another_size_are_steps_too():
    made = Sum()
    function = many_steps(made.step, jit_compile=False)
    logs = function(iter(numbers(7, batch_size=3)), 16)
    assert float(logs["total"]) == 28.0
    assert int(made.steps.value) == 3


def test_one_trace_for_every_number_of_steps():
    traces = []

    def step(batch):
        traces.append(batch)
        return {"last": tf.reduce_max(batch)}

    function = many_steps(step, jit_compile=False)
    for most in (1, 2, 5):
        function(iter(numbers(7)), most)
    assert len(traces) == 1


def test_a_python_iterator_gives_one_step():
    function = many_steps(Sum().step, jit_compile=False)
    logs = function(iter([tf.constant([4.0])]), 16)
    assert float(logs["total"]) == 4.0
