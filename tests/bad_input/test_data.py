"""Images in memory, and names of data sets."""

import numpy as np
import pytest

from kerasgen import data
from tests.bad_input.table import check
from tests.bad_input.table import row

IMAGES = np.zeros((8, 4, 4, 1), "uint8")
LABELS = np.arange(8)
FILE = "train-images-idx3-ubyte.gz"


def _batches(images=IMAGES, labels=None, **changes):
    return lambda folder: data.batches(images, labels, **{"batch_size": 2, **changes})


def _fetch(name="mnist", split="train", data_dir=None):
    def call(folder):
        return data.fetch(
            name, split, data_dir=folder if data_dir is None else data_dir
        )

    return call


def _environment(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASGEN_DATA_DIR", str(folder / FILE))
        patch.setattr("kerasgen.data.tfds.download", _offline)
        patch.setattr("kerasgen.data.wheel.load", _offline)
        data.fetch("mnist")


def _offline(*_):
    raise ConnectionError("the network is dead")


CASES = [
    row("nothing", _batches(None), "dtype object"),
    row("text", _batches("digits"), "dtype <U"),
    row("array of text", _batches(IMAGES.astype(str)), "dtype <U"),
    row("objects", _batches(IMAGES.astype(object)), "type object"),
    row("ragged", _batches([[1], [1, 2]]), "rectangular"),
    row("generator", _batches(image for image in IMAGES), "dtype object"),
    row("infinite", _batches(np.full(IMAGES.shape, np.inf)), "from inf to inf"),
    row(
        "NaN in the last",
        _batches(np.where(np.arange(8)[:, None, None, None] == 7, np.nan, IMAGES)),
        "nan",
    ),
    row("five dimensions", _batches(IMAGES[None]), "expected rank 4"),
    row("no channel", _batches(IMAGES[..., :0]), "without a pixel"),
    row("labels as text", _batches(labels=LABELS.astype(str)), "type <U"),
    row("labels as objects", _batches(labels=[None] * 8), "type object"),
    row("ragged labels", _batches(labels=[[1], [1, 2]] * 4), "rectangular"),
    row("NaN labels", _batches(labels=np.full(8, np.nan)), "type float64"),
    row("bool labels", _batches(labels=LABELS > 3), "type bool"),
    row("no labels in", _batches(labels=[]), "0 labels"),
    row("batch of nothing", _batches(batch_size=None), "not a whole number"),
    row("batch in an array", _batches(batch_size=np.ones(2)), "not a whole number"),
    row("huge batch", _batches(batch_size=2**63), "out of range"),
    row("seed as text", _batches(seed="0"), "not a whole number"),
    row("NaN seed", _batches(seed=float("nan")), "not a whole number"),
    row("huge epoch", _batches(initial_epoch=2**63), "out of range"),
    row(
        "data_dir is a file",
        lambda f: data.fetch("mnist", data_dir=f / FILE),
        "not a folder",
    ),
    row("data_dir is a number", _fetch(data_dir=5), "not a folder"),
    row("data_dir is empty text", _fetch(data_dir=""), "not a folder"),
    row("data_dir with a zero", _fetch(data_dir="a\0b"), "not a folder"),
    row("environment names a file", _environment, "is not a folder"),
    row("no name", _fetch(""), "no dataset ''"),
    row("name of another type", _fetch(["mnist"]), "no dataset"),
    row("name is a path", _fetch("/etc/passwd"), "no dataset"),
    row("name climbs", _fetch("mnist/../../etc"), "no dataset"),
    row("unknown name", _fetch("mnsit"), "Did you mean mnist"),
    row("split of another type", _fetch(split=5), "split=5 cannot be read"),
    row("unknown split", _fetch(split="valid"), "no split 'valid'"),
    row("open bracket", _fetch(split="train[:5"), "cannot be read"),
    row("step", _fetch(split="train[::2]"), "cannot be read"),
    row("sum", _fetch(split="train+test"), "cannot be read"),
    row("two lines", _fetch(split="train\n"), "cannot be read"),
    row("more than all", _fetch(split="train[:129]"), "128 images here"),
    row("more than 100 %", _fetch(split="train[:101%]"), "128 images here"),
    row("no rows", _fetch(split="train[5:5]"), "no images"),
    row("huge row", _fetch(split="train[:" + 5000 * "9" + "]"), "."),
    row("load: batch", lambda f: data.load(data_dir=f, batch_size=0), "out of range"),
    row("load: too few", lambda f: data.load(data_dir=f, batch_size=999), "fewer than"),
    row("arrays: split", lambda f: data.load_arrays(split="", data_dir=f), "split=''"),
]


@pytest.mark.parametrize(("call", "message", "error"), CASES)
def test_bad_data(idx_folder, monkeypatch, call, message, error):
    monkeypatch.setattr("kerasgen.data.tfds.knows", lambda name: False)
    check(call, message, error, idx_folder)
