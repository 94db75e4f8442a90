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

    def test_unbounded_ones_are_taken(self):
        ToyGAN(discriminator=judge(layers.Dense(1)))
        ToyGAN(discriminator=judge(layers.Dense(1, activation="softplus")))

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


@pytest.mark.parametrize("name", ["DCGAN", "AdversarialVAE"])
def test_float64(name):
    model = getattr(kerasgen, name)(
        IMAGE_SHAPE, 4, width=4, depth=1, dtype="float64", seed=0
    )
    model.compile(run_eagerly=True)
    model.fit(X[:8], **QUIET)
    assert model.sample(2, seed=0).shape == (2, *IMAGE_SHAPE)


# What each public method and property of keras.Model does with a generative model.
# "own": obeyed, as the docstring here has it; "Keras'": inherited, and true of these
# models; "refused": by a sentence; "unused": layers call it on themselves, and no step
# of a game does.
PUBLIC = {
    "own": """build call compile compile_from_config evaluate export fit from_config
        get_compile_config get_config get_metrics_result load_own_variables load_weights
        make_test_function make_train_function metrics predict predict_on_batch
        predict_step save save_own_variables save_weights test_on_batch test_step
        train_on_batch train_step""",
    "Keras'": """build_from_config compute_dtype count_params
        distribute_reduction_method
        distribute_strategy dtype dtype_policy get_build_config get_layer
        get_state_tree get_weights jit_compile layers losses make_predict_function
        metrics_names metrics_variables non_trainable_variables non_trainable_weights
        path reset_metrics run_eagerly set_state_tree set_weights summary to_json
        trainable trainable_variables trainable_weights variable_dtype variables
        weights""",
    "refused": "add_loss add_metric",
    "unused": """add_variable add_weight compiled_loss compiled_metrics compute_loss
        compute_mask compute_metrics compute_output_shape compute_output_spec
        get_quantization_layer_structure input input_dtype input_spec loss output
        quantization_mode quantize quantized_build quantized_call rematerialized_call
        stateless_call stateless_compute_loss supports_masking symbolic_call""",
}


def test_the_table_of_public_names_is_complete():
    names = [name for kind in PUBLIC.values() for name in kind.split()]
    public = {name for name in dir(keras.Model) if not name.startswith("_")}
    of_tensorflow = {name for name in dir(tf.Module) if not name.startswith("_")}
    assert len(names) == len(set(names))
    assert set(names) <= public
    assert public - set(names) <= of_tensorflow


def test_what_is_called_own_is_own():
    for name in PUBLIC["own"].split():
        assert getattr(ToyVAE, name) is not getattr(keras.Model, name), name
    for name in PUBLIC["unused"].split():
        assert getattr(ToyVAE, name) is getattr(keras.Model, name), name


def test_losses_and_metrics_that_are_added_are_refused():
    with pytest.raises(ValueError, match="Got a loss to add; expected .*player_losses"):
        ToyGAN().add_loss(1.0)
    with pytest.raises(NotImplementedError, match="add_metric"):
        ToyGAN().add_metric(1.0)


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict", "train_on_batch"])
def test_arguments_of_keras_are_known(method):
    own = inspect.signature(getattr(ToyVAE, method)).parameters
    known = {*own, "verbose", "validation_freq", "steps", "callbacks", "return_dict"}
    theirs = inspect.signature(getattr(keras.Model, method)).parameters
    assert not set(theirs) - known - {"kwargs"}
