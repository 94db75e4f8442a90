"""Why a training diverged: what can still be found out when it has."""

from keras import ops

from kerasgen import training


def diagnose(model, bad_steps, x, steps_per_epoch):
    """Says since which step, in which player, and whether the data are at fault.

    Args:
        model: The `GenerativeModel` that was trained.
        bad_steps: `(first, last)` of the steps of which one gave the first loss that is
            not finite, counted in the epoch; None if losses are not at fault.
        x: What `fit` was given.
        steps_per_epoch: As `fit` was given it.

    Returns:
        Sentences.
    """
    said = []
    if bad_steps is not None:
        first, last = bad_steps
        where = f"step {first}" if first == last else f"steps {first} to {last}"
        said.append(f"It began in {where} of the epoch.")
    players = [
        name for name, own in model.player_variables().items() if not _are_finite(own)
    ]
    if players:
        said.append(f"The weights of the {' and the '.join(players)} are not finite.")
    else:
        said.append("The weights of all players are finite.")
    # Bytes of a stream are finite, and to look at all of them would take a pass.
    if not hasattr(x, "counts_passes"):
        form = (model.image_shape, model.num_labels)
        said.append(training.find_fault(x, *form, steps_per_epoch) or "")
    return " ".join(said).rstrip()


def _are_finite(variables):
    return all(bool(ops.all(ops.isfinite(v.value))) for v in variables)
