"""Features of large sets of images, kept on disk from one process to the next.

Every run of a study is judged against the same real images, in a process of its own:
their features are computed once for a machine.
"""

import hashlib
import io
import zipfile

import numpy as np
import tensorflow as tf

from kerasgen import files
from kerasgen.features.extractor import Extracted
from kerasgen.features.extractor import FeatureExtractor
from kerasgen.features.trained_extractor import cache_folder

# Fewer images are computed anew in a moment.
LEAST_IMAGES = 5000


def kept_features(extractor: FeatureExtractor, images: np.ndarray) -> Extracted:
    """`extractor(images)`, from the disk where it was computed before.

    Args:
        extractor: Its features are kept if it has a `fingerprint`.
        images: array `(n, height, width, channels)`, uint8 or floats in [0, 1]. Those
            of fewer than 5000 images are not kept.

    Returns:
        `Extracted(features, probabilities)`.
    """
    if extractor.fingerprint is None or len(images) < LEAST_IMAGES:
        return extractor(images)
    path = _path(extractor, images)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as found:
            return Extracted(found["features"], found.get("probabilities"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        computed = extractor(images)
    arrays = {k: v for k, v in computed._asdict().items() if v is not None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(path) as temporary:
            np.savez(temporary, **arrays)
    except (OSError, ValueError):
        pass  # a full or read-only disk costs time, no more
    return computed


def _path(extractor, images):
    digest = hashlib.blake2b(np.ascontiguousarray(images).data, digest_size=16)
    # Another release may round otherwise.
    for part in (extractor.fingerprint, images.shape, images.dtype, tf.__version__):
        digest.update(repr(part).encode())
    return cache_folder() / f"features/{extractor.name}-{digest.hexdigest()}.npz"
