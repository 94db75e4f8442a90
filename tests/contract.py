"""What every model of the zoo must satisfy; a model's test file subclasses it.

What all models share is tested once, on toys, in `tests/core/`; here is what the file
of a model could get wrong.
"""

import doctest
import importlib
import inspect
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen

SMALL = {"latent_dim": 4, "width": 4}


def weights(network):
    return [w.numpy() for w in network.weights]


def same(first, second):
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def batches(digits, batch_size=32):
    return tf.data.Dataset.from_tensor_slices(tuple(digits)).batch(batch_size)


def eagerly(model):
    """The model, to take steps without a graph: a few are done sooner than a trace."""
    model.compile(model.optimizer, run_eagerly=True)
    return model


def mean_of(term):
    """The mean of a term of losses that is logged with weights, a pair."""
    values, weights = map(np.asarray, term)
    return np.average(values, weights=weights)


def check_unlabelled_batches_do_not_count(model, digits):
    """The means of labelled images are the same beside batches that have none."""
    images, labels = digits[0][:8], digits[1][:8]
    none = np.full(8, model.num_classes)
    alone = model.evaluate(images, labels, batch_size=8, return_dict=True, verbose=0)
    more = np.concatenate([images, images]), np.concatenate([labels, none])
    found = model.evaluate(*more, batch_size=8, return_dict=True, verbose=0)
    for key in ("class_loss", "accuracy"):
        assert found[key] == pytest.approx(alone[key], rel=1e-5)
    right = model.classify(images).argmax(axis=1) == labels
    assert alone["accuracy"] == pytest.approx(np.mean(right))


def check_few_labels(model, epochs):
    """Two blobs of 8x8, two labels each: the rest is learned without labels."""
    random = np.random.default_rng(0)
    labels = np.arange(400) % 2
    images = random.random((400, 8, 8, 1)).astype("float32") * 0.3
    images[labels == 1, :4] += 0.6
    images[labels == 0, 4:] += 0.6
    dataset = kerasgen.data.few_labels(images, labels, 4, batch_size=40)
    history = model.fit(dataset, epochs=epochs, verbose=0).history
    assert np.mean(model.classify(images).argmax(axis=1) == labels) > 0.98
    assert history["accuracy"][-1] > 0.95
    # A softmax of probabilities could not come below log(1 + 1/e) = 0.31.
    assert history["class_loss"][-1] < 0.2


def check_labels_are_dropped_in_training(model, digits):
    """Of a conditional model with a label dropout of one half."""
    seen, name = [], model.generator_name
    network = getattr(model, name)

    def noting(inputs, training):
        seen.extend(inputs[2].numpy())
        return network(inputs, training=training)

    object.__setattr__(model, name, noting)
    images = tf.constant(digits[0].astype("float32") / 255.0)
    given = (images, tf.constant(digits[1]), model.seed_generator)
    model.player_losses(*given, training=True)
    dropped = np.array(seen)
    assert np.mean(dropped == 10) == pytest.approx(0.5, abs=0.15)
    assert np.array_equal(dropped[dropped < 10], digits[1][dropped < 10])
    seen.clear()
    model.player_losses(*given, training=False)
    assert np.array_equal(seen, digits[1])


class ByLabel(keras.layers.Layer):
    """Tensors of one value for each of two labels, and for "not given", which is 2."""

    def call(self, x, time, labels):
        values = tf.gather(tf.constant([0.4, -0.2, 0.1]), labels)
        return tf.zeros_like(x) + values[:, None, None, None]


def by_label(shape):
    inputs = [keras.Input(shape), keras.Input(()), keras.Input((), dtype="int32")]
    return keras.Model(inputs, ByLabel()(*inputs))


def steps_of_eight(model, digits):
    """Take a step on eight images, again and again; few players rest for six."""
    for start in range(0, 48, 8):
        model.train_on_batch(*(array[start : start + 8] for array in digits))
        yield


def contract_of(model_class):
    """The test class of a model, from the file that is named like the model's."""
    name = model_class.__module__.rpartition(".")[2]
    tests = importlib.import_module(f"tests.models.test_{name}")
    (found,) = (
        each
        for each in vars(tests).values()
        if inspect.isclass(each)
        and issubclass(each, ModelContract)
        and each.model_class is model_class
    )
    return found


def small(model_class, **changes):
    """A small model as its test file makes it, with seed 0."""
    return contract_of(model_class)().make(**changes)


class ModelContract:
    """Subclasses set `model_class`, and how a small model is made where it differs.

    `trained` is a fixture of `tests/models/conftest.py`: one model for the whole class.
    """

    model_class = None
    arguments = SMALL
    other_shape = (12, 16, 3)
    without_dropout = {}
    epochs, batch_size = 1, 32  # of the trained model
    classes = (None, 10)  # numbers of classes that it can be made with
    replicas_refused = None  # pattern of what is said of `tf.distribute`
    on_replicas = {}  # arguments without which replicas cannot take its steps
    preset_tolerance = 5e-3  # of pixels
    bad_arguments = []  # pairs of a dict and a pattern of what is said of it

    def make(self, **changes):
        return self.model_class(**{**self.arguments, "seed": 0, **changes})

    def fit(self, model, digits, epochs=1, **kwargs):
        return model.fit(batches(digits), epochs=epochs, verbose=0, **kwargs).history

    def labels_for(self, model, num):
        """Labels of so many images, or None where the model takes none."""
        return None if model.num_classes is None else np.arange(num) % model.num_classes

    def train(self, digits):
        """A model after its epochs, its history and how often each player moved."""
        keras.utils.set_random_seed(0)
        model, dataset = self.make(), batches(digits, self.batch_size)
        history = model.fit(dataset, epochs=self.epochs, verbose=0).history
        steps = {p: int(model.optimizer[p].iterations) for p in model.players}
        return types.SimpleNamespace(model=model, history=history, steps=steps)

    def test_defaults_make_28x28_grey_images(self):
        names = list(inspect.signature(self.model_class).parameters)
        assert names[:3] == ["image_shape", "latent_dim", "num_classes"]
        images = self.model_class().sample(2, seed=0)
        assert images.shape == (2, 28, 28, 1)
        assert images.dtype == np.float32
        assert 0.0 <= images.min() <= images.max() <= 1.0

    def test_other_sizes_and_channels_train(self):
        model = eagerly(self.make(image_shape=self.other_shape))
        images = np.random.default_rng(0).random((4, *self.other_shape), "float32")
        labels = self.labels_for(model, 4)
        history = model.fit(images, labels, batch_size=4, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
        assert model.sample(2, seed=0).shape == (2, *self.other_shape)

    def test_bad_arguments_are_named(self):
        general = [
            ({"image_shape": (28, 28)}, r"image_shape=\(28, 28\); expected \(height"),
            ({"latent_dim": 2.5}, "latent_dim=2.5; expected a positive integer"),
            ({"num_classes": -1}, "num_classes=-1; expected a positive integer"),
            ({"average_momentum": 1.0}, r"average_momentum=1.0; expected .* \[0, 1\)"),
        ]
        for changes, message in [*general, *self.bad_arguments]:
            with pytest.raises(ValueError, match=message):
                self.make(**changes)
        with pytest.raises(TypeError, match="learning_rate"):
            self.make(learning_rate=1e-4)

    def test_arguments_are_attributes_and_make_the_same_model(self):
        model = self.make(num_classes=np.int64(10))
        config = model.get_config()
        assert set(self.model_class.argument_names()) >= set(config) >= {"image_shape"}
        assert type(config["num_classes"]) is int
        again = self.model_class.from_config(config)
        assert again.get_config() == config
        assert [w.shape for w in again.weights] == [w.shape for w in model.weights]

    def test_logs_are_finite_means_of_what_is_promised(self, digits, trained):
        logged = trained.model.logged
        assert set(trained.history) == set(logged)
        assert all(np.isfinite(values).all() for values in trained.history.values())
        assert set(trained.model.players) <= set(logged.values())
        model = eagerly(self.make())
        given = [part[:16] for part in digits]
        found = [model.evaluate(*given, verbose=0, return_dict=True) for _ in range(2)]
        assert found[0] == found[1]
        assert set(found[0]) == set(logged)
        assert all(np.isfinite(value) for value in found[0].values())

    def test_each_player_moves_its_own_variables_and_no_others(self, digits):
        names = list(self.model_class.players)
        model = self.make()
        owned = {id(v) for vs in model.player_variables().values() for v in vs}
        assert owned == {id(v) for v in model.trainable_variables}
        for mover in names:
            rates = {player: 1e-3 * (player == mover) for player in names}
            optimizers = {p: keras.optimizers.Adam(rate) for p, rate in rates.items()}
            model.compile(optimizers, run_eagerly=True)
            own = {id(v) for v in model.player_variables()[mover]}
            before = [v.numpy() for v in model.trainable_variables]
            for _ in steps_of_eight(model, digits):
                moved = {True: [], False: []}
                for old, variable in zip(
                    before, model.trainable_variables, strict=True
                ):
                    is_new = not np.array_equal(old, variable.numpy())
                    moved[id(variable) in own].append(is_new)
                assert not any(moved[False]), mover
                if np.mean(moved[True]) > 0.7:
                    break
            assert np.mean(moved[True]) > 0.7, (mover, moved[True])

    def test_batch_statistics_move_in_training_only(self, digits):
        model = eagerly(self.make())
        statistics = [v for v in model.variables if v.name.startswith("moving_")]
        if not statistics:
            return
        before = [v.numpy() for v in statistics]
        model.test_on_batch(*(array[:8] for array in digits))
        model.sample(8, seed=0)
        assert same(before, [v.numpy() for v in statistics])
        for _ in steps_of_eight(model, digits):
            pairs = zip(before, statistics, strict=True)
            moved = [not np.array_equal(a, b.numpy()) for a, b in pairs]
            if all(moved):
                break
        assert all(moved)

    def test_equal_seeds_train_equal_models(self, digits):
        found = []
        for _ in range(2):
            keras.utils.set_random_seed(0)
            model = eagerly(self.make())
            keras.utils.set_random_seed(len(found))  # a step has no other seed
            model.train_on_batch(*(part[:8] for part in digits))
            found.append(weights(model))
        assert same(*found)

    def test_mixed_precision_trains_in_float32_variables(self, digits):
        model = eagerly(self.make(dtype="mixed_float16"))
        parts = (part[:8] for part in digits)
        history = model.fit(*parts, batch_size=8, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
        assert {v.dtype for v in model.trainable_variables} == {"float32"}
        computing = {layer.compute_dtype for layer in model.raw_generator.layers}
        assert "float16" in computing
        assert model.sample(2, seed=0).dtype == np.float32

    def test_conditional_model_uses_its_labels(self, digits):
        model = eagerly(self.make(num_classes=10))
        for _ in range(2):  # what begins at zero hides labels in the first step
            model.train_on_batch(*(array[:16] for array in digits))
        if model.is_conditional:
            zeros, ones = (model.sample(4, labels=label, seed=0) for label in (0, 1))
            assert not np.array_equal(zeros, ones)
            turn = model.sample(20, seed=0)
            assert np.array_equal(turn, model.sample(20, np.arange(20) % 10, seed=0))
        twice = np.repeat(digits[0][:1], 2, axis=0)
        for method, network in (("discriminate", "judge_name"), ("codes", "encoder")):
            network = getattr(model, network, network)
            if hasattr(model, method) and model.takes_labels(network):
                first, second = getattr(model, method)(twice, [3, 4])
                assert not np.array_equal(first, second)
                with pytest.raises(ValueError, match="without labels"):
                    getattr(model, method)(twice)

    def test_what_is_asked_of_a_trained_model(self, digits, trained):
        model, images = trained.model, digits[0][:6]
        first, again, other = (model.sample(5, seed=seed) for seed in (3, 3, 4))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)
        if hasattr(model, "codes"):
            restored = model.reconstruct(images)
            assert restored.shape == (6, 28, 28, 1)
            expected = model.generate(model.codes(images))
            np.testing.assert_allclose(restored, expected, atol=1e-5)
        if hasattr(model, "discriminate"):
            judged = model.discriminate(images)
            assert judged.shape == (6,)
            assert np.isfinite(judged).all() and np.ptp(judged) > 0

    def test_keras_file_goes_on_as_if_nothing_had_happened(
        self, digits, trained, tmp_path
    ):
        model = trained.model
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert type(loaded) is self.model_class
        assert np.array_equal(model.sample(6, seed=1), loaded.sample(6, seed=1))
        few = [array[:16] for array in digits]
        histories = [self.fit(eagerly(one), few) for one in (model, loaded)]
        assert histories[0] == histories[1]
        assert same(weights(model), weights(loaded))

    def test_a_preset_makes_nearly_the_same_images(self, trained, tmp_path):
        trained.model.save_to_preset(tmp_path / "preset")
        loaded = self.model_class.from_preset(tmp_path / "preset")
        for key in ("num_classes", "latent_dim", "image_shape", "seed", "name"):
            assert getattr(loaded, key) == getattr(trained.model, key)
        # At most 2**-11 of each weight: far from a step of 8-bit pixels.
        samples = trained.model.sample(8, seed=1)
        np.testing.assert_allclose(
            loaded.sample(8, seed=1), samples, atol=self.preset_tolerance
        )
        assert samples.std() > 0
        for method in ("discriminate", "codes"):
            if hasattr(loaded, method):
                pair = [getattr(m, method)(samples) for m in (loaded, trained.model)]
                np.testing.assert_allclose(*pair, rtol=0.02, atol=0.02)

    def test_published_settings_take_a_step_and_are_saved(self, digits, tmp_path):
        published = self.model_class.published
        model = self.model_class.as_published(seed=0)
        for name, setting in published.arguments.items():
            assert getattr(model, name) == setting.value
        assert all(source for *_, source in published.table())
        for name in published.unused:  # which would say nothing of the networks
            with pytest.raises(ValueError, match=f"Got {name}=.*as_published"):
                self.model_class.as_published(**{name: getattr(model, name)})
        assert model.batch_size == published.batch_size.value
        images = digits[0][:4]
        if model.image_shape != images.shape[1:]:
            images = np.random.default_rng(0).random((4, *model.image_shape), "float32")
        labels = self.labels_for(model, 4)
        history = eagerly(model).fit(images, labels, batch_size=4, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
        trained = weights(model)
        model.save_weights(tmp_path / "published.weights.h5")
        for variable in model.weights:
            variable.assign(np.zeros_like(variable))
        model.load_weights(tmp_path / "published.weights.h5")
        assert same(trained, weights(model))

    @pytest.mark.slow
    def test_the_example_of_its_docstring_runs(self, digits, monkeypatch):
        images = np.resize(digits[0], (200, 28, 28, 1))
        labels = np.arange(200, dtype="int32") % 10
        batched = kerasgen.data.batches(images, labels, batch_size=100)
        monkeypatch.setattr(kerasgen.data, "load", lambda name: batched)
        monkeypatch.setattr(kerasgen.data, "load_arrays", lambda *_: (images, labels))
        fit = kerasgen.GenerativeModel.fit
        monkeypatch.setattr(
            kerasgen.GenerativeModel,
            "fit",
            lambda model, x, epochs: fit(eagerly(model), x, verbose=0),
        )
        lines = doctest.DocTestParser().get_examples(self.model_class.__doc__)
        assert lines
        exec("".join(line.source for line in lines), {})

    @pytest.mark.slow
    def test_xla_trains_like_the_graph(self, digits, monkeypatch):
        # XLA draws other numbers from the same seed, so the noise is fixed here.
        def normal(shape, seed):
            size = tf.reduce_prod(shape)
            return tf.reshape(tf.sin(tf.range(tf.cast(size, tf.float32))), shape)

        def uniform(shape, seed):
            return 0.5 + 0.49 * normal(shape, seed)

        for name, fixed in (("normal", normal), ("uniform", uniform)):
            for module in ("training", "training.noise"):
                monkeypatch.setattr(f"kerasgen.{module}.{name}", fixed)
        # A model file may have it under its own name.
        own = sys.modules[self.model_class.__module__]
        monkeypatch.setattr(own, "normal", normal, raising=False)
        runs = []
        for jit_compile in (False, True):
            keras.utils.set_random_seed(0)
            model = self.make(**self.without_dropout)
            rates = {p: keras.optimizers.SGD(1e-3) for p in model.players}
            model.compile(rates, jit_compile=jit_compile)
            arguments = {"batch_size": 32, "shuffle": False, "verbose": 0}
            runs.append(model.fit(*(part[:64] for part in digits), **arguments).history)
        for key, value in runs[0].items():
            np.testing.assert_allclose(value, runs[1][key], rtol=1e-3, atol=1e-4)
