"""One optimizer for each player, held together as the `model.optimizer` of Keras.

Keras saves, restores and finalises what it finds in `model.optimizer`. A game has
several players, so `PlayerOptimizers` is an optimizer made of named optimizers: it
routes by player, never by variable path (paths change when a model is reloaded).
"""

import difflib
import math
import types

import keras
from keras import ops

from kerasgen import replicas


@keras.saving.register_keras_serializable("kerasgen")
class PlayerOptimizers(keras.optimizers.Optimizer):
    """Named optimizers, one for each player of a game.

    Args:
        optimizers: Dict from player name to `keras.optimizers.Optimizer`.
        name: Name of the group.

    Example:

    >>> group = PlayerOptimizers({"generator": keras.optimizers.Adam(1e-4)})
    >>> group["generator"].learning_rate
    """

    def __init__(self, optimizers, name="player_optimizers"):
        super().__init__(learning_rate=0.0, name=name)
        self.players = dict(optimizers)
        self._are_scaled_here = set()
        self.move({})
        for player, optimizer in zip(self.players, self.optimizers, strict=True):
            optimizer.name = player  # what Keras' callbacks call it in their logs

    def __getitem__(self, player):
        return self.players[player]

    def bind(self, variables):
        """Builds every optimizer for its player's variables.

        Building happens here, before the first step and before a file is loaded,
        because an optimizer that is unbuilt when its state arrives loses it.

        Args:
            variables: Dict from player name to list of `keras.Variable`, frozen ones
                too, so that files are alike whatever is frozen.
        """
        for name, player_variables in variables.items():
            if not self.players[name].built:
                self.players[name].build(list(player_variables))
                _begin_averages(self.players[name])
        for optimizer in self.optimizers:
            if replicas.several_replicas(optimizer._distribution_strategy):
                # `descend` has summed the gradients, before they are clipped.
                optimizer._all_reduce_sum_gradients = _as_they_are
        self.move(variables)
        each = {id(v): v for vs in variables.values() for v in vs}
        super().build(list(each.values()))  # a network may have two players

    def check_scope(self, strategy):
        """Raise ValueError unless all were made in the scope of several replicas.

        Args:
            strategy: The model's `tf.distribute.Strategy`, or None.
        """
        if not replicas.several_replicas(strategy):
            return
        for player, optimizer in zip(self.players, self.optimizers, strict=True):
            if optimizer._distribution_strategy is not strategy:
                raise ValueError(
                    f"Got an optimizer of {player} that was made outside the scope of "
                    f"the model's {type(strategy).__name__}; expected it within. Make "
                    "it, and call compile, in the scope."
                )

    def move(self, variables):
        """Says which of its variables each player moves: all but frozen ones.

        Args:
            variables: Dict from player name to list of `keras.Variable`, some of those
                of `bind`.
        """
        # Keras would take a dict for state of this optimizer and save every weight.
        self.player_variables = types.MappingProxyType(
            {name: tuple(vs) for name, vs in variables.items()}
        )

    def scale_losses(self):
        """Wraps every optimizer in its own `LossScaleOptimizer` (for float16)."""
        for name, optimizer in self.players.items():
            if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                self._are_scaled_here.add(name)
                self.players[name] = keras.optimizers.LossScaleOptimizer(
                    optimizer, name=f"{name}_loss_scale"
                )

    @property
    def iterations(self):
        """Steps of the player that took most, as Keras' callbacks ask for them."""
        each = (optimizer.iterations for optimizer in self.players.values())
        return max(each, key=lambda steps: int(steps.numpy()))

    def set_weights(self, weights):
        for variable, weight in zip(self.variables, weights, strict=True):
            variable.assign(weight)

    @property
    def variables(self):
        own = list(self._variables)
        return own + [v for o in self.players.values() for v in o.variables]

    @property
    def optimizers(self):
        """The players' own optimizers, where callbacks of Keras look for them."""
        return [getattr(o, "inner_optimizer", o) for o in self.players.values()]

    @property
    def learning_rate(self):
        """The learning rate of the only player; several players have no single one.

        Raises:
            AttributeError: If there are several players.
        """
        return self._only_player("learning_rate").learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        self._only_player("learning_rate").learning_rate = learning_rate

    def _only_player(self, attribute):
        if len(self.players) == 1:
            return next(iter(self.players.values()))
        raise AttributeError(
            f"A game of several players has no single {attribute}; use "
            f"model.optimizer[player].{attribute} with one of {sorted(self.players)}."
        )

    def save_own_variables(self, store):
        # The players' state is saved with the players, who are attributes.
        for index, variable in enumerate(self._variables):
            store[str(index)] = keras.ops.convert_to_numpy(variable)

    def load_own_variables(self, store):
        for index, variable in enumerate(self._variables):
            variable.assign(store[str(index)])

    def build(self, variables):
        if not self.built:
            raise RuntimeError("Call bind() with the variables of every player.")

    def apply(self, grads, trainable_variables=None):
        raise RuntimeError(
            "A game has no single gradient; apply one player's gradients with "
            f"optimizer[player].apply(...). Players: {sorted(self.players)}."
        )

    def finalize_variable_values(self, var_list):
        for name, optimizer in self.players.items():
            moved = {id(v) for v in self.player_variables[name]}
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            if not inner.iterations.numpy():
                continue  # it has averaged nothing
            # An optimizer's averages are in the order that it was built in.
            built = inner._trainable_variables
            frozen = [(v, v.numpy()) for v in built if id(v) not in moved]
            optimizer.finalize_variable_values(built)
            for variable, value in frozen:
                variable.assign(value)

    def get_config(self):
        # A wrapper of `scale_losses` is made again from the model's dtype policy.
        bare = {
            name: o.inner_optimizer if name in self._are_scaled_here else o
            for name, o in self.players.items()
        }
        return {
            "name": self.name,
            "optimizers": {
                name: keras.saving.serialize_keras_object(optimizer)
                for name, optimizer in bare.items()
            },
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        optimizers = {
            name: keras.saving.deserialize_keras_object(serialized, custom_objects)
            for name, serialized in config["optimizers"].items()
        }
        return cls(optimizers, name=config["name"])


def assign_optimizers(optimizer, defaults):
    """Turns the `optimizer` argument of `compile` into one optimizer per player.

    Args:
        optimizer: `"auto"` (the defaults), one optimizer or its name (cloned for every
            player), or a dict by player; players that the dict leaves out keep their
            default.
        defaults: Dict from player name to the default optimizer.

    Returns:
        `PlayerOptimizers`, not yet bound to variables.

    Raises:
        ValueError: If a dict names a player that the model does not have, or gives one
            optimizer object to two players; if there is None for an optimizer, or an
            unknown name; if a learning rate is negative, NaN or infinite; if it is a
            `MultiOptimizer`.
    """
    if isinstance(optimizer, PlayerOptimizers):
        optimizer = optimizer.players
    if isinstance(optimizer, str) and optimizer == "auto":
        return PlayerOptimizers(defaults)
    if not isinstance(optimizer, dict):
        shared = _optimizer(optimizer, "every player")
        return PlayerOptimizers({player: _clone(shared) for player in defaults})
    for player in optimizer:
        if player not in defaults:
            near = difflib.get_close_matches(str(player), defaults, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"compile got an optimizer for player {player!r}; the players of this "
                f"model are {sorted(defaults)}.{hint}"
            )
    chosen = {p: _optimizer(o, repr(p)) for p, o in optimizer.items()}
    if len({id(o) for o in chosen.values()}) < len(chosen):
        raise ValueError(
            "compile got the same optimizer object for two players; each player needs "
            "its own (its moments belong to its variables). Pass two objects, or one "
            "optimizer outside a dict to have it cloned."
        )
    return PlayerOptimizers({p: chosen.get(p, defaults[p]) for p in defaults})


def _optimizer(given, player):
    if given is None:
        raise ValueError(
            f"compile got None as the optimizer of {player}; expected an optimizer or "
            'its name. Pass "auto", or leave a player out of the dict, for the default.'
        )
    try:
        found = keras.optimizers.get(given)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"compile got {given!r} as the optimizer of {player}; expected an "
            f"optimizer or its name. Keras says: {error}"
        ) from error
    if isinstance(found, keras.optimizers.MultiOptimizer):
        raise ValueError(
            f"compile got a MultiOptimizer for {player}; expected one optimizer for "
            "each player. Pass a dict from player to optimizer."
        )
    rate = float(ops.convert_to_numpy(found.learning_rate))
    if not 0.0 <= rate < math.inf:
        raise ValueError(
            f"compile got an optimizer with learning_rate={rate} for {player}; "
            "expected a number of at least 0."
        )
    return found


def _clone(optimizer):
    try:
        # A config of its own: some are used up by `from_config`.
        config = keras.saving.serialize_keras_object(optimizer)
        clone = keras.saving.deserialize_keras_object(config)
    except Exception as error:
        raise ValueError(
            f"Got one {type(optimizer).__name__} for every player that cannot be "
            "cloned; expected one that Keras can save, with schedules that it can. "
            "Register its class (keras.saving.register_keras_serializable), or pass a "
            f"dict from player to optimizer. Keras says: {error}"
        ) from error
    inner, copy = (getattr(o, "inner_optimizer", o) for o in (optimizer, clone))
    for name in ("", "_pattern"):  # what no config holds
        name = f"_exclude_from_weight_decay{name}"
        if hasattr(inner, name):
            setattr(copy, name, getattr(inner, name))
    return clone


def _begin_averages(optimizer):
    """Averages of an optimizer begin at the weights, where Keras begins at 0."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if inner.use_ema:
        averages = inner._model_variables_moving_average
        for average, weight in zip(averages, inner._trainable_variables, strict=True):
            if average is not None:
                average.assign(weight)


def _as_they_are(gradients_and_variables):
    return gradients_and_variables


def forget_moments(optimizer, condition):
    """Start an optimizer anew where a condition holds: moments and steps as at first.

    Args:
        optimizer: Built `keras.optimizers.Optimizer`, one player's.
        condition: Boolean scalar tensor.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    state = [v for v in inner.variables if v is not inner._learning_rate]

    def forget():
        for variable in state:
            first = _first_value(inner, variable)
            variable.assign(ops.full_like(variable, first))
        if isinstance(inner, keras.optimizers.ScheduleFreeAdamW):
            # Its momentum is a second copy of the weights.
            for copy, weight in zip(
                inner._momentums, inner._trainable_variables, strict=True
            ):
                if copy is not None:
                    copy.assign(weight)
        _begin_averages(inner)

    ops.cond(condition, forget, lambda: None)


def _first_value(optimizer, variable):
    """Start of a variable of an optimizer: 0 but for a product and for sums."""
    if variable is getattr(optimizer, "_u_product", None):  # Nadam
        return 1
    sums = getattr(optimizer, "_accumulators", ())  # Adagrad, Ftrl
    is_sum = any(variable is each for each in sums)
    return getattr(optimizer, "initial_accumulator_value", 0) if is_sum else 0
