import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasgen import networks
from kerasgen.networks import fused
from kerasgen.networks.blocks import SpectralNormalization

LATENT_DIM = 3
GENERATORS = (networks.convolutional_generator, networks.dense_generator)
DISCRIMINATORS = (networks.convolutional_discriminator, networks.dense_discriminator)
ENCODERS = (networks.convolutional_encoder,)
BUILDERS = GENERATORS + DISCRIMINATORS + ENCODERS
CONVOLUTIONAL = [b for b in BUILDERS if b.__name__.startswith("convolutional")]
LINEAR = (layers.Dense, layers.Conv2D, layers.Conv2DTranspose)
NORMALIZATIONS = ["batch", "layer", "spectral", None]
NAMED = {"ids": lambda value: getattr(value, "__name__", str(value))}


def build(builder, image_shape=(8, 8, 1), num_classes=None, **switches):
    """A small network of any of the builders."""
    latents = () if builder in DISCRIMINATORS else (LATENT_DIM,)
    switches = {"width": 2, **switches}
    return builder(image_shape, *latents, num_classes=num_classes, **switches)


def inputs_of(network, seed=0, num=4):
    """Latents or pixels [and labels], as the network takes them."""
    random = np.random.default_rng(seed)
    batch = [
        random.integers(0, 3, num).astype("int32")
        if spec.dtype == "int32"
        else random.random((num, *spec.shape[1:]), "float32")
        for spec in network.inputs
    ]
    return batch[0] if len(batch) == 1 else batch


def first(outputs):
    return np.asarray(outputs[0] if isinstance(outputs, (list, tuple)) else outputs)


def layers_of(network, layer_class):
    return [layer for layer in network.layers if isinstance(layer, layer_class)]


# Shapes and ranges


@pytest.mark.parametrize(
    ("shape", "depth"),
    [
        ((28, 28, 1), 1),
        ((28, 28, 1), 2),
        ((32, 32, 3), 2),
        ((32, 32, 3), 3),
        ((64, 64, 1), 1),
        ((64, 64, 1), 3),
        ((16, 24, 2), 3),
    ],
)
@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_shapes_and_dtypes(builder, shape, depth):
    network = build(builder, shape, depth=depth)
    outputs = network.outputs
    if builder in GENERATORS:
        assert [tuple(o.shape) for o in outputs] == [(None, *shape)]
    elif builder in DISCRIMINATORS:
        assert [tuple(o.shape) for o in outputs] == [(None,)]
    else:
        assert [tuple(o.shape) for o in outputs] == [(None, LATENT_DIM)] * 2
    assert {o.dtype for o in outputs} == {"float32"}
    expected = (None, LATENT_DIM) if builder in GENERATORS else (None, *shape)
    assert tuple(network.inputs[0].shape) == expected


@pytest.mark.parametrize("shape", [(28, 28, 1), (16, 24, 3)])
@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_examples_run_through_and_differ(builder, shape):
    network = build(builder, shape)
    outputs = first(network(inputs_of(network)))
    assert outputs.shape[0] == 4 and np.isfinite(outputs).all()
    assert np.ptp(outputs, axis=0).max() > 0


@pytest.mark.parametrize("builder", GENERATORS, **NAMED)
def test_pixels_stay_in_the_unit_interval(builder):
    network = build(builder, normalization=None)
    pixels = network(1e4 * np.asarray(inputs_of(network)) - 5e3).numpy()
    assert pixels.min() == pytest.approx(0.0, abs=1e-3)
    assert pixels.max() == pytest.approx(1.0, abs=1e-3)
    assert 0.0 <= pixels.min() <= pixels.max() <= 1.0


@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_mixed_precision_outputs_are_float32(builder):
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = build(builder, num_classes=3)
    assert first(network(inputs_of(network))).dtype == np.float32
    assert "bfloat16" in {layer.compute_dtype for layer in network.layers}


@pytest.mark.parametrize(
    "builder", [*DISCRIMINATORS, networks.convolutional_encoder], **NAMED
)
def test_pixels_are_rescaled_inside(builder):
    (rescaling,) = layers_of(build(builder), layers.Rescaling)
    assert rescaling(np.array([0.0, 0.5, 1.0])).numpy().tolist() == [-1, 0, 1]


# Width and depth


@pytest.mark.parametrize(
    ("builder", "layer_class", "filters", "widths"),
    [
        (networks.convolutional_discriminator, layers.Conv2D, -1, [2, 4, 8]),
        (networks.convolutional_encoder, layers.Conv2D, -1, [2, 4, 8]),
        (networks.convolutional_generator, layers.Conv2DTranspose, -2, [4, 2, 1]),
        (networks.dense_generator, layers.Dense, -1, [2, 4, 8, 64]),
        (networks.dense_discriminator, layers.Dense, -1, [8, 4, 2, 1]),
    ],
    **NAMED,
)
def test_width_and_depth(builder, layer_class, filters, widths):
    network = build(builder, width=2, depth=3)
    found = layers_of(network, layer_class)
    assert [layer.kernel.shape[filters] for layer in found] == widths


# Labels


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_labels_change_the_outputs(builder, normalization):
    network = build(builder, num_classes=3, normalization=normalization)
    images, _ = inputs_of(network)
    outputs = [
        first(network([images, np.full(4, label, "int32")])) for label in range(3)
    ]
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-6
    assert np.abs(outputs[1] - outputs[2]).max() > 1e-6


def named(network, name):
    """The layer of a name, or what normalises it."""
    return next(x for x in network.layers if getattr(x, "layer", x).name == name)


@pytest.mark.parametrize("normalization", [None, "spectral"])
def test_labels_enter_the_logit_by_projection(normalization):
    network = build(
        networks.convolutional_discriminator, num_classes=3, normalization=normalization
    )
    logit, projection = (named(network, n) for n in ("logit", "label_projection"))
    features = keras.Model(network.inputs, projection.input)
    images, labels = inputs_of(network)
    hidden = features([images, labels]).numpy()
    expected = logit(hidden).numpy()[:, 0]
    expected += projection(hidden).numpy()[np.arange(4), labels]
    np.testing.assert_allclose(network([images, labels]), expected, rtol=1e-4)


@pytest.mark.parametrize("builder", DISCRIMINATORS, **NAMED)
def test_a_spectral_logit_is_bounded_with_labels_too(builder):
    network = build(builder, num_classes=3, normalization="spectral")
    images, labels = inputs_of(network)
    for layer in network.layers:
        if isinstance(layer, SpectralNormalization):
            layer.layer.kernel.assign(100.0 * layer.layer.kernel)
    for _ in range(30):
        network([images, labels], training=True)
    for name in ("logit", "label_projection"):
        layer = named(network, name)
        slope = layer(np.eye(layer.layer.kernel.shape[0], dtype="float32"))
        assert np.linalg.norm(slope - layer.bias, ord=2) == pytest.approx(1.0, rel=0.01)


def test_a_discriminator_of_pairs_looks_at_both():
    network = build(
        networks.convolutional_discriminator, latent_dim=LATENT_DIM, num_classes=3
    )
    assert [i.name for i in network.inputs] == ["images", "latents", "labels"]
    images, latents, labels = inputs_of(network)
    logits = network([images, latents, labels]).numpy()
    assert logits.shape == (4,)
    for other in (
        [images[::-1], latents, labels],
        [images, latents[::-1], labels],
        [images, latents, (labels + 1) % 3],
    ):
        assert np.abs(network(other) - logits).max() > 1e-6


# Normalisation


@pytest.mark.parametrize(
    ("normalization", "layer_class"),
    [
        ("batch", fused.BatchNormalization),
        ("layer", fused.LayerNormalization),
        ("spectral", SpectralNormalization),
    ],
)
@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_normalization_is_the_one_asked_for(builder, normalization, layer_class):
    kinds = (
        fused.BatchNormalization,
        fused.LayerNormalization,
        SpectralNormalization,
    )
    network = build(builder, depth=2, normalization=normalization)
    found = {type(x) for x in network.layers if isinstance(x, kinds)}
    assert found == {layer_class}
    assert not [
        x for x in build(builder, normalization=None).layers if type(x) in kinds
    ]


@pytest.mark.parametrize("skip_connections", [False, True])
@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_batch_normalised_layers_have_no_redundant_bias(builder, skip_connections):
    network = build(
        builder, depth=3, normalization="batch", skip_connections=skip_connections
    )
    normalizations = layers_of(network, layers.BatchNormalization)
    normalised = [x for layer in normalizations for x in linear_layers_before(layer)]
    assert len(normalised) >= len(normalizations) > 0
    assert not [layer.name for layer in normalised if layer.use_bias]
    # The others keep theirs, but for shortcuts, which are added to one that has it.
    others = set(layers_of(network, LINEAR)) - set(normalised)
    bare = [layer for layer in others if not layer.use_bias]
    assert all(layer.kernel.shape[:2] == (1, 1) for layer in bare)


def linear_layers_before(layer):
    """The linear layers whose sum, unchanged but for its size, a layer gets."""
    passing = (layers.Add, layers.UpSampling2D, layers.Reshape)
    found = []
    for tensor in layer._inbound_nodes[0].input_tensors:
        parent = tensor._keras_history.operation
        if isinstance(parent, passing):
            found += linear_layers_before(parent)
        elif isinstance(parent, LINEAR):
            found.append(parent)
    return found


@pytest.mark.parametrize("builder", DISCRIMINATORS, **NAMED)
@pytest.mark.parametrize("skip_connections", [False, True])
def test_spectral_discriminators_normalise_every_kernel(builder, skip_connections):
    arguments = {"normalization": "spectral", "skip_connections": skip_connections}
    made = [build(builder, **arguments)]
    if builder is networks.convolutional_discriminator:
        made.append(build(builder, latent_dim=LATENT_DIM, **arguments))
    for network in made:
        plain = layers_of(network, LINEAR)
        assert not plain, [layer.name for layer in plain]


def test_layer_normalization_covers_all_axes_of_an_example():
    network = build(networks.convolutional_generator, normalization="layer")
    for layer in layers_of(network, layers.LayerNormalization):
        outputs = layer(np.random.default_rng(0).random((2, *layer.gamma.shape)))
        means = outputs.numpy().reshape(2, -1).mean(axis=1)
        np.testing.assert_allclose(means, 0.0, atol=1e-5)


@pytest.mark.parametrize(
    "builder", [networks.convolutional_discriminator, networks.convolutional_encoder]
)
@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_the_first_stage_is_not_normalised(builder, normalization):
    network = build(builder, depth=1, normalization=normalization)
    kinds = (layers.BatchNormalization, layers.LayerNormalization)
    assert not layers_of(network, kinds)
    assert layers_of(network, layers.Conv2D)[0].use_bias


# Skip connections


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("builder", CONVOLUTIONAL, **NAMED)
def test_outputs_depend_on_the_shortcuts(builder, normalization):
    switches = {"depth": 2, "normalization": normalization}
    network = build(builder, skip_connections=True, **switches)
    plain = build(builder, skip_connections=False, **switches)
    stages = 1 if builder in GENERATORS else 2
    added = layers_of(network, layers.Add)
    assert len(added) == stages and not layers_of(plain, layers.Add)
    batch = inputs_of(network)
    before = first(network(batch, training=True))
    for layer in network.layers:
        kernel = getattr(getattr(layer, "layer", layer), "kernel", None)
        if kernel is not None and tuple(kernel.shape[:2]) == (1, 1):
            # Not a multiple of the old one, which spectral normalisation would undo.
            kernel.assign(np.random.default_rng(0).normal(size=kernel.shape))
            after = first(network(batch, training=True))
            assert np.abs(after - before).max() > 1e-6, layer.name
            before = after


@pytest.mark.parametrize(
    ("builder", "fewer"),
    [(networks.dense_generator, LATENT_DIM), (networks.dense_discriminator, 64)],
)
def test_dense_shortcuts_append_what_the_network_was_given(builder, fewer):
    plain, skipping = (
        [
            layer.kernel.shape[0]
            for layer in layers_of(
                build(builder, depth=3, normalization=None, skip_connections=skip),
                layers.Dense,
            )
        ]
        for skip in (False, True)
    )
    # The second and third hidden layer see more; the first and the last do not.
    more = [b - a for a, b in zip(plain, skipping, strict=True)]
    assert more == [0, fewer, fewer, 0]


# Dropout


@pytest.mark.parametrize("builder", DISCRIMINATORS, **NAMED)
def test_dropout_is_for_training_alone(builder):
    network = build(builder, width=16, dropout=0.5, normalization=None)
    images = inputs_of(network)
    assert np.array_equal(network(images), network(images))
    drops = [network(images, training=True).numpy() for _ in range(2)]
    assert not np.array_equal(*drops)
    still = build(builder, dropout=0.0)
    assert not layers_of(still, layers.Dropout)


# Bad arguments


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        ({"width": 0}, "width=0; expected a positive integer"),
        ({"width": 2.0}, r"width=2\.0; expected a positive integer"),
        ({"width": True}, "width=True; expected a positive integer"),
        ({"depth": 0}, "depth=0; expected a positive integer"),
        ({"depth": -1}, "depth=-1; expected a positive integer"),
        ({"normalization": "instance"}, "'instance'; expected one of .*'spectral'"),
        ({"normalization": False}, "normalization=False; expected one of"),
    ],
)
@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_bad_switches(builder, switches, message):
    with pytest.raises(ValueError, match=message):
        build(builder, **switches)


@pytest.mark.parametrize(
    ("shape", "depth", "message"),
    [
        ((28, 28, 1), 3, r"\(28, 28, 1\) .* depth=3.*multiples of 8.*to 32x32"),
        ((30, 32, 3), 2, r"multiples of 4.*for example to 32x32"),
        ((32, 7, 1), 1, r"multiples of 2.*for example to 32x8"),
    ],
)
@pytest.mark.parametrize("builder", CONVOLUTIONAL, **NAMED)
def test_images_that_cannot_be_halved(builder, shape, depth, message):
    with pytest.raises(ValueError, match=message):
        build(builder, shape, depth=depth)


@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_switches_are_keywords(builder):
    latents = () if builder in DISCRIMINATORS else (LATENT_DIM,)
    with pytest.raises(TypeError, match="positional argument"):
        builder((8, 8, 1), *latents, None, 16)


# Saving


@pytest.mark.parametrize("normalization", ["batch", "spectral"])
@pytest.mark.parametrize("builder", BUILDERS, **NAMED)
def test_keras_file_round_trip(builder, normalization, tmp_path):
    make = functools.partial(build, builder, num_classes=3, skip_connections=True)
    network = make(normalization=normalization)
    batch = inputs_of(network)
    network(batch, training=True)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert np.array_equal(first(network(batch)), first(loaded(batch)))


@pytest.mark.parametrize("normalization", ["batch", "layer", "spectral", None])
def test_a_recognizing_judge_has_a_layer_of_its_own_for_codes(normalization):
    judge = networks.recognizing_judge(
        (8, 12, 3), 4, 2, width=4, normalization=normalization
    )
    logit, category, codes = judge(np.zeros((5, 8, 12, 3), "float32"))
    assert logit.shape == (5,)
    assert category.shape == (5, 4)
    assert codes.shape == (5, 2)
    # What tells real from fake does not pass through it.
    images = keras.random.normal((5, 8, 12, 3), seed=0)
    with tf.GradientTape() as tape:
        logit, *_ = judge(images, training=True)
    gradients = tape.gradient(logit, judge.trainable_variables)
    pairs = zip(judge.trainable_variables, gradients, strict=True)
    own = [variable.path for variable, gradient in pairs if gradient is None]
    assert any("category" in path for path in own)
    assert any("codes" in path for path in own)
    assert len(own) > 4  # the two heads, and the layer before them
