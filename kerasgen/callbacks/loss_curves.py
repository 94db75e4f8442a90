"""Loss curves of any model of the zoo, one panel per kind of quantity."""

import math
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Losses that share a scale. The players of a game have a panel each, since the range of
# one is often a hundredth of what lies between them.
TOGETHER = {"Total and reconstruction loss": ("loss", "reconstruction_loss")}
# One colour a role, none of which is a model's in a report; read on light and dark.
COLORS = {
    "generator_loss": "#6b6ecf",
    "discriminator_loss": "#bd9e39",
    "critic_loss": "#bd9e39",
    "adversarial_loss": "#a55194",
    "loss": "#7f7f7f",
    "reconstruction_loss": "#8ca252",
    "kl_divergence": "#d6616b",
}
OTHER_COLOR = "#17a2a2"
LIKELIHOOD_KEYS = {"reconstruction_loss", "kl_divergence"}


def draw_losses(history: Mapping | Sequence[Mapping], title: str = "") -> Figure:
    """Draw the losses of a training run, or of several with a band over them.

    Total and reconstruction loss share a panel; each player of a game, the divergence
    and every other quantity have one of their own. Validation is dashed. A
    few values far away from all others (spikes) do not flatten the rest: they are
    marked with triangles at the edge and counted under the panel's title.

    Args:
        history: Dict of columns, as `read_history` returns it, or a list of them: the
            line is then the mean, the band reaches from the least to the largest.
        title: str, the figure's title. Default none.

    Returns:
        matplotlib.figure.Figure, without a canvas of any backend; save it with
        `figure.savefig(path)`.

    Raises:
        ValueError: If the history has no column besides `epoch` and `seconds`.

    Example:
        >>> draw_losses(read_history("run/history.csv")).savefig("losses.png")
    """
    histories = [history] if isinstance(history, Mapping) else history
    keys = list(dict.fromkeys(key for one in histories for key in one))
    panels = choose_panels(keys)
    if not panels:
        raise ValueError(
            f"The history has only the columns {keys} and so nothing to draw; let "
            "`train_step` return losses."
        )
    columns = 2 if len(panels) == 4 else min(len(panels), 3)
    rows = math.ceil(len(panels) / columns)
    width, height = (7.5 if columns == 1 else 5.4) * columns, 4.3 * rows + 0.4
    figure = Figure(figsize=(width, height), dpi=110)
    figure.suptitle(title, fontsize=14, y=1 - 0.15 / height, va="top")
    for index, (name, keys) in enumerate(panels.items()):
        row, column = divmod(index, columns)
        # In inches: each panel keeps room for its title, its labels and its legend.
        left, bottom = column * width / columns + 0.95, (rows - 1 - row) * 4.3 + 1.2
        right = (column + 1) * width / columns - 0.25
        box = (left / width, bottom / height, (right - left) / width, 2.45 / height)
        axes = figure.add_axes(box)
        plot_losses(axes, histories, keys, name)
    return figure


def choose_panels(history: Iterable[str]) -> dict[str, list[str]]:
    """Return {panel title: log keys in it} for the keys that `history` has."""
    present = [key for key in history if key not in ("epoch", "seconds")]
    present = list(dict.fromkeys(key.removeprefix("val_") for key in present))
    panels = {}
    for key in present:
        shared = (title for title, keys in TOGETHER.items() if key in keys)
        title = next(shared, _spoken(key)[0].upper() + _spoken(key)[1:])
        panels.setdefault(title, []).append(key)
    return panels


def plot_losses(
    axes, histories: Sequence[Mapping], keys: Sequence[str], title: str = ""
) -> None:
    """Plot losses that share a scale on given axes.

    Args:
        axes: `matplotlib.axes.Axes`.
        histories: List of histories, as for `draw_losses`.
        keys: Log keys, a line each.
        title: Title of the panel.
    """
    curves = []
    for key in keys:
        for name, style in ((key, "-"), (f"val_{key}", "--")):
            if any(name in history for history in histories):
                curves.append(_plot_curve(axes, histories, name, key, style))
    likelihood = any(LIKELIHOOD_KEYS & history.keys() for history in histories)
    axes.set_ylabel(_unit(keys, likelihood), fontsize=11)
    note = _focus(axes, curves)
    axes.set_title(title, loc="left", fontsize=12, pad=22 if note else 9)
    axes.set_xlabel("epoch", fontsize=11)
    epochs = [epoch for history in histories for epoch in history["epoch"]]
    first, last = min(epochs), max(epochs)
    border = max(0.5, 0.02 * (last - first))
    axes.set_xlim(first - border, last + border)
    whole = MaxNLocator(integer=True, steps=(1, 2, 5, 10), min_n_ticks=1)
    axes.xaxis.set_major_locator(whole)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.annotate(
        note,
        (0, 1),
        xytext=(0, 7),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=9,
        color="dimgrey",
    )
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.2),
        ncols=2,
        fontsize=10,
        frameon=False,
    )


def _plot_curve(axes, histories, name, key, style):
    """A line, of several histories with a band; returns its epochs, values, colour."""
    found = {}
    for history in histories:
        for epoch, value in zip(history["epoch"], history.get(name, ()), strict=False):
            if value is not None:
                found.setdefault(epoch, []).append(float(value))
    epochs = np.array(sorted(found), dtype=float)
    rows = [np.array(found[epoch]) for epoch in sorted(found)]
    values = np.array([row.mean() for row in rows])
    color = COLORS.get(key, OTHER_COLOR)
    axes.plot(
        epochs,
        np.where(np.isfinite(values), values, np.nan),
        style,
        marker="o" if len(values) <= 20 else None,
        markersize=4,
        color=color,
        label=_spoken(key) + (" (validation)" if style == "--" else ""),
    )
    if any(len(row) > 1 for row in rows):
        low, high = ([f(row) for row in rows] for f in (np.min, np.max))
        axes.fill_between(epochs, low, high, color=color, alpha=0.2, linewidth=0)
    return epochs, values, color


def _focus(axes, curves):
    """Limits the axis to where the curves run; marks what lies outside, returns why."""
    values = np.concatenate([values for _, values, _ in curves])
    finite = values[np.isfinite(values)]
    notes = []
    if len(finite) < len(values):
        notes.append(f"not finite: {len(values) - len(finite)}")
    if len(finite) == 0:
        return notes[0]
    low, high = _limits(finite)
    axes.set_ylim(low, high)
    outside = finite[(finite < low) | (finite > high)]
    if len(outside):
        farthest = outside[np.abs(outside - np.median(finite)).argmax()]
        notes.append(f"off scale: {len(outside)}, farthest {farthest:.4g}")
    for epochs, curve, color in curves:
        for beyond, edge, marker in ((curve > high, 1, "^"), (curve < low, 0, "v")):
            marked = epochs[beyond & np.isfinite(curve)]
            if len(marked):
                axes.plot(
                    marked,
                    np.full(len(marked), edge),
                    marker,
                    color=color,
                    markersize=6,
                    transform=axes.get_xaxis_transform(),
                    clip_on=False,
                )
    return "; ".join(notes)


def _limits(values):
    low, high = np.percentile(values, (3, 97))
    spread = max(high - low, 1e-2 * abs(high), 1e-6)
    near = values[(values >= low - 3 * spread) & (values <= high + 3 * spread)]
    border = 0.05 * max(np.ptp(near), spread)
    return near.min() - border, near.max() + border


def _unit(keys, likelihood):
    if LIKELIHOOD_KEYS & set(keys) or (likelihood and "loss" in keys):
        return "nats per image"
    return "value" if len(keys) == 1 and not keys[0].endswith("loss") else "loss"


def _spoken(key):
    return {"kl_divergence": "KL divergence"}.get(key, key.replace("_", " "))
