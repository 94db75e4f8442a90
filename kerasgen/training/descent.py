"""Gradient descent in a game: the one place that knows about the gradient tape."""

import keras
import tensorflow as tf
from keras import ops

from kerasgen import replicas


def descend(optimizers, losses, only=None):
    """Lets every player that moves descend its own loss on its own variables.

    All losses come from one forward pass, and all gradients are taken before any
    variable changes: players named in one call move simultaneously. Two calls make
    alternating descent. Replicas sum their gradients here, before an optimizer clips
    them or looks for an overflow.

    Args:
        optimizers: `PlayerOptimizers`, bound to the variables of the players.
        losses: Function without arguments that returns a dict from player name to
            loss, one value per example, shape `(batch,)`. Keys that are not players
            (terms of a loss that are only logged) are passed through.
        only: List of the players that move, or None for all that have a loss.

    Returns:
        The dict that `losses` returned.
    """
    with tf.GradientTape(persistent=True) as tape:
        values = with_penalties(losses(), optimizers.player_variables)
        scaled = {
            player: optimizers[player].scale_loss(_objective(values[player]))
            for player in (values if only is None else only)
            if optimizers.player_variables.get(player)  # a frozen player has none
        }
    gradients = {
        player: _summed(
            _dense(tape.gradient(loss, list(optimizers.player_variables[player])))
        )
        for player, loss in scaled.items()
    }
    for player, gradient in gradients.items():
        optimizers[player].apply(gradient, list(optimizers.player_variables[player]))
    return values


def with_penalties(losses, player_variables):
    """Adds the regularisers of weights to the losses of the players that own these.

    Args:
        losses: Dict of per-example losses, some by player.
        player_variables: Dict from player to the variables that it moves.

    Returns:
        Dict of per-example losses, of which those of players hold the penalties: that
        of a variable of several players the first of them.
    """
    found, charged = dict(losses), set()
    for player, variables in player_variables.items():
        if player not in found:
            continue
        own = [v for v in variables if id(v) not in charged]
        charged |= {id(v) for v in own}
        regularized = [v for v in own if v.regularizer is not None]
        if regularized:
            penalty = sum(v.regularizer(v) for v in regularized)
            found[player] = found[player] + ops.cast(penalty, found[player].dtype)
    return found


def _objective(per_example):
    """The batch mean in float32; that of a replica's rows counts by their number."""
    return ops.mean(ops.cast(per_example, "float32")) * replicas.share()


def _summed(gradients):
    given = [g for g in gradients if g is not None]
    if replicas.current() is None or not given:
        return gradients
    summed = iter(replicas.total_sum(given))
    return [g if g is None else next(summed) for g in gradients]


def _dense(gradients):
    """Gradients as tensors of one type.

    That of an embedding is a list of rows, in which a label comes as often as in the
    batch; optimizers and norms would take its parts one by one instead of their sum. A
    global norm needs one type, where some layers of a float64 model are in float32.
    """
    dense = [g if g is None else tf.convert_to_tensor(g) for g in gradients]
    dtypes = {g.dtype.name for g in dense if g is not None}
    if len(dtypes) < 2:
        return dense
    widest = keras.backend.result_type(*dtypes)
    return [g if g is None else tf.cast(g, widest) for g in dense]


def take_turns(num, optimizers, player, first, then):
    """Take one player's step, and another's after every `num`-th of them.

    A step that was skipped, for an overflow or to gather gradients, is none of them. A
    player that is frozen takes none, and the other moves always.

    Args:
        num: Positive int; 1 takes both always.
        optimizers: `PlayerOptimizers`, bound to the variables of the players.
        player: Name of the first player.
        first: Function without arguments that takes its step.
        then: Function without arguments or result that takes the other's.

    Returns:
        What `first` returned.

    Raises:
        ValueError: If `num` > 1 under `tf.distribute`.
    """
    if num > 1:
        require_one_device(f"a player that moves every {num} steps")
    optimizer = optimizers[player]
    before = tf.identity(ops.convert_to_tensor(optimizer.iterations))  # it may move
    result = first()
    if num == 1 or not optimizers.player_variables.get(player):
        then()
    else:
        now = ops.convert_to_tensor(optimizer.iterations)
        is_due = ops.logical_and(now > before, now % num == 0)
        ops.cond(is_due, then, lambda: None)
    return result


def require_one_device(what):
    """Raise ValueError under a strategy of several replicas.

    Args:
        what: Noun phrase: what replicas cannot do together.
    """
    strategy = tf.distribute.get_strategy()
    if tf.distribute.has_strategy() and strategy.num_replicas_in_sync > 1:
        raise ValueError(
            f"Got {what} under {type(strategy).__name__}; expected one device, or no "
            "strategy: replicas cannot decide on a step together."
        )


def clip_weights(variables, clip_value):
    """Clamps variables to [-clip_value, clip_value] (Arjovsky et al. 2017, Alg. 1).

    Args:
        variables: List of `keras.Variable`.
        clip_value: Positive float.
    """
    for variable in variables:
        variable.assign(ops.clip(variable, -clip_value, clip_value))


def update_average(average, network, momentum, step):
    """Moves `average` towards `network`: an exponential moving average of all weights.

    The momentum warms up as `min(momentum, (1 + step) / (10 + step))`, so that the
    average forgets the initial weights. Moving statistics of normalisation layers are
    averaged like the weights that they belong to.

    Reference: Yazıcı et al. 2019, The Unusual Effectiveness of Averaging in GAN
    Training (arXiv:1806.04498).

    Args:
        average: `keras.Model` of the same architecture as `network`.
        network: `keras.Model` being trained.
        momentum: Float in [0, 1).
        step: Number of steps taken so far, integer scalar.
    """
    step = ops.cast(step, "float32")
    momentum = ops.minimum(momentum, (1.0 + step) / (10.0 + step))
    for old, new in zip(average.weights, network.weights, strict=True):
        if keras.backend.is_float_dtype(new.dtype):
            # old += (1 - momentum) * (new - old), without the numbers in between
            tf.raw_ops.ResourceApplyGradientDescent(
                var=old.value.handle,
                alpha=tf.cast(1.0 - momentum, old.dtype),
                delta=old - tf.cast(new, old.dtype),
            )
