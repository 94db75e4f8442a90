"""All that Keras lets a user set is obeyed, or refused by a sentence."""

import copy
import inspect
import io
import pickle
import re
import subprocess
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.optimizers import SGD

import kerasgen
from tests.core.toy import IMAGE_SHAPE
from tests.core.toy import ToyGAN
from tests.core.toy import ToyVAE

X = np.random.default_rng(0).integers(0, 256, (32, *IMAGE_SHAPE)).astype("uint8")
QUIET = {"batch_size": 8, "verbose": 0}


def weights(network):
    return [np.array(weight) for weight in network.get_weights()]


def same(one, other):
    return all(map(np.array_equal, one, other))


class TestFrozen:
    @pytest.mark.parametrize("eagerly", [False, True])
    def test_frozen_networks_stay_and_others_move(self, eagerly):
        model = ToyGAN(seed=0)
        model.compile(run_eagerly=eagerly)
        model.fit(X, **QUIET)  # traced before anything is frozen
        model.generator.trainable = False
        before = [weights(part) for part in (model.generator, model.average)]
        judge = weights(model.discriminator)
        model.fit(X, **QUIET)
        assert same(before[0], weights(model.generator))
        assert same(before[1], weights(model.average))
        assert not same(judge, weights(model.discriminator))
        model.generator.trainable = True
        model.fit(X, **QUIET)
        assert not same(before[0], weights(model.generator))

    def test_averages_of_an_optimizer_beside_a_frozen_layer(self):
        model = ToyVAE(seed=0)
        layer = model.encoder.get_layer("mean")
        layer.trainable = False
        before, others = weights(layer), weights(model.decoder)
        model.compile(SGD(0.01, use_ema=True, ema_momentum=0.5))
        model.fit(X, **QUIET)
        assert same(before, weights(layer))
        assert not same(others, weights(model.decoder))
        largest = max(np.abs(w).max() for w in weights(model.decoder))
        assert largest < 2.0 * max(np.abs(w).max() for w in others)

    def test_averages_stay_frozen_when_all_is_thawed(self):
        model = ToyGAN(seed=0)
        before = [id(v) for v in model.trainable_variables]
        model.trainable = False
        assert not model.trainable_variables
        model.trainable = True
        assert [id(v) for v in model.trainable_variables] == before

    def test_one_layer(self):
        model = ToyVAE(seed=0)
        layer = model.encoder.get_layer("mean")
        layer.trainable = False
        before, others = weights(layer), weights(model.decoder)
        model.train_on_batch(X)
        assert same(before, weights(layer))
        assert not same(others, weights(model.decoder))

    @pytest.mark.parametrize("what", ["a network", "a layer"])
    def test_files_of_frozen_and_thawed_models_are_alike(self, tmp_path, what):
        thawed, frozen = ToyVAE(seed=0), ToyVAE(seed=0)
        part = frozen.encoder
        part = part if what == "a network" else part.get_layer("mean")
        part.trainable = False
        for model in (thawed, frozen):
            model.compile(run_eagerly=True)
        for model, other in ((thawed, frozen), (frozen, thawed)):
            model.fit(X[:8], **QUIET)
            model.save_weights(tmp_path / "m.weights.h5")
            other.load_weights(tmp_path / "m.weights.h5")
            assert same(weights(model), weights(other))
        frozen.save(tmp_path / "m.keras")
        for loaded in (
            keras.models.load_model(tmp_path / "m.keras"),
            copy.deepcopy(frozen),
            pickle.loads(pickle.dumps(frozen)),
        ):
            assert same(weights(frozen), weights(loaded))
            names = [v.name for v in frozen.trainable_variables]
            assert [v.name for v in loaded.trainable_variables] == names

    def test_a_file_holds_each_weight_once(self, tmp_path):
        model = ToyVAE(seed=0)
        model.save(tmp_path / "m.keras")
        with zipfile.ZipFile(tmp_path / "m.keras") as file:
            content = file.read("model.weights.h5")
        # Of each weight a value, two moments and, of the decoder, an average.
        trained = sum(np.size(w) for w in map(np.array, model.trainable_variables))
        numbers = 3 * trained + model.average.count_params()
        arrays = []
        with h5py.File(io.BytesIO(content)) as found:
            found.visititems(lambda _, item: arrays.append(getattr(item, "size", 0)))
        assert numbers <= sum(arrays) < numbers + 50


def encoder(**arguments):
    images = keras.Input(IMAGE_SHAPE)
    hidden = layers.Flatten()(images)
    hidden = layers.Dense(4, **arguments)(hidden)
    return keras.Model(images, [layers.Dense(4)(hidden), layers.Dense(4)(hidden)])


@keras.saving.register_keras_serializable("tests")
class Doubling(keras.Sequential):
    def call(self, inputs, training=None, mask=None):
        return 2.0 * super().call(inputs, training=training, mask=mask)


class Penalised(layers.Dense):
    def call(self, inputs):
        outputs = super().call(inputs)
        self.add_loss(keras.ops.mean(outputs**2))
        return outputs


class TestRegularisers:
    def test_those_of_weights_count_in_training_and_evaluation(self):
        plain, heavy = encoder(), encoder(kernel_regularizer=keras.regularizers.L2(3.0))
        heavy.set_weights(plain.get_weights())
        losses = []
        for network in (plain, heavy):
            model = ToyVAE(encoder=network, seed=0, average_momentum=None)
            model.compile(run_eagerly=True)
            model.decoder.set_weights([w * 0 for w in model.decoder.get_weights()])
            losses.append(model.evaluate(X, return_dict=True, **QUIET)["loss"])
        penalty = 3.0 * np.sum(plain.get_weights()[0] ** 2)
        assert losses[1] - losses[0] == pytest.approx(penalty, rel=1e-4)
        norm = np.sum(heavy.get_weights()[0] ** 2)
        model.fit(X, epochs=3, **QUIET)
        assert np.sum(heavy.get_weights()[0] ** 2) < norm

    @pytest.mark.parametrize(
        "arguments",
        [{"activity_regularizer": keras.regularizers.L2(1.0)}, None],
        ids=["activity", "add_loss"],
    )
    def test_those_of_activations_are_refused(self, arguments):
        network = encoder(**arguments) if arguments else None
        if network is None:
            images = keras.Input(IMAGE_SHAPE)
            hidden = Penalised(4)(layers.Flatten()(images))
            network = keras.Model(images, [hidden, layers.Dense(4)(hidden)])
        with pytest.raises(ValueError, match="Got encoder with losses of its activat"):
            ToyVAE(encoder=network)


def judge(*last):
    return keras.Sequential([keras.Input(IMAGE_SHAPE), layers.Flatten(), *last])


def nested(network):
    return keras.Sequential([keras.Input(IMAGE_SHAPE), network])


class TestNetworks:
    @pytest.mark.parametrize(
        ("network", "name"),
        [
            (judge(layers.Dense(1, activation="sigmoid")), "sigmoid"),
            (judge(layers.Dense(1, activation="tanh"), layers.Reshape(())), "tanh"),
            (judge(layers.Dense(1), layers.Activation("sigmoid")), "sigmoid"),
            (nested(judge(layers.Dense(1, activation="sigmoid"))), "sigmoid"),
        ],
    )
    def test_a_bounded_judge_is_refused(self, network, name):
        with pytest.raises(ValueError, match=f"discriminator that ends in {name}"):
            ToyGAN(discriminator=network)

    def test_bounded_logits_of_classes_are_refused(self):
        def make(activation):
            images = keras.Input(IMAGE_SHAPE)
            flat = layers.Flatten()(images)
            score = layers.Reshape(())(layers.Dense(1)(flat))
            own = [score, layers.Dense(3, activation=activation)(flat)]
            judge = keras.Model(images, own)
            return kerasgen.ACGAN(IMAGE_SHAPE, 4, 3, width=4, discriminator=judge)

        with pytest.raises(ValueError, match="ends in softmax in its output 1; expect"):
            make("softmax")
        make(None)

    def test_unbounded_ones_are_taken(self):
        ToyGAN(discriminator=judge(layers.Dense(1)))
        ToyGAN(discriminator=judge(layers.Dense(1, activation="softplus")))

    def test_code_in_a_nested_network_is_taken(self):
        inner = keras.Sequential(
            [keras.Input((4,)), layers.Lambda(lambda z: 2.0 * z), layers.Dense(16)]
        )
        generator = keras.Sequential(
            [
                keras.Input((4,)),
                inner,
                layers.Activation("sigmoid"),
                layers.Reshape((4, 4, 1)),
            ]
        )
        model = kerasgen.VanillaGAN((4, 4, 1), 4, width=4, generator=generator)
        assert model.sample(2, seed=0).shape == (2, 4, 4, 1)

    def test_averages_of_nested_classes_are_of_the_same_class(self):
        generator = keras.Sequential(
            [keras.Input((4,)), Doubling([layers.Dense(16, activation="sigmoid")])]
        )
        generator.add(layers.Lambda(lambda pixels: 0.5 * pixels))
        generator.add(layers.Reshape((4, 4, 1)))
        model = kerasgen.VanillaGAN((4, 4, 1), 4, width=4, generator=generator)
        latents = np.ones((1, 4), "float32")
        np.testing.assert_allclose(
            model.generate(latents), model.raw_generator(latents), rtol=1e-6
        )

    def test_a_layer_of_two_networks_is_refused(self):
        shared = layers.Dense(4, name="shared")
        latents, images = keras.Input((4,)), keras.Input(IMAGE_SHAPE)
        generator = keras.Sequential(
            [latents, shared, layers.Dense(64, "sigmoid"), layers.Reshape(IMAGE_SHAPE)]
        )
        judge = [images, layers.Flatten(), layers.Dense(4), shared, layers.Dense(1)]
        judge = keras.Sequential([*judge, layers.Reshape(())])
        with pytest.raises(ValueError, match="that share the layer 'shared'; expected"):
            ToyGAN(generator=generator, discriminator=judge)

    def test_gradients_of_a_network_in_float16_are_scaled(self):
        pixels = layers.Dense(64, "sigmoid", dtype="mixed_float16")
        reshaped = layers.Reshape(IMAGE_SHAPE, dtype="float32")
        generator = keras.Sequential([keras.Input((4,)), pixels, reshaped])
        for given, scaled in (({"generator": generator}, True), ({}, False)):
            found = ToyGAN(**given).optimizer.players.values()
            kinds = {isinstance(o, keras.optimizers.LossScaleOptimizer) for o in found}
            assert kinds == {scaled}

    def test_outputs_by_name_are_refused(self):
        images = keras.Input(IMAGE_SHAPE)
        flat = layers.Flatten()(images)
        outputs = {"mean": layers.Dense(4)(flat), "scale": layers.Dense(4)(flat)}
        with pytest.raises(ValueError, match=r"dict of outputs \['mean', 'scale'\]"):
            ToyVAE(encoder=keras.Model(images, outputs))


class TestNamesAndValues:
    @pytest.mark.parametrize("model_class", [ToyGAN, ToyVAE])
    def test_names_and_values_belong_together(self, model_class):
        model = model_class(seed=0)
        named = model.evaluate(X, return_dict=True, **QUIET)
        values = model.evaluate(X, **QUIET)
        assert model.metrics_names == list(model.logged)
        assert dict(zip(model.metrics_names, values, strict=True)) == named
        values = model.train_on_batch(X)
        assert len(values) == len(model.metrics_names)


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize("is_known", [True, False])
def test_the_bar_ends_with_the_data(capsys, call, is_known):
    batches = tf.data.Dataset.from_tensor_slices(X).batch(8)
    if not is_known and call != "predict":  # Keras counts whole executions there
        batches = batches.filter(lambda _: True)
    getattr(ToyVAE(), call)(batches)  # 4 steps, 16 in one execution
    seen = re.findall(r"(\d+)/(\d+|Unknown)", capsys.readouterr().out)
    assert seen and {int(number) for number, _ in seen} == {4}
    assert seen[-1] == ("4", "4")


def test_data_that_end_within_the_steps_asked_for_are_told():
    dataset = kerasgen.data.batches(X, batch_size=8).take(3)
    with pytest.warns(UserWarning, match="ended within an epoch of 2 steps.*repeat"):
        ToyGAN(seed=0).fit(dataset, epochs=2, steps_per_epoch=2, verbose=0)


def test_the_most_steps_of_an_epoch_that_keras_was_given_are_taken():
    model = ToyVAE(seed=0)
    keras.config.set_max_steps_per_epoch(3)
    try:
        with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 3"):
            model.fit(X, batch_size=4, verbose=0)
    finally:
        keras.config.set_max_steps_per_epoch(None)
    assert int(model.optimizer.iterations) == 3


def test_what_counts_batches_sees_each(tmp_path):
    model, name = ToyVAE(seed=0), str(tmp_path / "{epoch}-{batch}.weights.h5")
    saves = keras.callbacks.ModelCheckpoint(name, save_freq=6, save_weights_only=True)
    model.fit(X, epochs=3, callbacks=[saves], **QUIET)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"2-2.weights.h5", "3-4.weights.h5"}
    assert model.steps_per_execution == 16


def test_one_named_device_takes_no_step_too_many():
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        model = ToyVAE(seed=0)
    batches = (X[k : k + 8] for k in range(0, 32, 8))
    model.fit(batches, verbose=0)
    assert int(model.optimizer.iterations) == 4


def test_a_loss_that_no_step_had_is_no_number():
    wgan = kerasgen.WGAN(IMAGE_SHAPE, 4, width=4, depth=1, critic_steps=2)
    losses = [wgan.train_on_batch(X[:4], return_dict=True) for _ in range(2)]
    found = [np.isfinite(each["generator_loss"]) for each in losses]
    assert found == [False, True]
    assert len(wgan.train_on_batch(X[:4])) == len(losses[0])


def test_a_bar_of_the_user_s_own_is_the_only_one(capsys):
    ToyVAE().fit(X, batch_size=8, callbacks=[keras.callbacks.ProgbarLogger()])
    assert capsys.readouterr().out.count("Epoch 1/1") <= 1


def test_summary_tells_the_average_from_the_generator(capsys):
    ToyGAN().summary()
    shown = capsys.readouterr().out
    assert shown.count(" generator (") == shown.count(" average_generator (") == 1


def callback(monitor):
    return [keras.callbacks.EarlyStopping(monitor=monitor)]


CALLS = {
    "sample_weight": lambda m: m.fit(X, sample_weight=np.zeros(32), **QUIET),
    "class_weight": lambda m: m.fit(X, class_weight={0: 2.0}, **QUIET),
    "weight of evaluate": lambda m: m.evaluate(X, sample_weight=np.ones(32)),
    "weight of a batch": lambda m: m.train_on_batch(X, sample_weight=np.ones(32)),
    "validation_split": lambda m: m.fit(iter([X]), validation_split=0.5),
    "all for validation": lambda m: m.fit(X, validation_split=1.0, **QUIET),
    "val_loss": lambda m: m.fit(X, callbacks=callback("val_loss"), **QUIET),
    "val without data": lambda m: m.fit(
        X, callbacks=callback("val_generator_loss"), **QUIET
    ),
    "h5": lambda m: m.save("x.h5"),
    "no ending": lambda m: m.save("x"),
    "empty name": lambda m: m.save(""),
    "ModelCheckpoint": lambda m: m.fit(
        X, callbacks=keras.callbacks.ModelCheckpoint("x.h5"), **QUIET
    ),
    "onnx": lambda m: m.export("x", format="onnx"),
    "onnx by name": lambda m: m.export("x.onnx"),
    "openvino": lambda m: m.export("x", format="openvino"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_refused_by_a_sentence_before_anything_is_written(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^Got .*; expected .*\. [A-Z].*"):
        call(ToyGAN())
    assert not list(tmp_path.iterdir())


def test_export_onto_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="which is a file; expected a folder"):
        ToyGAN().export(tmp_path / "file")


def test_paths_of_files_are_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    model = ToyGAN()
    model.save("~/a b.keras")
    model.save_weights("~/é.weights.h5")
    model.load_weights("~/é.weights.h5")
    assert {path.name for path in tmp_path.iterdir()} == {"a b.keras", "é.weights.h5"}


def test_channels_first_is_refused():
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match="'channels_first'; expected 'channels_la"):
            ToyGAN()
    finally:
        keras.config.set_image_data_format("channels_last")


def test_another_backend_is_refused():
    ended = subprocess.run(
        [sys.executable, "-c", "import kerasgen"],
        env={"KERAS_BACKEND": "jax", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode
    assert "Got the Keras backend 'jax'; expected 'tensorflow'" in ended.stderr


@pytest.mark.parametrize(
    ("model_class", "arguments"),
    [
        (kerasgen.FlowMatching, {"depth": 1, "steps": 1}),
        (kerasgen.DDPM, {"depth": 1, "steps": 1}),
        (kerasgen.VQVAE, {"width": 16, "prior_width": 8, "prior_depth": 1}),
    ],
)
def test_predict_is_generate_in_16_bits_too(model_class, arguments):
    arguments = {"width": 4, **arguments, "seed": 0, "dtype": "mixed_bfloat16"}
    model = model_class((8, 8, 1), **arguments)
    latents = np.array(model.draw_prior(2, seed=tf.constant([0, 1])))
    found = model.predict(latents, verbose=0)
    np.testing.assert_array_equal(found, model.generate(latents))


@pytest.mark.parametrize("name", ["DCGAN", "AdversarialVAE"])
def test_float64(name):
    model = getattr(kerasgen, name)(
        IMAGE_SHAPE, 4, width=4, depth=1, dtype="float64", seed=0
    )
    model.compile(run_eagerly=True)
    model.fit(X[:8], **QUIET)
    assert model.sample(2, seed=0).shape == (2, *IMAGE_SHAPE)


# What each public method and property of keras.Model does with a generative model: a
# function of the toy, and what it gives.
def _ids(variables):
    return [id(variable) for variable in variables]


def _held(model):
    return _ids(v for layer in model.layers for v in layer.trainable_variables)


def _revived(model):
    return type(keras.models.model_from_json(model.to_json()))


def _counts(model):
    count = model.add_weight(shape=(), initializer="ones", trainable=False)
    return float(count), id(count) in _ids(model.trainable_variables)


def _summary(model):
    lines = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    return "average_decoder" in lines[0]


def _renewed(model):
    """Whether weights that are set take effect at once."""
    before, given = model.sample(2, seed=0), model.get_weights()
    model.set_weights([0 * weight for weight in given])
    blank = model.sample(2, seed=0)
    model.set_weights(given)
    return same([before], [model.sample(2, seed=0)]), same([before], [blank])


def _steps(model):
    model.make_train_function()
    return model.train_function(iter([(X[:8] / np.float32(255),)])).keys()


def _restored(model):
    tree, before = model.get_state_tree(value_format="numpy_array"), weights(model)
    model.set_weights([0 * weight for weight in before])
    model.set_state_tree(tree)
    return same(before, weights(model))


def _stateless(model):
    state = model.trainable_variables, model.non_trainable_variables
    values = [[v.value for v in variables] for variables in state]
    return model.stateless_call(*values, PIXELS)[0].shape


PIXELS = X[:2] / np.float32(255)
LOGGED = ["loss", "kl_divergence"]
OBEYED = {
    # What follows from the images and the players.
    "fit": (lambda m: list(m.fit(X, **QUIET).history), LOGGED[::-1]),
    "evaluate": (lambda m: len(m.evaluate(X, **QUIET)), 2),
    "predict": (lambda m: m.predict(X, **QUIET).shape, X.shape),
    "train_on_batch": (lambda m: len(m.train_on_batch(X)), 2),
    "test_on_batch": (lambda m: len(m.test_on_batch(X)), 2),
    "predict_on_batch": (lambda m: m.predict_on_batch(X).shape, X.shape),
    "train_step": (lambda m: list(m.train_step((PIXELS,))), LOGGED),
    "test_step": (lambda m: list(m.test_step((PIXELS,))), LOGGED),
    "predict_step": (lambda m: m.predict_step((PIXELS,)).shape, PIXELS.shape),
    "call": (lambda m: m.call(PIXELS).shape, PIXELS.shape),
    "make_train_function": (_steps, set(LOGGED)),
    "make_test_function": (lambda m: m.make_test_function(), None),
    "make_predict_function": (lambda m: callable(m.make_predict_function()), True),
    "metrics": (lambda m: [metric.name for metric in m.metrics], LOGGED),
    "metrics_names": (lambda m: m.metrics_names, LOGGED),
    "metrics_variables": (lambda m: len(m.metrics_variables), 4),
    "get_metrics_result": (lambda m: list(m.get_metrics_result()), LOGGED),
    "compute_metrics": (lambda m: list(m.compute_metrics(0, 0, 0)), LOGGED),
    "reset_metrics": (
        lambda m: m.reset_metrics() or [float(v) for v in m.metrics_variables],
        [0.0] * 4,
    ),
    # Compiling.
    "compile": (lambda m: m.compile("sgd") or type(m.optimizer["autoencoder"]), SGD),
    "get_compile_config": (lambda m: m.get_compile_config()["jit_compile"], "auto"),
    "compile_from_config": (
        lambda m: m.compile_from_config(ToyVAE().get_compile_config()) or m.compiled,
        True,
    ),
    "jit_compile": (lambda m: m.jit_compile, False),  # on a CPU
    "run_eagerly": (lambda m: m.run_eagerly, False),
    "distribute_strategy": (
        lambda m: m.distribute_strategy.num_replicas_in_sync,
        1,
    ),
    # Variables.
    "trainable": (lambda m: m.trainable, True),
    "trainable_variables": (lambda m: _ids(m.trainable_variables), _held),
    "trainable_weights": (lambda m: _ids(m.trainable_weights), _held),
    "non_trainable_variables": (
        lambda m: (
            set(_ids(m.averages["decoder"].variables))
            <= set(_ids(m.non_trainable_variables))
        ),
        True,
    ),
    "non_trainable_weights": (
        lambda m: (
            set(_ids(m.averages["decoder"].weights))
            == set(_ids(m.non_trainable_weights))
        ),
        True,
    ),
    "variables": (lambda m: set(_ids(m.weights)) <= set(_ids(m.variables)), True),
    "weights": (lambda m: len(m.weights), lambda m: len(m.get_weights())),
    "get_weights": (lambda m: sum(w.size for w in m.get_weights()), 1200),
    "count_params": (lambda m: m.count_params(), 1200),
    "set_weights": (_renewed, (True, False)),
    "add_weight": (_counts, (1.0, False)),
    "get_state_tree": (lambda m: len(m.get_state_tree()), 4),
    "set_state_tree": (_restored, True),
    "losses": (lambda m: m.losses, []),  # regularisers; this toy has none
    "layers": (
        lambda m: m.layers,
        lambda m: [m.encoder, m.decoder, *m.averages.values()],
    ),
    "get_layer": (lambda m: m.get_layer("average_decoder"), lambda m: m.average),
    "summary": (_summary, True),
    # Types and shapes.
    "dtype": (lambda m: m.dtype, "float32"),
    "dtype_policy": (lambda m: m.dtype_policy.name, "float32"),
    "compute_dtype": (lambda m: m.compute_dtype, "float32"),
    "variable_dtype": (lambda m: m.variable_dtype, "float32"),
    "input_dtype": (lambda m: m.input_dtype, "float32"),
    "compute_output_spec": (
        lambda m: m.compute_output_spec(keras.KerasTensor((None, *IMAGE_SHAPE))).shape,
        (None, *IMAGE_SHAPE),
    ),
    "symbolic_call": (
        lambda m: m.symbolic_call(keras.KerasTensor((None, *IMAGE_SHAPE))).shape,
        (None, *IMAGE_SHAPE),
    ),
    "stateless_call": (_stateless, PIXELS.shape),
    # Files.
    "get_config": (lambda m: m.get_config()["latent_dim"], 4),
    "from_config": (lambda m: ToyVAE.from_config(m.get_config()).latent_dim, 4),
    "to_json": (_revived, ToyVAE),
    "get_build_config": (lambda m: m.get_build_config(), None),
    "build_from_config": (lambda m: m.build_from_config({}) or m.built, True),
    "build": (lambda m: m.build((None, *IMAGE_SHAPE)) or m.built, True),
}
# Tested above: what they write and read.
FILES = (
    """export load_own_variables load_weights save save_own_variables save_weights"""
)
REFUSED = {
    "add_loss": lambda m: m.add_loss(1.0),
    "add_metric": lambda m: m.add_metric(1.0),
    "add_weight": lambda m: m.add_weight(shape=(1,)),
    "add_variable": lambda m: m.add_variable((1,), "zeros"),
    "compute_loss": lambda m: m.compute_loss(X, X, X),
    "stateless_compute_loss": lambda m: m.stateless_compute_loss([], [], [], X, X, X),
    "quantize": lambda m: m.quantize("int8"),
}
# Layers call these on themselves; a model of this kind has nothing to say to them, and
# each says so: by None, by an empty default, or by an error.
UNUSED = {
    "input": AttributeError,
    "output": AttributeError,
    "compute_output_shape": NotImplementedError,
    "quantized_build": NotImplementedError,
    "quantized_call": NotImplementedError,
    "distribute_reduction_method": AttributeError,
    "input_spec": None,
    "loss": None,
    "quantization_mode": None,
    "supports_masking": False,
}
# Of Keras' own machinery; nothing of a model is in them.
KERAS_OWN = """compiled_loss compiled_metrics compute_mask
    get_quantization_layer_structure path rematerialized_call"""


def test_the_table_of_public_names_is_complete():
    names = {*OBEYED, *FILES.split(), *REFUSED, *UNUSED, *KERAS_OWN.split()}
    public = {name for name in dir(keras.Model) if not name.startswith("_")}
    of_tensorflow = {name for name in dir(tf.Module) if not name.startswith("_")}
    assert names <= public
    assert public - names <= of_tensorflow


@pytest.fixture(scope="module")
def toy(registered):
    return ToyVAE(seed=0)


@pytest.mark.parametrize("name", OBEYED)
def test_what_is_public_is_obeyed(toy, name):
    function, expected = OBEYED[name]
    assert function(toy) == (
        expected(toy) if inspect.isfunction(expected) else expected
    )


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_public_is_refused(toy, name):
    before = weights(toy)
    with pytest.raises(ValueError, match=r"^Got .*; expected .*\. [A-Z].*"):
        REFUSED[name](toy)
    assert same(before, weights(toy))


@pytest.mark.parametrize("name", UNUSED)
def test_what_is_public_but_unused_says_so(toy, name):
    expected = UNUSED[name]
    if not inspect.isclass(expected):
        assert getattr(toy, name) is expected
        return
    with pytest.raises(expected):
        found = getattr(toy, name)
        found(X) if name == "quantized_call" else found(
            X.shape, *["int8"] * ("build" in name)
        )


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict", "train_on_batch"])
def test_arguments_of_keras_are_known(method):
    own = inspect.signature(getattr(ToyVAE, method)).parameters
    known = {*own, "verbose", "validation_freq", "steps", "callbacks", "return_dict"}
    theirs = inspect.signature(getattr(keras.Model, method)).parameters
    assert not set(theirs) - known - {"kwargs"}
