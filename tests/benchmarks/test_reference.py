"""The references are the zoo's models: same parameters, same training."""

import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from benchmarks import measuring
from benchmarks.reference import keras_guide
from benchmarks.reference import networks
from benchmarks.reference import stock
from benchmarks.reference import tf_tutorial

pytestmark = pytest.mark.slow

NAMES = list(measuring.MODELS.values())


def small(name):
    return getattr(kerasgen, name)(width=4, seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_networks_have_the_parameters_of_the_zoos_defaults(name):
    model = getattr(kerasgen, name)()
    for key, network in networks.like(model).items():
        ours = getattr(model, key)
        trained, theirs = (
            sorted(tuple(weight.shape) for weight in net.trainable_weights)
            for net in (network, ours)
        )
        assert trained == theirs
        assert network.count_params() == ours.count_params()


def test_other_switches_are_refused():
    model = kerasgen.DCGAN(width=4, skip_connections=True)
    with pytest.raises(ValueError, match="generator has 2,305 .*, the zoo's 2,3"):
        networks.check_same_size("generator", 2305, 2337)
    with pytest.raises(ValueError, match="default switches"):
        networks.like(model)


def optimizers(guide):
    """The guide's optimizers by the zoo's names of players."""
    names = {
        "generator": "g_optimizer",
        "discriminator": "d_optimizer",
        "critic": "critic_optimizer",
        "autoencoder": "optimizer",
    }
    return {player: getattr(guide, names[player], None) for player in names}


@pytest.mark.parametrize("name", NAMES)
def test_guide_trains_with_the_zoos_optimizers(name):
    model = small(name)
    found = optimizers(keras_guide.like(model))
    for player, optimizer in model.default_optimizers().items():
        ours, theirs = optimizer.get_config(), found[player].get_config()
        keys = ("learning_rate", "beta_1", "beta_2", "rho", "epsilon")
        for key in (*keys, "global_clipnorm"):
            assert theirs.get(key) == pytest.approx(ours.get(key))


@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_both_styles_moves_every_weight(name, digits):
    model = small(name)
    images = digits[0][:40]
    guide = keras_guide.like(model)
    trained = guide.trained
    before = [weight.numpy() for weight in trained.trainable_weights]
    guide.fit(keras_guide.batches(images, 40), verbose=0, shuffle=False)
    logs = guide.get_metrics_result()
    assert all(np.isfinite(value) for value in logs.values())
    for old, new in zip(before, trained.trainable_weights, strict=True):
        assert not np.array_equal(old, new.numpy())
    if model.average_momentum is not None:
        moved = guide.average.trainable_weights[0].numpy() - before[0]
        whole = trained.trainable_weights[0].numpy() - before[0]
        # After one step the average has gone 1 - 2 / 11 of the way.
        np.testing.assert_allclose(moved, whole * (1 - 2 / 11), atol=1e-6)
    losses = tf_tutorial.like(model)(tf.constant(images / 255.0, tf.float32))
    assert all(np.isfinite(loss.numpy()) for loss in tf.nest.flatten(losses))


@pytest.mark.parametrize("name", ["ACGAN", "AAE", "VQVAE"])
def test_stock_parts_train_the_same_model(name, digits):
    model = getattr(kerasgen.models, name)(width=4, seed=0)
    like = stock.like(model)
    players = model.player_variables()
    for player, variables in like.player_variables().items():
        shapes = [
            sorted(tuple(v.shape) for v in of) for of in (variables, players[player])
        ]
        assert shapes[0] == shapes[1]
        assert type(like.optimizer[player]).__module__.startswith("keras.")
    layers = [
        layer
        for network in like.network_names()
        for layer in getattr(like, network)._flatten_layers()
    ]
    assert not any("fused" in type(layer).__module__ for layer in layers)
    before = [v.numpy() for of in like.player_variables().values() for v in of]
    labels = None if model.num_classes is None else digits[1][:32]
    data = stock.batches(digits[0][:32], labels, batch_size=16)
    like.fit(data, verbose=0)
    after = [v.numpy() for of in like.player_variables().values() for v in of]
    assert int(next(iter(like.optimizer[p].iterations for p in like.players))) == 2
    moved = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert np.mean(moved) > 0.9


def test_alternating_guide_learns_too(digits):
    guide = keras_guide.like(small("DCGAN"), alternating=True)
    guide.fit(keras_guide.batches(digits[0], 32), verbose=0, shuffle=False)
    assert guide.g_optimizer.iterations == guide.d_optimizer.iterations == 4


def test_pytorch_has_the_zoos_size_and_learns(digits):
    pytest.importorskip("torch")
    from benchmarks.reference import pytorch

    for tuned in (False, True):
        model = pytorch.DCGAN(small("DCGAN"), digits[0], 32, tuned=tuned)
        weight = next(model.generator.parameters())
        before = weight.detach().clone()
        model.train(2)
        assert (weight != before).any()
        assert model.average.n_averaged == 2
