"""How models train: one training in every form, resumed, compiled, reduced."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen import data
from tests.contract import batches
from tests.contract import eagerly
from tests.contract import same
from tests.contract import weights
from tests.core import toy


def fit(model, digits, epochs=1, **kwargs):
    return model.fit(batches(digits), epochs=epochs, verbose=0, **kwargs).history


def steps_of(model):
    """Steps that the last player has taken."""
    return int(model.optimizer[list(model.players)[-1]].iterations)


def assert_close(first, second, **tolerances):
    assert first.keys() == second.keys()
    for key, values in first.items():
        np.testing.assert_allclose(values, second[key], **tolerances)


def test_forms_of_the_same_images_train_the_same(make, small_digits):
    images, labels = few = [array[:64] for array in small_digits]
    expected = fit(eagerly(make()), few)
    for given in (
        images,
        images.astype("float32") / np.float32(255),
        {"image": images, "label": labels},
    ):
        dataset = tf.data.Dataset.from_tensor_slices(given).batch(32)
        history = eagerly(make()).fit(dataset, verbose=0).history
        assert_close(history, expected, rtol=1e-4, atol=1e-5)
    in_order = {"batch_size": 32, "shuffle": False, "verbose": 0}
    arrays = eagerly(make()).fit(images, labels, **in_order).history
    assert_close(arrays, expected, rtol=1e-4, atol=1e-5)


def test_arrays_come_in_batches_of_64(make, small_digits):
    images, labels = (array[:100] for array in small_digits)
    model = eagerly(make())
    for count, given in enumerate(
        (images, (images, labels), {"image": images, "label": labels}), start=1
    ):
        model.fit(given, verbose=0)
        assert steps_of(model) == 2 * count


def test_data_of_unknown_length_take_no_extra_step(make, small_digits):
    unknown = batches(small_digits).filter(lambda *_: True)
    assert unknown.cardinality() == tf.data.UNKNOWN_CARDINALITY
    model = make()
    model.fit(unknown, epochs=2, verbose=0)
    assert steps_of(model) == 8
    model.fit(((batch,) for batch in np.split(small_digits[0], 4)), verbose=0)
    assert steps_of(model) == 12


def test_only_the_steps_asked_for_are_taken(make, small_digits):
    model = make()
    endless = batches(small_digits, 8).repeat()
    steps = {"steps_per_epoch": 10, "validation_steps": 6}
    model.fit(endless, epochs=2, validation_data=endless, verbose=0, **steps)
    assert steps_of(model) == 20
    assert model.steps_per_execution == 16
    part = model.evaluate(endless, steps=5, verbose=0)
    expected = model.evaluate(batches(small_digits, 8).take(5), verbose=0)
    np.testing.assert_allclose(part, expected)


def test_two_fits_are_one(make, small_digits):
    runs = []
    for ends in ([2], [1, 2]):
        model = eagerly(make())
        few = [array[:64] for array in small_digits]
        ours = data.batches(*few, batch_size=32, seed=3)
        for first, last in itertools.pairwise([0, *ends]):
            model.fit(ours, initial_epoch=first, epochs=last, verbose=0)
        runs.append(weights(model))
    assert same(*runs)


@pytest.mark.parametrize("kind", ["validation", "samples"])
def test_looking_does_not_disturb_training(make, small_digits, kind):
    looked_at, in_peace = eagerly(make()), eagerly(make())
    few = [array[:64] for array in small_digits]
    for _ in range(2):
        validation = batches(few) if kind == "validation" else None
        fit(looked_at, few, validation_data=validation)
        if kind == "samples":
            looked_at.sample(2)
        fit(in_peace, few)
    assert same(weights(looked_at), weights(in_peace))


def test_equal_seeds_train_equal_models(make, small_digits):
    found = []
    for seed in (0, 0, 1):
        model = eagerly(make(seed=seed))
        fit(model, [array[:32] for array in small_digits])
        found.append(weights(model))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_many_steps_are_the_steps_of_keras_own_loop(make, small_digits):
    plain, fast = make(), make()
    plain.compile(steps_per_execution=1)
    keras.Model.make_train_function(plain)
    fast.compile(steps_per_execution=3)
    odd = [array[:120] for array in small_digits]  # the last of four batches is smaller
    histories = [fit(model, tuple(odd), epochs=2) for model in (plain, fast)]
    assert histories[0] == histories[1]
    assert same(weights(plain), weights(fast))


def test_a_graph_trains_like_eager_code(make, small_digits):
    graph, eager = make(), make()
    eager.compile(run_eagerly=True)
    assert eager.steps_per_execution == 1
    histories = [fit(model, small_digits) for model in (graph, eager)]
    assert_close(*histories, rtol=1e-4, atol=1e-5)
    eager.train_on_batch(small_digits[0][:8])
    assert steps_of(eager) == 5


def test_xla_trains_like_the_graph(make, small_digits, monkeypatch):
    # XLA draws other numbers from the same seed, so the noise is fixed here.
    def fixed(shape, seed):
        size = tf.reduce_prod(shape)
        return tf.reshape(tf.sin(tf.range(tf.cast(size, tf.float32))), shape)

    monkeypatch.setattr("kerasgen.training.normal", fixed)
    runs = []
    for jit_compile in (False, True):
        model = make()
        if "dropout" in model.get_config():
            model = make(dropout=0.0)
        rates = {player: keras.optimizers.SGD(1e-3) for player in model.players}
        model.compile(rates, jit_compile=jit_compile)
        assert model.jit_compile == jit_compile
        runs.append(fit(model, small_digits))
    assert_close(*runs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_in_float32_variables(make, small_digits, policy):
    model = make(dtype=policy)
    history = fit(model, small_digits)
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


def test_evaluation_is_repeatable_and_moves_nothing(make, small_digits):
    model = make()
    before = weights(model)
    first, second = (
        model.evaluate(batches(small_digits), verbose=0, return_dict=True)
        for _ in range(2)
    )
    assert first == second
    assert set(first) == set(model.logged)
    assert same(before, weights(model))


def test_logs_are_means_over_all_images(make, small_digits):
    model = make()
    whole = model.evaluate(batches(small_digits), verbose=0, return_dict=True)
    parts = [
        model.evaluate(part, batch_size=64, verbose=0, return_dict=True)
        for part in np.split(small_digits[0], 2)
    ]
    for key, value in whole.items():
        # Each part draws the noise of the first batches again.
        assert value == pytest.approx(np.mean([p[key] for p in parts]), rel=0.1)


def test_one_optimizer_is_cloned_for_every_player(make):
    model = make()
    model.compile(keras.optimizers.Adam(0.123))
    optimizers = list(model.optimizer.players.values())
    assert len({id(o) for o in optimizers}) == len(model.players)
    for optimizer in optimizers:
        assert float(optimizer.learning_rate) == pytest.approx(0.123)
    with pytest.raises(ValueError, match="player 'generater'; the players of this"):
        model.compile({"generater": keras.optimizers.Adam()})


def test_the_average_follows_the_generator_and_samples(make, small_digits):
    model = eagerly(make(average_momentum=0.9))
    assert same(weights(model.average), weights(model.raw_generator))
    fit(model, small_digits)
    raw, average = weights(model.raw_generator), weights(model.average)
    assert not any(np.array_equal(a, b) for a, b in zip(raw, average, strict=True))
    latents = np.zeros((2, 4), "float32")
    expected = keras.ops.convert_to_numpy(model.average(latents, training=False))
    np.testing.assert_allclose(model.generate(latents), expected, atol=1e-6)
    plain = make(average_momentum=None)
    assert plain.average is None
    assert plain.sampler is plain.raw_generator


@pytest.mark.parametrize("train", ["fit", "train_on_batch"])
def test_training_drops_a_prior_of_earlier_weights(train):
    model = toy.ToyVAE(seed=0)
    images = np.random.default_rng(0).random((64, *model.image_shape), "float32")
    model.fit_prior(images, components=1)
    before = model.sample(3, seed=0)
    with pytest.warns(UserWarning, match="drops the prior .* call fit_prior again"):
        getattr(model, train)(images)
    assert model.fitted_prior is None
    after = model.sample(3, seed=0)
    np.testing.assert_array_equal(after, model.sample(3, seed=0, prior="standard"))
    assert not np.array_equal(before, after)


class InBatches(keras.utils.PyDataset):
    """Arrays as batches of 20, in order; without an end if `num` is None."""

    def __init__(self, arrays, num=4):
        super().__init__()
        self.arrays, self.num_batches = arrays, num

    num_batches = None

    def __getitem__(self, index):
        rows = slice(20 * index, 20 * index + 20)
        return tuple(array[rows] for array in self.arrays)


def test_a_prior_is_fitted_to_what_fit_takes():
    random = np.random.default_rng(0)
    model = toy.ToyVAE(seed=0)
    images = random.random((70, *model.image_shape), "float32")
    labels = np.arange(70, dtype="int32") % 2
    pair = tf.data.Dataset.from_tensor_slices((images, labels))
    expected = weights(model.fit_prior(images, components=2).fitted_prior)
    forms = (
        (images, labels),
        {"image": images},
        pair.batch(16),
        pair.map(lambda image, _: {"image": image}).batch(16),
        InBatches((images, labels)),
        (images[i : i + 30] for i in range(0, 70, 30)),
    )
    for x in forms:
        found = weights(model.fit_prior(x, components=2).fitted_prior)
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    with_classes = toy.ToyVAE(num_classes=2, seed=0)
    of_arrays = with_classes.fit_prior(images, labels, components=2).fitted_prior
    expected = weights(of_arrays)
    for x in (pair.batch(16), (images, labels[:, None])):
        found = weights(with_classes.fit_prior(x, components=2).fitted_prior)
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_what_no_prior_can_be_fitted_to():
    model, labelled = toy.ToyVAE(seed=0), toy.ToyVAE(num_classes=2, seed=0)
    images = np.full((40, *model.image_shape), 0.5, "float32")
    batches = tf.data.Dataset.from_tensor_slices(images).batch(16)
    nan = np.where(np.arange(40)[:, None, None, None] == 39, np.nan, images)
    for one, x, message in (
        (model, batches.repeat(), "infinite dataset"),
        (model, InBatches((images,), None), "without an end"),
        (model, tf.data.Dataset.from_tensor_slices(nan).batch(16), "batch 3: .*NaN"),
        (model, "mnist", "Got a str"),
        (model, {"picture": images}, "expected 'image'"),
        (labelled, batches, "images without labels"),
    ):
        with pytest.raises(ValueError, match=message):
            one.fit_prior(x, components=1)
        assert one.fitted_prior is None


def test_files_of_weights_keep_the_prior_or_its_absence(tmp_path):
    def made(seed, components=None):
        model = toy.ToyVAE(seed=seed)
        return model.fit_prior(images, components=components) if components else model

    images = np.random.default_rng(0).random((64, 8, 8, 1), "float32")
    with_prior, without = made(0, components=2), made(1)
    expected = with_prior.sample(3, seed=0)
    with_prior.save_weights(tmp_path / "with.weights.h5")
    without.save_weights(tmp_path / "without.weights.h5")
    for model in (made(2), made(2, components=2), made(2, components=3)):
        model.sample(3, seed=0)
        model.load_weights(tmp_path / "with.weights.h5")
        np.testing.assert_array_equal(model.sample(3, seed=0), expected)
        assert len(model.weights) == len(with_prior.weights)
        with pytest.warns(UserWarning, match="is dropped, and .*without.weights.h5"):
            model.load_weights(tmp_path / "without.weights.h5")
        np.testing.assert_array_equal(
            model.sample(3, seed=0), without.sample(3, seed=0)
        )
        assert len(model.weights) == len(without.weights)
    with_prior.save(tmp_path / "with.keras")
    without.save(tmp_path / "without.keras")
    for model in (made(2), made(2, components=3)):
        model.load_weights(tmp_path / "with.keras")
        np.testing.assert_array_equal(model.sample(3, seed=0), expected)
        with pytest.warns(UserWarning, match="is dropped, and .*without.keras"):
            model.load_weights(tmp_path / "without.keras")
        assert model.fitted_prior is None
    other = toy.ToyVAE(latent_dim=3, seed=0).fit_prior(images, components=2)
    before = other.fitted_prior
    with pytest.raises((ValueError, UserWarning)):  # Keras warns on the way
        other.load_weights(tmp_path / "with.weights.h5")
    assert other.fitted_prior is before


def test_a_prior_fitted_anew_replaces_the_first():
    images = np.random.default_rng(0).random((64, 8, 8, 1), "float32")
    model = toy.ToyVAE(seed=0, dtype="mixed_float16")
    model.fit_prior(images, components=3).fit_prior(images, components=2)
    copy = model.in_float32()
    assert len(copy.weights) == len(model.weights)
    np.testing.assert_array_equal(copy.fitted_prior.means, model.fitted_prior.means)


def test_a_generator_gives_its_batches_once(small_digits):
    images = small_digits[0]

    def batches():
        return (images[i : i + 8] for i in range(0, 16, 8))

    model = toy.ToyGAN(seed=0)
    model.fit(batches(), verbose=0)
    with pytest.raises(ValueError, match="generator for 2 epochs.* steps_per_epoch"):
        model.fit(batches(), epochs=2, verbose=0)
    with pytest.raises(ValueError, match="generator for 2 epochs.*validation_steps"):
        model.fit(images, epochs=2, verbose=0, validation_data=batches())


def test_fewer_images_than_a_batch_may_be_judged(small_digits):
    model, images = toy.ToyGAN(seed=0), small_digits[0]
    model.fit(images[:40], validation_split=0.2, batch_size=32, verbose=0)
    model.evaluate(images[:5], batch_size=32, verbose=0)
    with pytest.raises(ValueError, match="fewer than one batch"):
        model.fit(images[:5], batch_size=32, verbose=0)
    with pytest.raises(ValueError, match=r"keys \['images'\]; expected 'image'"):
        model.fit({"images": images}, validation_split=0.2)


def test_a_restored_backup_goes_on_with_the_order_of_its_epoch(small_digits, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def trained(*callbacks):
        keras.utils.set_random_seed(0)
        model = toy.ToyVAE(seed=0)
        model.fit(
            small_digits[0], epochs=3, batch_size=8, verbose=0, callbacks=[*callbacks]
        )
        return weights(model)

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path)

    with pytest.raises(KeyboardInterrupt):
        trained(backup(), Stop())
    assert same(trained(backup()), trained())
