import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasgen.training import PlayerOptimizers
from kerasgen.training import clip_weights
from kerasgen.training import descend
from kerasgen.training import take_turns
from kerasgen.training import update_average
from kerasgen.training import with_penalties

RATE = 0.25


class Bilinear:
    """The game x·y, which one player minimises in x and the other maximises in y."""

    def __init__(self, x=2.0, y=3.0, scaled=False):
        self.x = keras.Variable(x, dtype="float32")
        self.y = keras.Variable(y, dtype="float32")
        players = ("down", "up")
        self.optimizers = PlayerOptimizers(
            {player: keras.optimizers.SGD(RATE) for player in players}
        )
        if scaled:
            self.optimizers.scale_losses()
        self.optimizers.bind({"down": [self.x], "up": [self.y]})

    def losses(self, *players):
        product = self.x * self.y * ops.ones(4)
        signs = {"down": 1.0, "up": -1.0}
        return {player: signs[player] * product for player in players}

    def descend(self, *players):
        return descend(self.optimizers, lambda: self.losses(*players))

    def at(self):
        return float(self.x), float(self.y)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("order", [("down", "up"), ("up", "down")])
def test_players_of_one_call_move_simultaneously(order, scaled):
    game = Bilinear(scaled=scaled)
    for x, y in ((2.0 - 0.75, 3.0 + 0.5), (1.25 - 0.875, 3.5 + 0.3125)):
        game.descend(*order)
        assert game.at() == (x, y)


def test_two_calls_alternate():
    game = Bilinear()
    game.descend("down")
    assert game.at() == (1.25, 3.0)
    game.descend("up")
    assert game.at() == (1.25, 3.0 + RATE * 1.25)


def test_a_graph_moves_like_the_eager_game():
    eager, graph = Bilinear(), Bilinear()
    step = tf.function(lambda: graph.descend("down", "up"))
    for _ in range(3):
        eager.descend("down", "up")
        step()
    assert eager.at() == graph.at()


def test_losses_of_examples_are_averaged():
    weight = keras.Variable(1.0, dtype="float32")
    optimizers = PlayerOptimizers({"only": keras.optimizers.SGD(1.0)})
    optimizers.bind({"only": [weight]})
    values = descend(optimizers, lambda: {"only": weight * np.float32([1, 2, 6])})
    assert values["only"].numpy().tolist() == [1.0, 2.0, 6.0]
    assert float(weight) == 1.0 - 3.0


def test_terms_that_are_no_players_are_passed_through():
    game = Bilinear()

    def losses():
        return game.losses("down") | {"penalty": game.y * ops.ones(4)}

    values = descend(game.optimizers, losses)
    assert list(values) == ["down", "penalty"]
    assert values["down"].numpy().tolist() == [6.0] * 4
    assert values["penalty"].numpy().tolist() == [3.0] * 4
    assert game.at() == (1.25, 3.0)
    assert int(game.optimizers["up"].iterations) == 0


def test_a_weight_of_two_players_is_penalised_once():
    weight = keras.Variable(2.0)
    weight.regularizer = lambda v: 3.0 * v
    owners = {"first": [weight], "second": [weight]}
    losses = {name: np.float32([1.0]) for name in (*owners, "logged")}
    found = with_penalties(losses, owners)
    assert [float(found[name][0]) for name in losses] == [7.0, 1.0, 1.0]
    del owners["first"]  # frozen
    found = with_penalties(losses, owners)
    assert [float(found[name][0]) for name in losses] == [1.0, 7.0, 1.0]


def test_the_forward_pass_runs_once():
    game, passes = Bilinear(), []

    def losses():
        passes.append(1)
        return game.losses("down", "up")

    descend(game.optimizers, losses)
    assert len(passes) == 1


def test_a_row_that_a_batch_looks_up_twice_is_one_weight():
    # Adam's first step is its rate, whatever the gradient; in parts it would be less.
    embeddings = keras.Variable(np.zeros((3, 1), "float32"))
    optimizers = PlayerOptimizers({"only": keras.optimizers.Adam(0.25, epsilon=0.0)})
    optimizers.bind({"only": [embeddings]})
    labels = np.array([1, 1, 1, 2])
    descend(
        optimizers,
        lambda: {"only": ops.take(embeddings, labels, axis=0)[:, 0]},
    )
    moved = embeddings.numpy()[1:, 0]
    np.testing.assert_allclose(moved, [-0.25, -0.25], rtol=1e-5)


@pytest.mark.parametrize(("scaled", "moved"), [(False, 0.0), (True, 2.0**-14)])
def test_scaling_saves_gradients_that_float16_loses(scaled, moved):
    # One example's share of the gradient is 2^-26; the least number of float16, 2^-24.
    weight = keras.Variable(1.0, dtype="float32")
    optimizers = PlayerOptimizers({"only": keras.optimizers.SGD(1.0)})
    if scaled:
        optimizers.scale_losses()
    optimizers.bind({"only": [weight]})
    terms = ops.full((4096,), 2.0**-14, dtype="float16")
    descend(optimizers, lambda: {"only": ops.cast(weight, "float16") * terms})
    assert float(weight) == 1.0 - moved


def test_an_overflow_skips_that_players_step_and_halves_its_scale():
    game = Bilinear(scaled=True)
    huge = 3e38

    def losses():
        losses = game.losses("down", "up")
        return losses | {"down": losses["down"] * huge}

    scales = {p: float(o.dynamic_scale) for p, o in game.optimizers.players.items()}
    descend(game.optimizers, losses)
    assert game.at() == (2.0, 3.5)
    down, up = game.optimizers["down"], game.optimizers["up"]
    assert float(down.dynamic_scale) == scales["down"] / 2
    assert float(up.dynamic_scale) == scales["up"]
    assert (int(down.iterations), int(up.iterations)) == (0, 1)
    game.descend("down")
    assert game.at() == (2.0 - RATE * 3.5, 3.5)


@pytest.mark.parametrize("in_graph", [False, True])
def test_a_player_moves_after_every_second_step_of_the_other(in_graph):
    game = Bilinear()

    def turn():
        first, then = (lambda p=p: game.descend(p) for p in ("down", "up"))
        take_turns(2, game.optimizers, "down", first, lambda: then() and None)

    turn = tf.function(turn) if in_graph else turn
    counts = []
    for _ in range(5):
        turn()
        counts.append([int(game.optimizers[p].iterations) for p in ("down", "up")])
    assert counts == [[1, 0], [2, 1], [3, 1], [4, 2], [5, 2]]


def test_a_skipped_step_is_nobodys_turn():
    game = Bilinear(scaled=True)

    def first():
        return descend(game.optimizers, lambda: {"down": game.x * 3e38 * ops.ones(4)})

    def then():
        game.descend("up")

    take_turns(2, game.optimizers, "down", first, then)
    assert game.at() == (2.0, 3.0)
    for moved in (0, 1):
        take_turns(2, game.optimizers, "down", lambda: game.descend("down"), then)
        assert int(game.optimizers["up"].iterations) == moved


def test_a_frozen_player_has_no_turn_that_the_other_would_wait_for():
    game = Bilinear()
    game.optimizers.move({"down": [], "up": [game.y]})
    first, then = (lambda p=p: game.descend(p) for p in ("down", "up"))
    for moved in (1, 2):
        take_turns(3, game.optimizers, "down", first, lambda: then() and None)
        assert int(game.optimizers["up"].iterations) == moved


def test_gathered_gradients_are_one_step():
    game = Bilinear()
    gathering = keras.optimizers.SGD(RATE, gradient_accumulation_steps=2)
    game.optimizers = PlayerOptimizers(
        {"down": gathering, "up": keras.optimizers.SGD(RATE)}
    )
    game.optimizers.bind({"down": [game.x], "up": [game.y]})
    counts = []
    for _ in range(8):
        take_turns(
            2,
            game.optimizers,
            "down",
            lambda: game.descend("down"),
            lambda: game.descend("up") and None,
        )
        counts.append(int(game.optimizers["up"].iterations))
    assert counts == [0, 0, 0, 1, 1, 1, 1, 2]


def test_clipping_clamps_every_weight_in_place():
    weights = [
        keras.Variable([[-2.0, -0.01], [0.005, 7.0]], dtype="float32"),
        keras.Variable(0.5, dtype="float32"),
    ]
    clip_weights(weights, 0.01)
    expected = np.float32([[-0.01, -0.01], [0.005, 0.01]])
    assert np.array_equal(weights[0], expected)
    assert weights[1].numpy() == np.float32(0.01)


@keras.saving.register_keras_serializable("tests")
class Counter(keras.layers.Layer):
    """A weight, a moving statistic and an integer that is not to be averaged."""

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(2,), initializer="zeros")
        self.statistic = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.count = self.add_weight(
            shape=(), initializer="zeros", dtype="int32", trainable=False
        )


def counter(kernel, statistic, count):
    layer = Counter()
    layer.build(None)
    layer.kernel.assign(kernel)
    layer.statistic.assign(statistic)
    layer.count.assign(count)
    return layer


@pytest.mark.parametrize(
    ("momentum", "step", "kept"),
    [
        (0.99, 0, 1 / 10),  # warming up
        (0.99, 8, 9 / 18),
        (0.99, 890, 0.99),  # 891 / 900
        (0.99, 10**6, 0.99),
        (0.05, 0, 0.05),
        (0.0, 100, 0.0),
    ],
)
def test_average_by_hand(momentum, step, kept):
    average, network = counter([1.0, -1.0], 4.0, 3), counter([2.0, 5.0], 8.0, 9)
    update_average(average, network, momentum, step)
    expected = kept * np.float32([1, -1]) + (1 - kept) * np.float32([2, 5])
    np.testing.assert_allclose(average.kernel, expected, rtol=1e-6)
    # Moving statistics belong to the weights, integers are left alone.
    assert float(average.statistic) == pytest.approx(kept * 4 + (1 - kept) * 8)
    assert int(average.count) == 3
    assert network.kernel.numpy().tolist() == [2.0, 5.0]


def test_average_settles_on_a_network_that_rests():
    average, network = counter([0.0, 0.0], 0.0, 0), counter([1.0, -3.0], 2.0, 0)
    step = keras.Variable(0, dtype="int64", trainable=False)

    @tf.function
    def update():
        update_average(average, network, 0.9, step)
        step.assign_add(1)

    distances = []
    for _ in range(200):
        update()
        distances.append(np.abs(average.kernel.numpy() - [1.0, -3.0]).max())
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-5
