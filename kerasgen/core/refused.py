"""Methods of Keras that a game of players cannot obey, each refused by a sentence."""


class RefusedMethods:
    """Mixin before `keras.Model`: what would be ignored in silence is an error."""

    def add_loss(self, loss):
        """Refused: a game has a loss for each player, which `player_losses` gives."""
        raise ValueError(
            "Got a loss to add; expected none beside those of the players. Write it "
            "into `player_losses`, or give a layer a regulariser of its weights."
        )

    def compute_loss(self, *args, **kwargs):
        """Refused: there is no loss of outputs and targets."""
        raise ValueError(
            "Got a call of compute_loss; expected none, as a game has a loss for each "
            "player. Call player_losses, evaluate or test_on_batch."
        )

    def add_metric(self, *args, **kwargs):
        """Refused: what is logged are terms of `player_losses`."""
        raise ValueError(
            "Got a metric to add; expected none beside the terms of `player_losses` "
            "that a class names in `logged`. Judge samples with the callback "
            "EvaluateSamples."
        )

    def add_weight(self, *args, trainable=True, **kwargs):
        """Adds a variable that no player moves, such as a count."""
        _refuse_trainable(trainable)
        return super().add_weight(*args, trainable=False, **kwargs)

    def add_variable(self, *args, trainable=True, **kwargs):
        """Adds a variable that no player moves, such as a count."""
        _refuse_trainable(trainable)
        return super().add_variable(*args, trainable=False, **kwargs)

    def quantize(self, *args, **kwargs):
        """Refused: players, averages and exports take floats."""
        raise ValueError(
            "Got a call of quantize; expected none, as what trains, averages and "
            "exports a model takes its weights as floats. Export in 16 bits with "
            "export(path, half=True), or quantise an exported network."
        )


def _refuse_trainable(trainable):
    if trainable:
        raise ValueError(
            "Got a trainable variable to add to the model; expected those of its "
            "networks, which players move. Add it to a layer of a network, or pass "
            "trainable=False."
        )
