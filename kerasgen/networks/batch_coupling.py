"""Networks whose output for an example depends on the rest of its batch."""

import keras


def check_judges_alone(name: str, network: keras.Model) -> None:
    """Raise unless a network judges every example by itself.

    A penalty takes the slope of each score at its own image; with batch normalisation
    the sum of the scores has slopes that mix images.

    Args:
        name: Name of the network's constructor argument.
        network: The network.

    Raises:
        ValueError: If the network has a layer of batch normalisation.
    """
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            raise ValueError(
                f"Got a {name} with batch normalisation ({layer.name!r}); expected one "
                "that judges each image by itself, as its penalty is the slope at "
                'single images. Normalise by "layer" or not at all.'
            )
