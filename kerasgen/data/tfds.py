"""TensorFlow Datasets: sets prepared on this machine, and sets to be downloaded.

`tensorflow_datasets` is imported inside the functions that use it, so that
`import kerasgen.data` neither needs it nor waits for it.

EMNIST is stored transposed: TFDS's own description says that its images are
"inverted horizontally and rotated 90 anti-clockwise" and advises `tf.transpose`.
The two together are a transposition, so EMNIST comes upright from here.
"""

import contextlib
import os
import pathlib
import queue
import re
import threading
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
import tensorflow as tf
from absl import logging

from kerasgen.data.image_set import ImageSet
from kerasgen.files import PathLike
from kerasgen.files import user_path

# TFDS takes over three minutes to admit that there is no network, so ask first.
PROBE_SECONDS = 4.0


def default_folder():
    """TFDS's own data folder: `TFDS_DATA_DIR` or `~/tensorflow_datasets`."""
    given = os.environ.get("TFDS_DATA_DIR")
    return pathlib.Path(given or "~/tensorflow_datasets").expanduser()


def knows(name: str) -> bool:
    """Whether the installed TFDS can make the set `name`; False without TFDS."""
    try:
        tfds = _import()
    except ImportError:
        return False
    base, _, config = name.partition("/")
    if base not in tfds.list_builders(with_community_datasets=False):
        return False
    return not config or config in tfds.builder_cls(base).builder_configs


def find(folder: PathLike, name: str):
    """The newest prepared version of a set.

    Args:
        folder: path, a TFDS data folder.
        name: str, a set's name, with its configuration after a slash if it has any.

    Returns:
        The path `folder/name/<version>`, or None if there is none.
    """
    versions = [
        info.parent
        for info in (user_path(folder) / name).glob("*/dataset_info.json")
        if re.fullmatch(r"\d+\.\d+\.\d+", info.parent.name)
    ]
    return max(
        versions, key=lambda path: [*map(int, path.name.split("."))], default=None
    )


def prepared(folder: PathLike, name: str, split: str):
    """Reads a set that TFDS has prepared before; the network is not touched.

    Args:
        folder: path, a TFDS data folder.
        name: str, a set's name.
        split: `Split`.

    Returns:
        An `ImageSet`.

    Raises:
        FileNotFoundError: if the set is not prepared there.
        ImportError: if it is, and TFDS is not installed.
        ValueError: if there is no such split, the set is not one of labelled images of
            one size, or its files are damaged.
    """
    found = find(folder, name)
    if found is None:
        raise FileNotFoundError(
            f"no prepared TFDS data {user_path(folder) / name}/<version>"
        )
    builder = _import().builder_from_directory(str(found))
    source = f"TFDS {name}:{builder.version} prepared in {folder}"
    return _read(builder, name, split, source)


def download(name: str, split: str, folder: PathLike | None = None) -> None:
    """Lets TFDS download and prepare a set, then reads it.

    Args:
        name: str, a set's name.
        split: `Split`.
        folder: path of the TFDS data folder to prepare it in; None: `default_folder()`.

    Returns:
        An `ImageSet`.

    Raises:
        ImportError: if TFDS is not installed.
        ConnectionError: if the set's server does not answer, or the download fails.
        ValueError: as for `prepared`.
    """
    folder = default_folder() if folder is None else folder
    with _quiet():  # TFDS warns that the folder it is about to make is not there.
        builder = _import().builder(name, data_dir=str(folder))
    if not builder.is_prepared():
        probe(next(iter(builder.url_infos or ()), "https://storage.googleapis.com"))
        try:
            builder.download_and_prepare()
        except Exception as error:  # TFDS has no common class for what goes wrong
            raise ConnectionError(f"TFDS could not prepare {name}: {error}") from error
    source = f"TFDS download {name}:{builder.version} to {folder}"
    return _read(builder, name, split, source)


@contextlib.contextmanager
def _quiet():
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def probe(url: str, seconds: float = PROBE_SECONDS) -> None:
    """Returns if the host of `url` answers anything within `seconds`.

    Args:
        url: str, an address whose host is asked, through a proxy if one is set.
        seconds: float, how long to wait.

    Raises:
        ConnectionError: if it does not; it says why.
    """
    host = urllib.parse.urlsplit(url)._replace(path="/", query="", fragment="").geturl()
    answer = queue.SimpleQueue()

    def ask():
        try:
            urllib.request.urlopen(host, timeout=seconds).close()
            answer.put(None)
        except urllib.error.HTTPError as error:  # a refusal is an answer
            error.close()
            answer.put(None)
        except Exception as error:
            answer.put(error)

    # In a thread, because nothing bounds the time that looking up a name takes.
    threading.Thread(target=ask, daemon=True).start()
    try:
        error = answer.get(timeout=seconds)
    except queue.Empty:
        error = f"no answer within {seconds:g} s"
    if error is not None:
        raise ConnectionError(f"{host} cannot be reached ({error})")


def _import():
    try:
        import tensorflow_datasets
    except ImportError as error:
        raise ImportError(
            f"tensorflow-datasets cannot be imported ({error}): "
            "pip install tensorflow-datasets importlib_resources"
        ) from error
    return tensorflow_datasets


def _read(builder, name, split, source):
    height, width, channels, num_classes = _features(builder, name)
    split.check(builder.info.splits)
    first, end = split.rows(builder.info.splits[split.base].num_examples)
    images = np.empty((end - first, height, width, channels), np.uint8)
    labels = np.empty(end - first, np.int32)
    rows = _import().core.ReadInstruction(split.base, from_=first, to=end, unit="abs")
    read = 0
    try:
        for batch in builder.as_dataset(split=rows).batch(1024).as_numpy_iterator():
            after = read + len(batch["label"])
            images[read:after], labels[read:after] = batch["image"], batch["label"]
            read = after
    except (tf.errors.OpError, OSError) as error:
        raise ValueError(f"{_damaged(builder)}: {error}") from error
    if read != len(labels):
        raise ValueError(f"{_damaged(builder)}: {read} of {len(labels)} images came.")
    if name.split("/")[0] == "emnist":
        images = np.ascontiguousarray(images.transpose(0, 2, 1, 3))
    return ImageSet(name, split.text, images, labels, num_classes, source)


def _damaged(builder):
    return (
        f"The TFDS data in {builder.data_path} cannot be read; delete that folder and "
        "let TFDS prepare it anew"
    )


def _features(builder, name):
    features = builder.info.features or {}
    shape = features["image"].shape if "image" in features else ()
    label = features["label"] if "label" in features else None  # noqa: SIM401
    num_classes = getattr(label, "num_classes", None)
    if len(shape) != 3 or None in shape or num_classes is None:
        raise ValueError(
            f"{name} has the features {features}. Expected an 'image' of one fixed "
            "size and a 'label' with a known number of classes: load it with "
            "tensorflow_datasets, and give the arrays to kerasgen.data.batches."
        )
    return *shape, num_classes
