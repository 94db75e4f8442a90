"""Coverage-guided fuzz of the IDX reader; a script, which pytest does not collect.

    pip install atheris
    python tests/data/fuzz_idx.py -max_total_time=180 -rss_limit_mb=1500

libFuzzer changes bytes, of a plain or a gzipped file, and keeps what reaches new lines
of `kerasgen/data/idx.py`. Anything but an array of the promised shape or a `ValueError`
that names the file ends it, and so does more memory than the limit (TensorFlow, which
is imported beside the reader, takes 0.7 GB of it).

Recorded run: atheris 3.0.0, Python 3.11, two shared cores; 708,498 runs in 181 seconds,
all 29 edges that were ever reached within the first seconds, peak 665 MB, no finding. A
run of 741,256 on the reader before it had its limit of 256 MiB found nothing either.
"""

import gzip
import pathlib
import sys
import tempfile

import atheris
import numpy as np

with atheris.instrument_imports(include=["kerasgen.data.idx"]):
    from kerasgen.data import idx

FOLDER = pathlib.Path(tempfile.mkdtemp())


def read_bytes(content):
    """Reads bytes as a file: the first one says if gzipped or plain, or packs them."""
    form, content = content[:1], content[1:]
    dims = 3 if form and form[0] & 1 else 1
    packed = bool(form and form[0] & 2)
    if packed and form[0] & 4:
        content = gzip.compress(content, compresslevel=1)
    path = FOLDER / ("file.gz" if packed else "file")
    path.write_bytes(content)
    try:
        array = idx.read(path, dims)
    except ValueError as error:
        if str(path) not in str(error):
            raise AssertionError(f"the file is not named: {error}") from error
    else:
        if array.dtype != np.uint8 or array.ndim != dims or array.size == 0:
            raise AssertionError(f"{array.dtype} of shape {array.shape} came")


def main():
    seeds = FOLDER / "seeds"
    seeds.mkdir()
    for dims in (1, 3):
        shape = np.array([2] * dims, ">u4").tobytes()
        file = bytes([0, 0, 8, dims]) + shape + bytes(range(2**dims))
        odd = dims == 3
        (seeds / f"plain{dims}").write_bytes(bytes([odd]) + file)
        (seeds / f"gzip{dims}").write_bytes(bytes([2 + odd]) + gzip.compress(file))
        (seeds / f"packed{dims}").write_bytes(bytes([6 + odd]) + file)
    atheris.Setup([*sys.argv, str(seeds)], read_bytes)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
