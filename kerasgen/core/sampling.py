"""Images from latents, by a trained model and in a SavedModel."""

import functools
import inspect
import json
import pathlib
import random
import warnings

import keras
import tensorflow as tf

from kerasgen import files
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_labels
from kerasgen.core.arguments import check_latents
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.core.arguments import in_batches
from kerasgen.core.arguments import latent_path
from kerasgen.core.arguments import one_or_list
from kerasgen.core.export_record import is_of
from kerasgen.core.export_record import replaceable
from kerasgen.core.export_record import write_record
from kerasgen.core.float16_export import stored_in_half
from kerasgen.core.progress import with_bar

REDUCED_PRECISIONS = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")


class SamplingModel(keras.Model):
    """A map from latents (and labels) to images, and all that follows from it.

    Abstract: `ConstructedModel` sets `image_shape`, `latent_dim`, `num_classes`, the
    network named `generator_name`, and `averages` of networks by name.
    """

    generator_name = "generator"
    fitted_prior = None
    prior_is_standard = True  # whether `draw_prior` draws from N(0, I)
    num_gaussian = None  # leading latents of a Gaussian prior; None for all
    codes_are_noise = False  # of the images' size: long to find, and telling nothing

    @classmethod
    def has_codes(cls):
        """Whether images have codes that are worth drawing, keeping and judging."""
        return hasattr(cls, "encode") and not cls.codes_are_noise

    @property
    def latent_shape(self):
        """Shape of the latents of one image: `(latent_dim,)` unless a model differs."""
        return (self.latent_dim,)

    @property
    def is_conditional(self):
        """Whether images are made for a label."""
        return self.takes_labels(self.generator_name)

    @property
    def raw_generator(self):
        """The network that is trained to make images."""
        return getattr(self, self.generator_name)

    @property
    def average(self):
        """The averaged generator, or None."""
        return self.averages.get(self.generator_name)

    @property
    def sampler(self):
        """The network that samples: the averaged generator where there is one."""
        return self.raw_generator if self.average is None else self.average

    def call(self, inputs, training=False):
        """Images from latents, or from `[latents, labels]`."""
        return self.sampler(inputs, training=training)

    def decode(self, latents, labels=None):
        """Images from latents, as a tensor, in a graph as well.

        The one hook from latents to images: `sample`, `generate`, `interpolate` and
        every export go through it. Its further keyword arguments, where a model has
        any, are those of `sample` and `generate`.

        Args:
            latents: Tensor of shape `(num, *latent_shape)`.
            labels: int32 tensor of shape `(num,)` for a conditional model; not used
                where they are for the prior alone.

        Returns:
            float32 pixels in [0, 1], shape `(num, *image_shape)`.
        """
        is_taken = labels is not None and self.takes_labels(self.generator_name)
        inputs = [latents, labels] if is_taken else [latents]
        return self.sampler(one_or_list(inputs), training=False)

    def draw_prior(self, num, seed, labels=None):
        """Latents of the prior N(0, I), as a tensor, in a graph as well.

        Args:
            num: Number of latents, int or int32 scalar tensor.
            seed: Two integers, as `kerasgen.training.normal` takes them.
            labels: Class of each latent, where a model's prior depends on it.

        Returns:
            float32 tensor of shape `(num, *latent_shape)`.
        """
        return training.normal(tf.stack([num, *self.latent_shape]), seed)

    def draw_latents_to_sample(self, num, seed, labels=None, prior="fitted"):
        """Latents of the fitted prior where there is one, else of `draw_prior`."""
        if self.fitted_prior is None or prior == "standard":
            return self.draw_prior(num, seed, labels)
        given = None if self.fitted_prior.num_classes is None else labels
        return self.fitted_prior.draw(num, seed, given)

    def generate(self, latents, labels=None, **options):
        """Images from latents, checked and in batches.

        Args:
            latents: Array of shape `(num, *latent_shape)`.
            labels: Class of each image, integers of shape `(num,)`; a conditional model
                takes the classes in turn where they are left out. Not used where they
                are for the prior alone.
            **options: Keyword arguments of the model's `decode`, if it has any.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If a shape or a label does not fit, or a latent is not finite.
        """
        latents = self._checked_latents(latents)
        labels = self.check_labels(labels, len(latents))
        return in_batches(self._compiled_decoder(options), latents, labels)

    def _checked_latents(self, latents):
        latents = check_latents(latents)
        if latents.shape[1:] != self.latent_shape or not len(latents):
            expected = ", ".join(map(str, self.latent_shape))
            raise ValueError(
                f"Got latents of shape {latents.shape}; expected (num, {expected}) "
                "with at least one row. Draw them with that shape."
            )
        return latents

    def predict(self, x, batch_size=None, **kwargs):
        """Images from latents, or from `[latents, labels]`; see `keras.Model.predict`.

        Args:
            x: Arrays, as `generate` takes them, or a dataset of batches of these.
            batch_size: Images in a batch, for arrays; default 32.
            **kwargs: Further arguments of `keras.Model.predict`.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If a shape or a label does not fit, or a latent is not finite.
        """
        if isinstance(x, (list, tuple)) or hasattr(x, "__array__"):
            latents, *labels = x if isinstance(x, (list, tuple)) else [x]
            latents = self._checked_latents(latents)
            given = self.check_labels(labels[0] if labels else None, len(latents))
            x = one_or_list([latents] if given is None else [latents, given])
        verbose = kwargs.get("verbose", "auto")
        kwargs["callbacks"] = with_bar(kwargs.get("callbacks"), verbose)
        return super().predict(x, batch_size, **kwargs)

    def drop_prior(self):
        """Draw from N(0, I) again; with a warning, if there was a fitted prior."""
        if self.fitted_prior is None:
            return
        warnings.warn(
            "Training drops the prior that was fitted to codes of the earlier weights; "
            "call fit_prior again.",
            stacklevel=3,
        )
        self.set_prior(None)

    def set_prior(self, prior):
        """Draw from a `GaussianMixturePrior`, or with None from N(0, I)."""
        if self.fitted_prior is not None:
            self._tracker.untrack(self.fitted_prior)  # Keras would keep its weights
        self.fitted_prior = prior
        self._decoders.clear()

    def _compiled_decoder(self, options):
        """`decode` as a graph; one for each set of options."""
        known = list(inspect.signature(self.decode).parameters)[2:]
        for name in options:
            if not known:
                raise ValueError(
                    f"Got {name} for samples of {type(self).__name__}, which take no "
                    "such argument; expected none. Leave it out."
                )
            check_choice("option", name, known)
        # What is not given is the model's, which may be set anew.
        usual = [getattr(self, name, None) for name in known]
        key = repr((sorted(options.items()), usual))
        if key not in self._decoders:
            spec = tf.TensorSpec((None, *self.latent_shape), tf.float32)
            decoder = tf.function(
                lambda *inputs: self.decode(*inputs, **options),
                input_signature=[spec, *self.label_spec()],
                autograph=False,  # which would wrap what `decode` raises
            )
            # Traced once, here: TensorFlow warns of calls that trace again and again.
            self._decoders[key] = decoder.get_concrete_function()
        return self._decoders[key]

    @functools.cached_property
    def _decoders(self):
        return {}

    def sample(self, num, labels=None, seed=None, prior="fitted", **options):
        """Images of latents drawn from the prior.

        Args:
            num: Number of images, positive int.
            labels: Class of each image, integers of shape `(num,)`, or one class for
                all; a conditional model takes the classes in turn where they are left
                out.
            seed: Equal seeds give equal samples, in any process; int of 32 bits. None
                draws a new one.
            prior: "fitted" for the density of `fit_prior` where there is one, or
                "standard" for the prior that the model was trained with.
            **options: Keyword arguments of the model's `decode`, if it has any.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If an argument does not fit.

        Example:

        >>> import kerasgen
        >>> kerasgen.DCGAN().sample(16, seed=0).shape
        (16, 28, 28, 1)
        """
        check_positive_int("num", num)
        check_choice("prior", prior, ("fitted", "standard"))
        seed = random.randrange(2**31) if seed is None else check_seed(seed)
        labels = self.check_labels(labels, num)
        seed = training.sampling_seed(seed)
        latents = self.draw_latents_to_sample(num, seed, labels, prior)
        return self.generate(latents, labels, **options)

    def interpolate(self, first, last, steps, label=None):
        """Images on the way between two latents.

        It is the great circle where the prior is Gaussian, and the line for latents
        that are classes or lie in a range; see `latent_path`.

        Args:
            first: Latents of the first image, shape `latent_shape`.
            last: Latents of the last image, likewise.
            steps: Number of images, at least 2.
            label: Class of all images; a conditional model needs it, unless labels are
                for its prior alone: the latents hold the class then.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(steps, *image_shape)`.

        Raises:
            ValueError: If a shape, `steps` or a label does not fit.
        """
        first, last = check_latents(first), check_latents(last)
        if first.shape != self.latent_shape or last.shape != self.latent_shape:
            raise ValueError(
                f"interpolate got latents of shapes {first.shape} and {last.shape}; "
                f"expected {self.latent_shape} for both."
            )
        if check_positive_int("steps", steps) < 2:
            raise ValueError(f"interpolate got steps={steps}; expected at least 2.")
        if self.takes_labels(self.generator_name) or not self.is_conditional:
            label = self.check_labels(label, steps, required=True)
        elif label is not None:
            raise ValueError(
                f"Got label={label}; expected none: the {self.generator_name} of "
                f"{type(self).__name__} takes no labels, and its latents hold the "
                "class. Leave it out."
            )
        path = latent_path(first, last, steps, self.num_gaussian)
        return self.generate(path, label)

    def check_labels(self, labels, num, required=False):
        """Labels for `num` images as int32; see `arguments.check_labels`."""
        classes = self.num_classes if self.is_conditional else None
        return check_labels(labels, num, classes, required)

    def endpoints(self):
        """Dict from signature name to `(function, list of tf.TensorSpec)`."""
        shape = (None, *self.latent_shape)
        latents = tf.TensorSpec(shape, tf.float32, name="latents")
        scalars = [tf.TensorSpec((), tf.int32, name=name) for name in ("n", "seed")]
        # Labels may be for the prior alone.
        labels = self.label_spec() if self.takes_labels(self.generator_name) else []
        return {
            "serving_default": (self._images_from, [latents, *labels]),
            "sample": (self._sample_in_graph, [*scalars, *self.label_spec()]),
            "draw_prior": (self._latents_in_graph, [*scalars, *self.label_spec()]),
        }

    def label_spec(self):
        """The specification of labels, in a list; empty if not conditional."""
        if not self.is_conditional:
            return []
        return [tf.TensorSpec((None,), tf.int32, name="labels")]

    def _images_from(self, *inputs):
        return {"images": self.decode(*inputs)}

    def _latents_in_graph(self, n, seed, labels=None):
        seed = training.sampling_seed(seed)
        return {"latents": self.draw_latents_to_sample(n, seed, labels)}

    def _sample_in_graph(self, n, seed, labels=None):
        latents = self._latents_in_graph(n, seed, labels)["latents"]
        return {**self._images_from(latents, labels), "latents": latents}

    def export(
        self,
        filepath,
        format="tf_saved_model",
        verbose=False,
        *,
        settings=None,
        half=False,
    ):
        """Writes a SavedModel that runs with TensorFlow alone, in float32.

        Its signatures are `serving_default` (latents → images), `sample` (n, seed →
        images and latents; the very images of `sample(n, seed=seed)`), `draw_prior`
        (n, seed → those latents alone), and
        `discriminate`, `encode`, `decode`, `reconstruct` where the model has them.
        Conditional models take `labels` as a further input. Beside it stands a record
        of what the model is, `export.json`.

        Args:
            filepath: Folder to write. An older export there is replaced, whole, if it
                is of such a model, made with the same settings or with fewer epochs.
            format: "tf_saved_model"; `kerasgen.export` writes other formats.
            verbose: Whether to print the signatures.
            settings: JSON-serialisable dict to record: how the model was trained.
            half: Whether to store the weights in 16 bits, which halves the files.
                Computing stays in float32. Of a preset nothing is lost, as its weights
                have 16 bits; of others the last digits are.

        Returns:
            `pathlib.Path` of the folder.

        Raises:
            FileExistsError: If the folder holds an export of another model or one made
                with other settings, or something that is no export.
            ValueError: If the path is a file or nothing can be written beside it,
                another format is asked for, or 16 bits cannot hold a weight.

        Example:

        >>> import kerasgen
        >>> folder = kerasgen.DCGAN().export("exported/dcgan")
        >>> images = kerasgen.export.load(folder).sample(16, seed=0)
        """
        path = _folder_to_export(filepath, format)
        settings = json.loads(json.dumps(settings or {}))
        if not (replaceable(path, settings) and is_of(path, self)):
            raise FileExistsError(
                f"Got {path}, which holds another model, one made with other settings "
                "or no export; expected the same, to replace it. Export to another "
                "folder, or remove that one first."
            )

        def write(folder):
            self._write_saved_model(folder, verbose, half)
            write_record(self, pathlib.Path(folder), settings=settings)

        files.write_folder(path, write)
        return path

    def _write_saved_model(self, folder, verbose, half):
        model = self.in_float32()
        endpoints = model.endpoints()
        if half:
            endpoints = stored_in_half(endpoints, model.weights)
        archive = keras.export.ExportArchive()
        for name, (function, signature) in endpoints.items():
            archive.add_endpoint(name, function, signature)
        archive.write_out(folder, verbose=verbose)

    def in_float32(self):
        """This model, or a copy that computes in float32 if it has fewer bits.

        Mixed precision is for training: its weights are float32, and what an export
        runs on may not know bfloat16.
        """
        config = self.get_config()
        if not any(_is_reduced(leaf) for leaf in keras.tree.flatten(config)):
            return self
        widened = keras.tree.map_structure(
            lambda leaf: "float32" if _is_reduced(leaf) else leaf, config
        )
        model = type(self).from_config(widened)
        model.set_weights(self.get_weights())
        return model


def _folder_to_export(filepath, format):
    """The path of a SavedModel; ValueError for files and for other formats."""
    path = files.user_path(filepath)
    writers = {
        "onnx": "save_onnx",
        ".onnx": "save_onnx",
        "litert": "save_litert",
        ".tflite": "save_litert",
    }
    other = format if format != "tf_saved_model" else path.suffix
    if other in writers or format != "tf_saved_model":
        writer = writers.get(other, "save_onnx or save_litert")
        raise ValueError(
            f"Got {str(filepath)!r} and format={format!r}; expected a folder for a "
            f"SavedModel. Call kerasgen.export.{writer}(model, path) for other formats."
        )
    if path.is_file():
        raise ValueError(
            f"Got {path}, which is a file; expected a folder or a new name. Remove the "
            "file, or export elsewhere."
        )
    return path


def _is_reduced(leaf):
    """Whether a leaf of a Keras config names a dtype policy of fewer than 32 bits."""
    return isinstance(leaf, str) and leaf in REDUCED_PRECISIONS
