"""How a model is put together: arguments, networks by name, players, averages."""

import contextlib
import difflib
import inspect

import keras

from kerasgen.core.arguments import check_fraction
from kerasgen.core.arguments import check_image_shape
from kerasgen.core.arguments import check_network
from kerasgen.core.arguments import check_num_classes
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.core.arguments import one_or_list
from kerasgen.core.presets import PresetModel
from kerasgen.core.published import make_as_published

BATCH_SIZE = 64


class ConstructedModel(PresetModel):
    """A model made of named networks that named players train.

    Abstract. A class gives `players`, `default_<network>()` for each network, and the
    capabilities' `network_forms`; its constructor keeps every argument as an attribute
    of the same name, so that `get_config` can read the signature, and ends with
    `self.complete()`.
    """

    players = {}  # from player to the names of the networks that it trains
    takes_classes = True  # whether it can be made with a number of classes
    labelled = None  # names of the networks that take labels; None stands for all
    logits = {}  # from network to the numbers of its outputs that are logits of classes
    averaged = None  # names of the networks with an average; None: the generator's
    published = None

    def __init__(
        self,
        image_shape,
        latent_dim,
        num_classes,
        *,
        average_momentum=0.999,
        seed=None,
        dtype=None,
        name=None,
        **networks,
    ):
        self._check_names(networks)
        _check_data_format()
        super().__init__(dtype=dtype, name=name or self.key)
        self.autocast = False  # networks cast what they take; latents stay float32
        self.image_shape = check_image_shape(image_shape)
        self.latent_dim = latent_dim
        is_derived = latent_dim is self.argument_defaults()["latent_dim"] is None
        if not is_derived:
            self.latent_dim = check_positive_int("latent_dim", latent_dim)
        self.num_classes = num_classes
        if num_classes is not None:
            self.num_classes = check_num_classes(num_classes)
        if average_momentum is not None:
            check_fraction("average_momentum", average_momentum)
        self.average_momentum = average_momentum
        self.seed = seed if seed is None else check_seed(seed)
        self.batch_size = BATCH_SIZE  # of arrays, where `fit` is given none
        given = {k: network for k, network in networks.items() if network is not None}
        self._given_networks = given

    @property
    def trainable(self):
        """Whether variables train; averages of weights never do."""
        return keras.Model.trainable.fget(self)

    @trainable.setter
    def trainable(self, value):
        keras.Model.trainable.fset(self, value)
        for average in getattr(self, "averages", {}).values():
            average.trainable = False

    @classmethod
    def _check_names(cls, networks):
        known = cls.argument_names()
        for name in networks:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise TypeError(
                    f"Got the argument {name!r} for {cls.__name__}; expected some of "
                    f"{', '.join(known)}.{hint}"
                )

    @classmethod
    def network_names(cls):
        """Names of all networks, in the order in which they are built."""
        names = [name for own in cls.players.values() for name in own]
        return list(dict.fromkeys(names))

    @classmethod
    def needs_classes(cls):
        """Whether the model cannot be made without a number of classes."""
        default = cls.argument_defaults()["num_classes"]
        return default is not None and default is not inspect.Parameter.empty

    @classmethod
    def argument_names(cls):
        """Names of all constructor arguments: the class's own, then the shared ones."""
        return [*cls.argument_defaults(), *cls.network_names()]

    @classmethod
    def argument_defaults(cls):
        """Dict from argument to default; the classes' own signatures, outermost first.

        It stops at this class: what comes below is Keras'.
        """
        found = {}
        for base in cls.__mro__:
            if not issubclass(base, ConstructedModel) or "__init__" not in vars(base):
                continue
            for name, parameter in inspect.signature(base.__init__).parameters.items():
                if name != "self" and parameter.kind not in (
                    parameter.VAR_POSITIONAL,
                    parameter.VAR_KEYWORD,
                ):
                    found.setdefault(name, parameter.default)
        return found

    @classmethod
    def as_published(cls, **overrides):
        """The model with the settings that its paper prints; see `published`.

        Its optimizers are the paper's, and `fit` takes arrays in the paper's batches.

        Args:
            **overrides: Constructor arguments that replace published ones, such as
                `seed`, `dtype`, `image_shape`.

        Returns:
            The model.

        Raises:
            ValueError: If no settings were published for this class, or an argument is
                a switch of networks that the paper's own replace.

        Example:

        >>> import kerasgen
        >>> model = kerasgen.WGAN.as_published(seed=0)
        >>> model.clip_value, model.critic_steps
        (0.01, 5)
        """
        return make_as_published(cls, overrides)

    # Networks

    def network_forms(self):
        """Dict from network to `(takes, returns)`: shapes without batch and labels."""
        return {self.generator_name: ([self.latent_shape], [self.image_shape])}

    def takes_labels(self, network):
        """Whether a network is conditional on labels in this model."""
        is_labelled = self.labelled is None or network in self.labelled
        return self.num_classes is not None and is_labelled

    @property
    def dimensions(self):
        """`(image_shape, latent_dim, num_classes)` as builders of generators take them.

        The number of classes is None where the generator takes no labels.
        """
        takes = self.takes_labels(self.generator_name)
        return self.image_shape, self.latent_dim, self.num_classes if takes else None

    def complete(self):
        """Build the networks and their averages, and compile; ends every constructor.

        Raises:
            ValueError: If a network cannot be made as the arguments have it, or one
                that the user passed does not fit.
        """
        with self._own_dtype_policy():
            forms = self.network_forms()
            for name in self.network_names():
                given = self._given_networks.get(name)
                if given is None:
                    setattr(self, name, self._default_network(name))
                else:
                    takes, returns = forms[name]
                    labels = [()] if self.takes_labels(name) else []
                    scores = [i for i, shape in enumerate(returns) if shape == ()]
                    network = check_network(
                        name,
                        given,
                        [*takes, *labels],
                        returns,
                        unbounded=[*scores, *self.logits.get(name, [])],
                        # From images to images goes a velocity, which has no range.
                        makes_images=returns == [self.image_shape] != takes[:1],
                    )
                    setattr(self, name, network)
        self._check_layers()
        self._given_networks = list(self._given_networks)
        self.averages = {}
        if self.average_momentum is not None:
            for name in self.averaged or (self.generator_name,):
                self.averages[name] = _frozen_copy(getattr(self, name))
                self.averages[name].name = f"average_{name}"  # as `summary` has it
        self.built = True
        self.compile()

    def _check_layers(self):
        """Raise ValueError for a layer of two networks, whose file would not load."""
        owners = {}
        for name in self.network_names():
            for layer in getattr(self, name)._flatten_layers():
                owner = owners.setdefault(id(layer), name)
                if owner != name and layer.weights:
                    raise ValueError(
                        f"Got {owner} and {name} that share the layer {layer.name!r}; "
                        "expected layers of their own, since a saved model could not "
                        "be loaded. Give each network its own."
                    )

    def _check_averages(self):
        """Raise ValueError for averages that are kept in 16 bits, before a training."""
        kept_in = self.dtype_policy.variable_dtype
        if self.average_momentum is not None and kept_in in ("float16", "bfloat16"):
            raise ValueError(
                f"Got dtype={kept_in!r} with average_momentum={self.average_momentum}; "
                f"expected 'mixed_{kept_in}', or no average, whose small steps 16 bits "
                "round away. Pass that dtype, or average_momentum=None."
            )

    def _default_network(self, name):
        try:
            return getattr(self, f"default_{name}")()
        except ValueError as error:
            raise ValueError(f"The {name} cannot be made: {error}") from error

    @contextlib.contextmanager
    def _own_dtype_policy(self):
        previous = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.dtype_policy)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(previous)

    def build(self, input_shape=None):
        """Nothing to do: the constructor builds all networks."""

    def player_variables(self, frozen=False):
        """Dict from player to the list of variables of its networks that train.

        Args:
            frozen: Whether to name those, too, that `trainable = False` has frozen.
        """
        weights = (
            weights_of if frozen else (lambda network: network.trainable_variables)
        )
        return {
            player: [v for name in own for v in weights(getattr(self, name))]
            for player, own in self.players.items()
        }

    def bound(self, labels, training):
        """The networks as functions, in order, with labels and `training` bound.

        Args:
            labels: int32 tensor of shape `(batch,)`, or None.
            training: Whether batch statistics and dropout are those of training.

        Returns:
            List of functions from a network's inputs (without labels) to its outputs.
        """
        return [self.bind(name, labels, training) for name in self.network_names()]

    def bind(self, name, labels, training, averaged=False):
        """One network as a function; see `bound`.

        Args:
            name: Name of the network.
            labels: int32 tensor of shape `(batch,)`, or None.
            training: Whether batch statistics and dropout are those of training.
            averaged: Whether to take the averaged network where there is one.
        """
        network = getattr(self, name)
        if averaged:
            network = self.averages.get(name, network)
        extra = [labels] if self.takes_labels(name) and labels is not None else []
        return lambda *inputs: network(
            one_or_list([*inputs, *extra]), training=training
        )

    # Files

    def get_config(self):
        """All constructor arguments, read from the signatures, and given networks."""
        names = [name for name in self.argument_defaults() if name != "dtype"]
        config = {name: getattr(self, name) for name in names}
        config["dtype"] = keras.saving.serialize_keras_object(self.dtype_policy)
        for name in self._given_networks:
            config[name] = keras.saving.serialize_keras_object(getattr(self, name))
        if self.batch_size != BATCH_SIZE:
            config["batch_size"] = self.batch_size
        if self.fitted_prior is not None:
            config["prior_components"] = self.fitted_prior.components
        frozen = {name: self._frozen_layers(name) for name in self.network_names()}
        if any(frozen.values()):
            config["frozen_layers"] = frozen
        return config

    def _frozen_layers(self, network):
        """Numbers of the frozen layers of a network, in Keras' order."""
        layers = enumerate(getattr(self, network)._flatten_layers())
        return [index for index, layer in layers if not layer.trainable]

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        frozen = config.pop("frozen_layers", {})
        batch_size = config.pop("batch_size", BATCH_SIZE)
        revived = {
            key: keras.saving.deserialize_keras_object(value, custom_objects)
            if isinstance(value, dict)
            else value
            for key, value in config.items()
        }
        components = revived.pop("prior_components", None)
        model = cls(**revived)
        model.batch_size = batch_size
        if components is not None:  # its numbers come with the weights
            model.set_prior(model.new_prior(components))
        for name, indices in frozen.items():
            layers = list(getattr(model, name)._flatten_layers())
            for index in indices:
                layers[index].trainable = False
        return model


def _check_data_format():
    found = keras.config.image_data_format()
    if found != "channels_last":
        raise ValueError(
            f"Got the image data format {found!r}; expected 'channels_last', the "
            "layout of images here. Change ~/.keras/keras.json, or call "
            "keras.config.set_image_data_format('channels_last')."
        )


def weights_of(network):
    """The variables of a network that would train if nothing were frozen, in order."""
    made = {
        id(v) for layer in network._flatten_layers() for v in layer._trainable_variables
    }
    return [v for v in network.variables if id(v) in made]


def _cloned(layer):
    # A Lambda layer has no weights, and Keras would refuse to make its code anew.
    if isinstance(layer, keras.layers.Lambda):
        return layer
    if type(layer).__module__.startswith("keras.") and isinstance(layer, keras.Model):
        return keras.models.clone_model(layer, clone_function=_cloned)
    return type(layer).from_config(layer.get_config())


def _frozen_copy(network):
    copy = keras.models.clone_model(network, clone_function=_cloned)
    copy.trainable = False
    copy.set_weights(network.get_weights())
    return copy
