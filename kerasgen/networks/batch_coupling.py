"""Networks whose output for an example depends on the rest of its batch."""

import keras

from kerasgen.networks import fused


def check_judges_alone(name: str, network: keras.Model) -> None:
    """Raise unless a network takes every example by itself, with slopes of its slopes.

    A penalty is on the slope of each output at its own input; with batch normalisation
    the sum of the outputs has slopes that mix examples. Keras' own normalisations of
    layers and groups have wrong second derivatives, by which a penalty is minimised.

    Args:
        name: Name of the network's constructor argument.
        network: The network.

    Raises:
        ValueError: If the network has a layer of batch normalisation, or one of Keras'
            own that normalises layers or groups.
    """
    wrong = (keras.layers.LayerNormalization, keras.layers.GroupNormalization)
    for layer in network._flatten_layers():
        if isinstance(layer, wrong) and not isinstance(layer, fused.LayerNormalization):
            raise ValueError(
                f"Got a {name} with keras.layers.{type(layer).__name__} "
                f"({layer.name!r}), whose second derivative, which the penalty on it "
                "needs, is wrong; expected none. Take "
                "kerasgen.networks.fused.LayerNormalization(axis=[1, 2, 3])."
            )
        if isinstance(layer, keras.layers.BatchNormalization):
            raise ValueError(
                f"Got a {name} with batch normalisation ({layer.name!r}); expected one "
                "that takes each example by itself, as the penalty on it is on slopes "
                'at single examples. Normalise by "layer" or not at all.'
            )


def check_replicas(networks: list) -> None:
    """Raise unless replicas of networks compute what one device would.

    Args:
        networks: Networks of a model.

    Raises:
        ValueError: If a layer takes moments of a replica's own rows, or draws the same
            noise on every replica.
    """
    for network in networks:
        for layer in network._flatten_layers():
            kind = type(layer)
            is_ours = kind in (fused.BatchNormalization, fused.Dropout)
            couples = isinstance(layer, keras.layers.BatchNormalization)
            if not is_ours and (couples or layer._seed_generators):
                what = "normalises" if couples else "draws the same noise for"
                raise ValueError(
                    f"Got {kind.__name__} {layer.name!r} under a strategy of several "
                    f"replicas; expected none: it {what} each replica's part of the "
                    "batch. Take kerasgen.networks.fused.BatchNormalization and "
                    "Dropout, or train on one device."
                )
