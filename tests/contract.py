"""What every model of the zoo must satisfy; a model's test file subclasses it."""

import inspect
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen import data

SMALL = {"latent_dim": 4, "width": 4}


def weights(network):
    return [w.numpy() for w in network.weights]


def trainable(variables):
    return [v.numpy() for v in variables]


def same(first, second):
    pairs = zip(first, second, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def batches(digits, batch_size=32):
    return tf.data.Dataset.from_tensor_slices(digits).batch(batch_size)


class ModelContract:
    """Subclasses set `model_class`; a fixture-free `make` builds a small one."""

    model_class = None
    arguments = SMALL
    without_dropout = {}
    judge_switch = None  # name of the argument that normalises the judge

    def make(self, **changes):
        return self.model_class(**{**self.arguments, "seed": 0, **changes})

    def fit(self, model, digits, epochs=1, **kwargs):
        return model.fit(batches(digits), epochs=epochs, verbose=0, **kwargs).history

    # Construction

    def test_signature_starts_like_every_other(self):
        names = list(inspect.signature(self.model_class).parameters)
        assert names[:3] == ["image_shape", "latent_dim", "num_classes"]

    def test_defaults_make_28x28_grey_images(self):
        model = self.model_class()
        images = model.sample(2, seed=0)
        assert images.shape == (2, 28, 28, 1)
        assert images.dtype == np.float32
        assert 0.0 <= images.min() <= images.max() <= 1.0

    @pytest.mark.parametrize("shape", [(32, 32, 3), (64, 64, 1), (28, 32, 1)])
    def test_other_image_shapes(self, shape):
        model = self.make(image_shape=shape)
        images = np.random.default_rng(0).random((8, *shape), "float32")
        history = model.fit(images, batch_size=4, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
        assert model.sample(2, seed=0).shape == (2, *shape)

    def test_numbers_of_numpy_are_numbers(self, digits):
        model = self.make(latent_dim=np.int64(4), num_classes=np.int64(10))
        self.fit(model, digits)
        assert type(model.get_config()["num_classes"]) is int

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"image_shape": (28, 28)}, r"image_shape=\(28, 28\); expected \(height"),
            ({"image_shape": (28, 0, 1)}, "width=0; expected a positive integer"),
            ({"latent_dim": 0}, "latent_dim=0; expected a positive integer"),
            ({"latent_dim": 2.5}, "latent_dim=2.5; expected a positive integer"),
            ({"num_classes": -1}, "num_classes=-1; expected a positive integer"),
            ({"average_momentum": 1.0}, r"average_momentum=1.0; expected .* \[0, 1\)"),
            ({"normalization": "bach"}, "normalization='bach'; expected one of"),
            ({"image_shape": 28}, r"image_shape=28; expected \(height"),
            ({"width": 0}, "width=0; expected a positive integer"),
            ({"depth": 0}, "depth=0; expected a positive integer"),
        ],
    )
    def test_bad_constructor_arguments(self, changes, message):
        with pytest.raises(ValueError, match=message):
            self.make(**changes)

    def test_unknown_argument_fails(self):
        with pytest.raises(TypeError, match="learning_rate"):
            self.make(learning_rate=1e-4)

    @pytest.mark.parametrize("normalization", ["batch", "layer", "spectral", None])
    @pytest.mark.parametrize("skip_connections", [False, True])
    def test_switches_of_the_networks_train(
        self, digits, normalization, skip_connections
    ):
        model = self.make(
            normalization=normalization, skip_connections=skip_connections
        )
        history = model.fit(digits[0][:32], batch_size=16, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())

    @pytest.mark.parametrize("normalization", ["batch", "layer", "spectral", None])
    def test_switch_of_the_judge_trains(self, digits, normalization):
        if self.judge_switch is None:
            pytest.skip("this model has no discriminator or critic")
        model = self.make(**{self.judge_switch: normalization})
        history = model.fit(digits[0][:32], batch_size=16, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
        assert model.get_config()[self.judge_switch] == normalization

    # Training

    def test_fit_logs_finite_means_under_the_standard_keys(self, digits):
        model = self.make()
        history = self.fit(model, digits, validation_data=batches(digits))
        expected = set(model.logged) | {f"val_{key}" for key in model.logged}
        assert set(history) == expected
        assert all(np.isfinite(values).all() for values in history.values())

    def test_each_player_moves_its_own_variables_and_no_others(self, digits):
        for mover in self.make().player_variables():
            model = self.make()
            rates = {p: 0.1 * (p == mover) for p in model.player_variables()}
            model.compile({p: keras.optimizers.SGD(r) for p, r in rates.items()})
            before = {p: trainable(vs) for p, vs in model.player_variables().items()}
            # Enough batches for players that move only every few steps.
            model.fit(batches(digits, 16), verbose=0)
            for player, variables in model.player_variables().items():
                after = trainable(variables)
                moved = [
                    not np.array_equal(a, b)
                    for a, b in zip(before[player], after, strict=True)
                ]
                if player == mover:
                    assert np.mean(moved) > 0.7, (player, moved)
                else:
                    assert not any(moved), player

    def test_players_cover_all_trainable_variables_once(self):
        model = self.make()
        ids = [id(v) for vs in model.player_variables().values() for v in vs]
        assert len(ids) == len(set(ids))
        assert set(ids) == {id(v) for v in model.trainable_variables}

    def test_batch_statistics_move_in_training_only(self, digits):
        model = self.make(normalization="batch")
        statistics = [v for v in model.variables if v.name.startswith("moving_")]
        assert statistics
        before = trainable(statistics)
        model.evaluate(batches(digits), verbose=0)
        model.sample(8, seed=0)
        assert same(before, trainable(statistics))
        model.fit(batches(digits, 16), verbose=0)
        moved = [
            not np.array_equal(a, b)
            for a, b in zip(before, trainable(statistics), strict=True)
        ]
        assert all(moved)

    def test_equal_seeds_train_equal_models(self, digits):
        runs = []
        for seed in (0, 0, 1):
            keras.utils.set_random_seed(seed)
            model = self.make(seed=seed)
            self.fit(model, digits)
            runs.append(weights(model))
        assert same(runs[0], runs[1])
        assert not same(runs[0], runs[2])

    def test_validation_does_not_disturb_training(self, digits):
        runs = []
        for validation in (None, batches(digits)):
            keras.utils.set_random_seed(0)
            model = self.make()
            self.fit(model, digits, epochs=2, validation_data=validation)
            runs.append(weights(model))
        assert same(*runs)

    def test_evaluate_is_repeatable(self, digits):
        model = self.make()
        first, second = (
            model.evaluate(batches(digits), verbose=0, return_dict=True)
            for _ in range(2)
        )
        assert first == second
        assert set(first) == set(model.logged)

    def test_forms_of_the_same_images_train_the_same(self, digits):
        images, labels = digits
        scaled = images.astype("float32") / np.float32(255)
        forms = [
            tf.data.Dataset.from_tensor_slices(form).batch(32)
            for form in (
                images,
                scaled,
                (images, labels),
                {"image": images, "label": labels},
                {"image": scaled},
            )
        ]
        losses = []
        for form in forms:
            keras.utils.set_random_seed(0)
            losses.append(self.make().fit(form, verbose=0).history)
        arrays = self.fit_arrays(images, labels)
        for other in [*losses[1:], arrays]:
            for key, value in losses[0].items():
                np.testing.assert_allclose(value, other[key], rtol=1e-4, atol=1e-5)

    def fit_arrays(self, images, labels):
        keras.utils.set_random_seed(0)
        arguments = {"batch_size": 32, "shuffle": False, "verbose": 0}
        return self.make().fit(images, labels, **arguments).history

    def test_a_dataset_of_unknown_length_takes_no_extra_step(self, digits):
        model = self.make()
        unknown = batches(digits).filter(lambda *_: True)
        assert unknown.cardinality() == tf.data.UNKNOWN_CARDINALITY
        model.fit(unknown, epochs=2, verbose=0)
        last = list(model.player_variables())[-1]
        assert int(model.optimizer[last].iterations) == 8

    def test_a_generator_takes_no_extra_step(self, digits):
        model = self.make()
        model.fit(((batch,) for batch in np.split(digits[0], 4)), verbose=0)
        last = list(model.player_variables())[-1]
        assert int(model.optimizer[last].iterations) == 4

    def test_two_fits_are_one(self, digits):
        runs = []
        for ends in ([2], [1, 2]):
            keras.utils.set_random_seed(0)
            model = self.make()
            ours = data.batches(*digits, batch_size=32, seed=3)
            for first, last in itertools.pairwise([0, *ends]):
                model.fit(ours, initial_epoch=first, epochs=last, verbose=0)
            runs.append(weights(model))
        assert same(*runs)

    def test_steps_per_execution_changes_nothing(self, digits):
        runs = []
        for steps in (1, 3):
            keras.utils.set_random_seed(0)
            model = self.make()
            model.compile(steps_per_execution=steps)
            self.fit(model, digits)
            runs.append(weights(model))
        for one, many in zip(*runs, strict=True):
            np.testing.assert_allclose(one, many, rtol=1e-4, atol=1e-6)

    @pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
    def test_mixed_precision_trains_in_float32_variables(self, digits, policy):
        model = self.make(dtype=policy)
        history = model.fit(digits[0][:32], batch_size=16, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
        assert {v.dtype for v in model.trainable_variables} == {"float32"}
        computing = {layer.compute_dtype for layer in model.raw_generator.layers}
        assert policy.removeprefix("mixed_") in computing
        assert model.sample(2, seed=0).dtype == np.float32
        scaled = [
            isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
            for optimizer in model.optimizer.players.values()
        ]
        assert all(scaled) if policy == "mixed_float16" else not any(scaled)
        assert keras.config.dtype_policy().name == "float32"

    def test_xla_trains_like_the_graph(self, digits, monkeypatch):
        # XLA draws other numbers from the same seed, so the noise is fixed here.
        def fixed(shape, seed):
            size = tf.reduce_prod(shape)
            return tf.reshape(tf.sin(tf.range(tf.cast(size, tf.float32))), shape)

        monkeypatch.setattr("kerasgen.training.normal", fixed)
        runs = []
        for jit_compile in (False, True):
            keras.utils.set_random_seed(0)
            model = self.make(**self.without_dropout)
            rates = {p: keras.optimizers.SGD(1e-3) for p in model.player_variables()}
            model.compile(rates, jit_compile=jit_compile)
            assert model.jit_compile == jit_compile
            arguments = {"batch_size": 32, "shuffle": False, "verbose": 0}
            runs.append(model.fit(digits[0][:64], **arguments).history)
        for key, value in runs[0].items():
            np.testing.assert_allclose(value, runs[1][key], rtol=1e-3, atol=1e-4)

    # Optimizers

    def test_unknown_player_is_named(self):
        with pytest.raises(ValueError, match="player 'generater'; the players of this"):
            self.make().compile({"generater": keras.optimizers.Adam()})

    def test_one_optimizer_is_cloned_for_every_player(self):
        model = self.make()
        model.compile(keras.optimizers.Adam(0.123))
        optimizers = list(model.optimizer.players.values())
        assert len({id(o) for o in optimizers}) == len(model.player_variables())
        for optimizer in optimizers:
            assert float(optimizer.learning_rate) == pytest.approx(0.123)

    # Bad data

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (np.full((8, 28, 28, 1), 255.0, "float32"), r"floats in \[255, 255\]"),
            (np.full((8, 28, 28, 1), -1.0, "float32"), r"floats in \[-1, -1\]"),
            (np.full((8, 28, 28, 1), np.nan, "float32"), "NaN or infinite"),
            (np.zeros((8, 28, 28), "uint8"), "expected rank 4"),
            (np.zeros((8, 28, 28, 3), "uint8"), r"expected \(28, 28, 1\)"),
            (np.zeros((8, 32, 32, 1), "uint8"), r"expected \(28, 28, 1\)"),
            (np.zeros((0, 28, 28, 1), "uint8"), "empty"),
            (np.zeros((8, 28, 28, 1), "int64"), "dtype int64; expected uint8"),
        ],
    )
    @pytest.mark.parametrize("as_dataset", [False, True])
    def test_bad_images(self, images, message, as_dataset):
        if as_dataset:
            data = tf.data.Dataset.from_tensor_slices(images).batch(4)
        with pytest.raises(ValueError, match=message):
            if as_dataset:
                self.make().fit(data, verbose=0)
            else:
                self.make().fit(images, batch_size=4, verbose=0)

    def test_fewer_images_than_a_batch(self, digits):
        with pytest.raises(ValueError, match="8 images, fewer than one batch of 64"):
            self.make().fit(digits[0][:8])

    def test_unbatched_and_endless_datasets(self, digits):
        images = tf.data.Dataset.from_tensor_slices(digits[0])
        with pytest.raises(ValueError, match=r"a single image.*dataset\.batch\(64\)"):
            self.make().fit(images)
        with pytest.raises(ValueError, match="infinite dataset"):
            self.make().fit(images.batch(8).repeat())

    # Conditional models

    def test_conditional_model_uses_its_labels(self, digits):
        model = self.make(num_classes=10)
        self.fit(model, digits)
        zeros, ones = (model.sample(4, labels=label, seed=0) for label in (0, 1))
        assert not np.array_equal(zeros, ones)
        turn = model.sample(20, seed=0)
        assert np.array_equal(turn, model.sample(20, np.arange(20) % 10, seed=0))

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (None, "without labels; .* conditional"),
            (np.full(8, 10), r"expected 0\.\.9, as num_classes=10"),
            (np.full(8, -1), r"labels in -1\.\.-1"),
            (np.zeros(8, "float32"), "dtype float32; expected integers"),
            (np.zeros((8, 10), "int32"), "one-hot"),
            (np.zeros(7, "int32"), "8 images and 7 labels"),
        ],
    )
    def test_bad_labels(self, digits, labels, message):
        with pytest.raises(ValueError, match=message):
            self.make(num_classes=10).fit(digits[0][:8], labels, batch_size=8)

    def test_what_needs_labels_says_so(self, digits):
        model = self.make(num_classes=10)
        calls = [lambda: model.interpolate(np.ones(4), np.zeros(4), 3)]
        for name in ("discriminate", "encode", "reconstruct"):
            if hasattr(model, name):
                calls.append(lambda name=name: getattr(model, name)(digits[0][:4]))
        for call in calls:
            with pytest.raises(ValueError, match="without labels"):
                call()

    # Sampling

    def test_samples_depend_on_the_seed_alone(self):
        model = self.make()
        first, second = model.sample(5, seed=3), model.sample(5, seed=3)
        assert np.array_equal(first, second)
        assert not np.array_equal(first, model.sample(5, seed=4))

    def test_sampling_does_not_disturb_training(self, digits):
        runs = []
        for samples in (0, 3):
            keras.utils.set_random_seed(0)
            model = self.make()
            self.fit(model, digits)
            for _ in range(samples):
                model.sample(2)
            self.fit(model, digits)
            runs.append(weights(model))
        assert same(*runs)

    def test_more_samples_than_one_batch(self):
        model = self.make()
        many = model.sample(1100, seed=0)
        assert many.shape == (1100, 28, 28, 1)
        assert np.isfinite(many).all()

    def test_interpolation_runs_from_one_latent_to_the_other(self):
        model = self.make()
        first, last = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
        images = model.interpolate(first, last, steps=5)
        ends = model.generate(np.stack([first, last]))
        np.testing.assert_allclose(images[[0, -1]], ends, atol=1e-5)
        assert images.shape == (5, 28, 28, 1)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda m: m.sample(0), "num=0; expected a positive integer"),
            (lambda m: m.sample(2, labels=1), "not conditional"),
            (lambda m: m.generate(np.zeros((2, 5))), r"expected \(num, 4\)"),
            (lambda m: m.interpolate(np.zeros(3), np.zeros(4), 5), r"expected \(4,\)"),
            (lambda m: m.interpolate(np.ones(4), np.zeros(4), 1), "at least 2"),
            (lambda m: m.fit((1, 2, 3)), "tuple of 3 parts; expected"),
        ],
    )
    def test_bad_requests(self, call, message):
        with pytest.raises(ValueError, match=message):
            call(self.make())

    # Saving

    @pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
    def test_keras_file_goes_on_as_if_nothing_had_happened(
        self, digits, tmp_path, policy
    ):
        model = self.make(dtype=policy)
        self.fit(model, digits)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert type(loaded) is self.model_class
        assert np.array_equal(model.sample(6, seed=1), loaded.sample(6, seed=1))
        histories = [self.fit(m, digits, epochs=2) for m in (model, loaded)]
        assert histories[0] == histories[1]
        assert same(weights(model), weights(loaded))

    def test_weights_restored_by_kerass_own_callback(self, digits, tmp_path):
        keras.utils.set_random_seed(0)
        whole = self.make()
        self.fit(whole, digits, epochs=3)

        def backup():
            return keras.callbacks.BackupAndRestore(
                tmp_path, delete_checkpoint=False, double_checkpoint=True
            )

        keras.utils.set_random_seed(0)
        self.fit(self.make(), digits, epochs=2, callbacks=[backup()])
        keras.utils.set_random_seed(5)
        resumed = self.make(seed=5)
        self.fit(resumed, digits, epochs=3, callbacks=[backup()])
        assert same(weights(whole), weights(resumed))

    def test_conditional_keras_file(self, digits, tmp_path):
        model = self.make(num_classes=10)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        pair = [m.sample(6, labels=3, seed=1) for m in (model, loaded)]
        assert np.array_equal(*pair)

    # Exporting

    @pytest.mark.parametrize("num_classes", [None, 10])
    def test_saved_model_samples_the_same_images(self, digits, tmp_path, num_classes):
        model = self.make(num_classes=num_classes)
        self.fit(model, digits)
        model.export(tmp_path / "exported")
        restored = tf.saved_model.load(str(tmp_path / "exported"))
        labels = None if num_classes is None else np.arange(6, dtype="int32")
        extra = {} if labels is None else {"labels": tf.constant(labels)}
        made = restored.signatures["sample"](
            n=tf.constant(6), seed=tf.constant(9), **extra
        )
        expected = model.sample(6, labels, seed=9)
        np.testing.assert_allclose(made["images"], expected, atol=1e-6)
        again = restored.signatures["serving_default"](latents=made["latents"], **extra)
        np.testing.assert_allclose(again["images"], expected, atol=1e-6)
