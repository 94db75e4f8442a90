"""How models are put together: arguments, networks of one's own, published settings."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.contract import eagerly
from tests.core import toy
from tests.core.toy import ToyGAN
from tests.core.toy import ToyVAE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_shape": (8, 8)}, r"image_shape=\(8, 8\); expected \(height"),
        ({"image_shape": (8, 0, 1)}, "width=0; expected a positive integer"),
        ({"image_shape": 28}, r"image_shape=28; expected \(height"),
        ({"latent_dim": 0}, "latent_dim=0; expected a positive integer"),
        ({"latent_dim": 2.5}, "latent_dim=2.5; expected a positive integer"),
        ({"num_classes": -1}, "num_classes=-1; expected a positive integer"),
        ({"average_momentum": 1.0}, r"average_momentum=1.0; expected .* \[0, 1\)"),
        ({"seed": 1.5}, "seed=1.5; expected an integer"),
    ],
)
def test_bad_arguments(make, changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_unknown_arguments_are_named_with_the_nearest_known_one():
    with pytest.raises(TypeError, match="'latent_dims' for ToyGAN.*'latent_dim'"):
        ToyGAN(latent_dims=4)
    with pytest.raises(TypeError, match="'encoder' for ToyGAN"):
        ToyGAN(encoder=None)
    with pytest.raises(TypeError, match="'dropout' for ToyVAE"):
        ToyVAE(dropout=0.1)


def test_the_configuration_is_read_from_the_signature():
    model = ToyGAN(num_classes=np.int64(3), dropout=0.3, seed=4, name="mine")
    config = model.get_config()
    expected = {
        "image_shape": (8, 8, 1),
        "latent_dim": 4,
        "num_classes": 3,
        "dropout": 0.3,
        "average_momentum": 0.999,
        "seed": 4,
        "name": "mine",
    }
    assert {key: config[key] for key in expected} == expected
    assert set(config) == {*expected, "dtype"}
    assert type(config["num_classes"]) is int
    assert ToyGAN.from_config(config).get_config() == config
    names = ToyGAN.argument_names()
    assert names[:4] == ["image_shape", "latent_dim", "num_classes", "dropout"]
    assert names[-2:] == ["generator", "discriminator"]


def test_the_precision_is_the_models_alone():
    model = ToyGAN(dtype="mixed_bfloat16")
    computing = {layer.compute_dtype for layer in model.generator.layers}
    assert "bfloat16" in computing
    assert keras.config.dtype_policy().name == "float32"


def test_an_average_in_16_bits_is_not_trained():
    model, images = ToyGAN(dtype="bfloat16"), np.zeros((8, 8, 8, 1), "uint8")
    for train in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match="expected 'mixed_bfloat16', or no averag"):
            train(images)
    assert model.sample(2).shape == (2, 8, 8, 1)


@pytest.mark.parametrize("where", ["own", "shared"])
def test_each_network_has_the_variables_of_its_players(make, where):
    model = make()
    if where == "shared":

        class Shared(type(model)):
            """One network, the generator or decoder, belongs to a second player."""

            players = {**model.players, "second": [model.generator_name]}

            def default_optimizers(self):
                return {p: keras.optimizers.SGD(0.1) for p in self.players}

        model = Shared(seed=0)
        own = {id(v) for v in model.player_variables()["second"]}
        assert own == {id(v) for v in model.raw_generator.trainable_variables}
    ids = {id(v) for vs in model.player_variables().values() for v in vs}
    assert ids == {id(v) for v in model.trainable_variables}


def test_the_users_own_networks(small_digits, tmp_path):
    plain = ToyGAN()
    networks = {
        "generator": toy.linear_generator(plain),
        "discriminator": toy.linear_judge(plain),
    }
    model = ToyGAN(**networks)
    assert model.generator is networks["generator"]
    history = eagerly(model).fit(small_digits[0], batch_size=32, verbose=0).history
    assert np.isfinite(history["generator_loss"]).all()
    assert model.discriminate(small_digits[0][:5]).shape == (5,)
    model.save(tmp_path / "own.keras")
    loaded = keras.models.load_model(tmp_path / "own.keras")
    assert np.array_equal(loaded.sample(3, seed=0), model.sample(3, seed=0))


def flat(taken, units, returned):
    """A network of one dense layer between two shapes."""
    return keras.Sequential(
        [
            keras.Input(taken),
            layers.Flatten(),
            layers.Dense(units),
            layers.Reshape(returned),
        ]
    )


@pytest.mark.parametrize(
    ("name", "shapes", "message"),
    [
        ("generator", ((5,), 64, (8, 8, 1)), r"takes shapes \[\(5,\)\]"),
        ("generator", ((4,), 4, (2, 2, 1)), r"returns shapes \[\(2, 2, 1\)\]"),
        ("discriminator", ((8, 8, 3), 4, (4,)), r"takes shapes .*\(8, 8, 3\)"),
    ],
)
def test_networks_of_other_shapes(name, shapes, message):
    with pytest.raises(ValueError, match=f"{name} {message}.*this model needs"):
        ToyGAN(**{name: flat(*shapes)})


def test_networks_that_cannot_be_taken():
    with pytest.raises(ValueError, match="expected a built keras.Model"):
        ToyGAN(generator=keras.Sequential([layers.Dense(3)]))
    beyond = toy.linear_generator(ToyGAN(), activation="tanh")
    with pytest.raises(ValueError, match="makes pixels in .* End it in a sigmoid"):
        ToyGAN(generator=beyond)


def test_published_batches_are_kept_in_files(small_digits, tmp_path):
    model = ToyGAN.as_published(image_shape=(8, 8, 1))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.batch_size == type(model).from_config(model.get_config()).batch_size
    assert (loaded.batch_size, ToyGAN().batch_size) == (16, 64)
    assert "batch_size" not in ToyGAN().get_config()


def test_published_settings_are_those_of_the_model_that_is_made(small_digits):
    model = ToyGAN.as_published(seed=3, image_shape=(8, 8, 1))
    assert (model.dropout, model.seed, model.batch_size) == (0.5, 3, 16)
    assert model.average is None
    assert len(model.discriminator.trainable_variables) == 2
    rates = {float(o.learning_rate) for o in model.optimizer.players.values()}
    assert rates == {0.25}
    model.fit(small_digits[0], verbose=0)
    assert int(model.optimizer["generator"].iterations) == 8
    assert ToyGAN.as_published(dropout=0.1).dropout == 0.1
    rows = dict((name, source) for name, _, source in ToyGAN.published.table())
    assert rows["dropout"] == "section 2"
    assert {"batch_size", "optimizer", "discriminator"} <= set(rows)
    with pytest.raises(ValueError, match="no published settings of ToyVAE"):
        ToyVAE.as_published()
