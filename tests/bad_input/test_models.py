"""Constructors, `compile`, `fit` and what a trained model is asked."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from tests.bad_input.table import check
from tests.bad_input.table import row

TINY = {"image_shape": (8, 8, 1), "latent_dim": 2, "width": 2, "depth": 1, "seed": 0}
MODELS = ("VanillaGAN", "DCGAN", "CVAE")  # dense, a game, a likelihood
GANS = ("VanillaGAN", "DCGAN", "WGAN")
NAN, INF = float("nan"), float("inf")

OF_ALL = {
    "latent_dim": (0, -1, 2.5, True, "8", None, [8], NAN),
    "image_shape": ((8, 8), "8x8", None, 8, (8, 8, 0), (8.0, 8, 1), (8, 8, 1, 1)),
    "num_classes": (0, 1, -3, 2.5, True, "10"),
    "average_momentum": (1.0, -0.1, "0.9", True, NAN),
    "width": (0, 2.0, "2", None),
    "depth": (0, True),
    "normalization": ("instance", ["batch"], 1),
    "seed": ("x", 1.5, [0]),
}
OF_SOME = {
    "critic_steps": (("WGAN",), (0, 1.5, None)),
    "clip_value": (("WGAN",), (0, -0.1, INF, NAN, "0.1")),
    "critic_normalization": (("WGAN",), ("instance",)),
    "beta": (("CVAE", "AdversarialVAE"), (-1, NAN, "1", None)),
    "reconstruction": (("CVAE", "AdversarialVAE"), ("mse", None, ["bernoulli"])),
    "adversarial_weight": (("AdversarialVAE",), (-1, INF)),
    "objective": (("VanillaGAN", "DCGAN"), ("wasserstein", None, {"minimax"})),
    "dropout": (("VanillaGAN",), (1.0, -0.5, "0.3")),
    "generator": (GANS, ("dcgan", 5)),
    "decoder": (("CVAE", "AdversarialVAE"), (np.ones(3),)),
}
CONSTRUCTORS = [
    pytest.param(model, name, value, id=f"{model} {name}={value}")
    for name, (models, values) in (
        {k: (MODELS, v) for k, v in OF_ALL.items()} | OF_SOME
    ).items()
    for model in models
    for value in values
]


@pytest.mark.parametrize(("model", "name", "value"), CONSTRUCTORS)
def test_constructor(model, name, value):
    check(
        lambda: getattr(kerasgen, model)(**{**TINY, name: value}),
        rf"({name}|normalization)=?.* expected",
        ValueError,
    )


@pytest.mark.parametrize("model", MODELS[1:])
def test_sides_that_cannot_be_halved(model):
    check(
        lambda: getattr(kerasgen, model)(**{**TINY, "image_shape": (7, 8, 1)}),
        "multiples of 2",
        ValueError,
    )


@pytest.mark.parametrize("model", MODELS)
def test_unknown_argument(model):
    with pytest.raises(TypeError, match="Got the argument 'latent_dims' for"):
        getattr(kerasgen, model)(latent_dims=4)


@pytest.fixture(scope="module")
def given():
    """Tiny models, and data that fits them."""
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1)).astype("uint8")
    return types.SimpleNamespace(
        gan=kerasgen.VanillaGAN(**TINY),
        vae=kerasgen.CVAE(**TINY),
        cond=kerasgen.CVAE(num_classes=3, **TINY),
        both=kerasgen.AdversarialVAE(num_classes=3, **TINY),
        images=images,
        floats=images / np.float32(255),
        labels=np.arange(8) % 3,
        latents=np.zeros((4, 2), "float32"),
    )


def _rate(value):
    return lambda g: g.gan.compile({"generator": keras.optimizers.Adam(value)})


COMPILE = [
    row("no optimizer", lambda g: g.gan.compile(None), "None as the optimizer"),
    row("number", lambda g: g.gan.compile(5), "optimizer"),
    row("unknown optimizer", lambda g: g.gan.compile("adamm"), "optimizer"),
    row("text in dict", lambda g: g.gan.compile({"generator": "adamm"}), "optimizer"),
    row("unknown player", lambda g: g.vae.compile({"decoder": "adam"}), "'decoder'"),
    row("negative rate", _rate(-1e-3), "learning_rate"),
    row("NaN rate", _rate(NAN), "learning_rate"),
    row(
        "negative in all",
        lambda g: g.vae.compile(keras.optimizers.SGD(-1.0)),
        "learning_rate",
    ),
    row(
        "no steps",
        lambda g: g.gan.compile(steps_per_execution=0),
        "steps_per_execution=0",
    ),
    row(
        "half a step",
        lambda g: g.gan.compile(steps_per_execution=1.5),
        "steps_per_execution=1.5",
    ),
    row(
        "steps text",
        lambda g: g.gan.compile(steps_per_execution="many"),
        "steps_per_execution='many'",
    ),
    row("jit text", lambda g: g.gan.compile(jit_compile="yes"), "jit_compile='yes'"),
]


def _generator(*batches, error=None):
    yield from batches
    if error:
        raise error


def _from_generator(*batches, shape=(None, None, None, 1)):
    spec = tf.TensorSpec(shape, tf.uint8)
    return tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=spec)


def _ragged(g):
    images = tf.ragged.constant([[[[1]], [[2], [3]]], [[[1]]]], dtype=tf.uint8)
    return tf.data.Dataset.from_tensor_slices(images).batch(2)


def _fit(make, *args, model="gan", **kwargs):
    kwargs = {"verbose": 0, "batch_size": 4, **kwargs}
    return lambda g: getattr(g, model).fit(make(g), *args, **kwargs)


def _images(g):
    return g.images


FIT = [
    row("nothing", _fit(lambda g: None), "x=None"),
    row("text", _fit(lambda g: "mnist"), "expected"),
    row("number", _fit(lambda g: 5), "expected"),
    row("set", _fit(lambda g: {1, 2}), "expected"),
    row("list of images", _fit(lambda g: list(g.images)), "list"),
    row("function", _fit(lambda g: lambda: g.images), "expected"),
    row("empty dataset", _fit(lambda g: _from_generator()), "empty dataset"),
    row("objects", _fit(lambda g: g.images.astype(object)), "dtype object"),
    row("text array", _fit(lambda g: g.images.astype(str)), "dtype <U"),
    row("complex", _fit(lambda g: g.images + 1j), "dtype complex"),
    row("bool", _fit(lambda g: g.images > 5), "dtype bool"),
    row("NaN", _fit(lambda g: g.floats * NAN), "NaN"),
    row("Inf", _fit(lambda g: np.where(g.floats > 0.5, INF, g.floats)), "infinite"),
    row("bytes as floats", _fit(lambda g: g.floats * 255), "Divide by 255"),
    row("negative", _fit(lambda g: g.floats - 0.5), "Rescale"),
    row("two-dimensional", _fit(lambda g: g.images.reshape(8, 64)), "rank 4"),
    row(
        "channels first",
        _fit(lambda g: g.images.transpose(0, 3, 1, 2)),
        "channels last",
    ),
    row("scalar", _fit(lambda g: np.uint8(3)), "rank 4|array"),
    row("ragged dataset", _fit(_ragged), "[Rr]agged"),
    row(
        "dataset of text", _fit(lambda g: tf.data.Dataset.from_tensors(["a"])), "dtype"
    ),
    row(
        "ragged tensor", _fit(lambda g: tf.ragged.constant([[1], [1, 2]])), "[Rr]agged"
    ),
    row("labels of text", _fit(_images, ["a"] * 8), "Labels|list"),
    row(
        "labels too long",
        _fit(_images, np.arange(9), model="cond"),
        "8 images and 9 labels",
    ),
    row("NaN labels", _fit(_images, np.full(8, NAN), model="cond"), "dtype float"),
    row("label 3 of 3", _fit(_images, np.full(8, 3), model="cond"), r"0\.\.2"),
    row("no labels", _fit(_images, model="cond"), "without labels"),
    row("scalar labels", _fit(_images, 3, model="cond"), "labels"),
    row("three parts", _fit(lambda g: (g.images, g.labels, g.labels)), "3 parts"),
    row("epochs 0", _fit(_images, epochs=0), "epochs=0"),
    row("epochs 1.5", _fit(_images, epochs=1.5), "epochs=1.5"),
    row("epochs text", _fit(_images, epochs="10"), "epochs='10'"),
    row("batch_size 0", _fit(_images, batch_size=0), "batch_size=0"),
    row("batch_size -1", _fit(_images, batch_size=-1), "batch_size=-1"),
    row("batch_size 2.5", _fit(_images, batch_size=2.5), "batch_size=2.5"),
    row("batch_size text", _fit(_images, batch_size="4"), "batch_size='4'"),
    row("steps 0", _fit(_images, steps_per_epoch=0), "steps_per_epoch=0"),
    row("steps -1", _fit(_images, steps_per_epoch=-1), "steps_per_epoch=-1"),
    row("steps 1.5", _fit(_images, steps_per_epoch=1.5), "steps_per_epoch=1.5"),
    row(
        "validation of nothing",
        _fit(_images, validation_data=np.zeros((0, 8, 8, 1), "uint8")),
        "empty",
    ),
    row("validation text", _fit(_images, validation_data="test"), "expected"),
    row(
        "validation infinite",
        _fit(
            _images,
            validation_data=tf.data.Dataset.from_tensors(
                np.zeros((4, 8, 8, 1), "uint8")
            ).repeat(),
        ),
        "infinite",
    ),
    row(
        "validation shape",
        _fit(_images, validation_data=np.zeros((4, 4, 4, 1), "uint8")),
        "made for",
    ),
    row("unknown argument", _fit(_images, epoch=3), "epoch", TypeError),
    row("evaluate nothing", lambda g: g.gan.evaluate(None), "x=None"),
    row("evaluate text", lambda g: g.gan.evaluate("test"), "expected"),
    row("evaluate NaN", lambda g: g.gan.evaluate(g.floats * NAN, verbose=0), "NaN"),
    row(
        "evaluate batch_size",
        lambda g: g.gan.evaluate(g.images, batch_size=0),
        "batch_size=0",
    ),
    row(
        "generator of floats",
        _fit(lambda g: _generator((g.images[:, :4],))),
        "made for",
    ),
]

ASK = [
    *(
        row(f"sample {num!r}", lambda g, num=num: g.gan.sample(num), "num=")
        for num in (0, -1, 2.5, True, "4", None, [4])
    ),
    *(
        row(f"seed {seed!r}", lambda g, seed=seed: g.gan.sample(1, seed=seed), "seed=")
        for seed in (1.5, "x", True, 2**31, -(2**31) - 1, [0])
    ),
    *(
        row(
            f"label {label!r}",
            lambda g, label=label: g.cond.sample(2, label),
            "labels",
        )
        for label in (-1, 3, 0.5, "1", [0], [0, 1, 2], [[0], [0, 1]], True)
    ),
    row("label to unconditional", lambda g: g.gan.sample(2, 1), "not conditional"),
    row("latents of text", lambda g: g.gan.generate([["a", "b"]]), "latents"),
    row("ragged latents", lambda g: g.gan.generate([[1.0], [1.0, 2.0]]), "latents"),
    row("no latents", lambda g: g.gan.generate(g.latents[:0]), "latents"),
    row("latents None", lambda g: g.gan.generate(None), "latents"),
    row("NaN latents", lambda g: g.gan.generate(g.latents * NAN), "latents .*NaN"),
    row("complex latents", lambda g: g.gan.generate(g.latents + 1j), "latents"),
    row("objects", lambda g: g.gan.generate(np.full((2, 2), object())), "latents"),
    row("flat latents", lambda g: g.gan.generate(g.latents[0]), r"\(num, 2\)"),
    row("wide latents", lambda g: g.vae.generate(np.zeros((1, 3))), r"\(num, 2\)"),
    row(
        "few labels", lambda g: g.cond.generate(g.latents, [1]), "4 images and 1 labels"
    ),
    row("encode nothing", lambda g: g.vae.encode(None), "."),
    row("encode text", lambda g: g.vae.encode("x"), "dtype"),
    row("encode ragged", lambda g: g.vae.encode([[1], [1, 2]]), "."),
    row("encode NaN", lambda g: g.vae.encode(g.floats * NAN), "NaN"),
    row("encode bytes as floats", lambda g: g.vae.encode(g.floats * 255), "255"),
    row("encode integers", lambda g: g.vae.encode(g.images.astype(int)), "dtype int64"),
    row("encode no images", lambda g: g.vae.encode(g.images[:0]), "empty"),
    row("encode one image", lambda g: g.vae.encode(g.images[0]), "single image"),
    row("encode one row", lambda g: g.vae.encode(g.images[:, :1]), "made for"),
    row("encode labels", lambda g: g.vae.encode(g.images, g.labels), "not conditional"),
    row("encode no labels", lambda g: g.cond.encode(g.images), "without labels"),
    row("reconstruct label", lambda g: g.cond.reconstruct(g.images, 3), r"0\.\.2"),
    row("reconstruct float", lambda g: g.cond.reconstruct(g.images, 0.5), "integers"),
    row(
        "discriminate few",
        lambda g: g.both.discriminate(g.images, [1, 2]),
        "8 images and 2 labels",
    ),
    row("discriminate NaN", lambda g: g.gan.discriminate(g.floats * NAN), "NaN"),
    row("discriminate list", lambda g: g.gan.discriminate([g.images, 3]), "."),
    row("one step", lambda g: g.gan.interpolate([0, 1], [1, 0], 1), "at least 2"),
    row("half steps", lambda g: g.gan.interpolate([0, 1], [1, 0], 2.5), "steps=2.5"),
    row("ends", lambda g: g.gan.interpolate([0, 1], [1], 3), r"expected \(2,\)"),
    row("text ends", lambda g: g.gan.interpolate("ab", "cd", 3), "latents"),
    row("NaN ends", lambda g: g.gan.interpolate([NAN, 1], [1, 0], 3), "latents .*NaN"),
    row("no label", lambda g: g.cond.interpolate([0, 1], [1, 0], 3), "without labels"),
    row("label 3", lambda g: g.cond.interpolate([0, 1], [1, 0], 3, 3), r"0\.\.2"),
]


@pytest.mark.parametrize(("call", "message", "error"), COMPILE)
def test_compile(given, call, message, error):
    try:
        check(call, message, error, given)
    finally:
        given.gan.compile()
        given.vae.compile()


@pytest.mark.parametrize(("call", "message", "error"), FIT)
def test_fit(given, call, message, error):
    before = given.gan.get_weights() + given.cond.get_weights()
    check(call, message, error, given)
    after = given.gan.get_weights() + given.cond.get_weights()
    assert all(map(np.array_equal, before, after))


@pytest.mark.parametrize(("call", "message", "error"), ASK)
def test_ask(given, call, message, error):
    check(call, message, error, given)


def test_what_a_generator_raises_comes_through(given):
    class DiskError(Exception):
        pass

    batches = _generator((given.images,), error=DiskError("the disk is gone"))
    with pytest.raises(DiskError, match="the disk is gone"):
        given.gan.fit(batches, verbose=0)


def test_a_generator_of_nothing(given):
    with pytest.raises(ValueError, match="must yield at least one batch"):
        given.gan.fit(_generator(), verbose=0)


def test_a_later_batch_of_another_size(given):
    images = _from_generator(given.images, given.images[:, :4])
    with pytest.raises(ValueError, match="first in batch 2: Got images .* made for"):
        given.gan.fit(images, verbose=0)


def test_a_later_label_out_of_range(given):
    pairs = tf.data.Dataset.from_tensor_slices((given.images, given.labels + 1))
    with pytest.raises(ValueError, match=r"first in batch 3: Got labels in 3\.\.3"):
        given.cond.fit(pairs.batch(1), verbose=0)
