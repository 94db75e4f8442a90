"""TFRecord files as a list of records, any of which can be read without the others."""

import pathlib
import struct
from collections.abc import Sequence

import numpy as np

# A length of 8 bytes, its checksum of 4, the record, its checksum of 4.
_HEAD, _REST = 12, 16


class RecordFiles:
    """The records of TFRecord files, uncompressed, in the order of the files.

    Only where each begins is held in memory, 24 bytes a record.

    Args:
        paths: Paths of the files, at least one record in all.

    Raises:
        ValueError: If a file is cut, compressed or no TFRecord file, or none of them
            holds a record.
        OSError: If a file cannot be read.
    """

    def __init__(self, paths: Sequence[pathlib.Path]) -> None:
        self.paths = list(paths)
        found = [_spans(path) for path in self.paths]
        self.file_of = np.repeat(np.arange(len(found)), [len(each) for each in found])
        self.spans = np.concatenate(found)
        if not len(self.spans):
            raise ValueError(
                f"Got {len(self.paths)} TFRecord files without a record; expected at "
                "least one. Look at how they were written."
            )

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, row: int) -> bytes:
        """The content of a record."""
        begin, length = self.spans[row]
        with open(self.paths[self.file_of[row]], "rb") as file:
            file.seek(int(begin))
            return file.read(int(length))


def _spans(path):
    """Begin and length of each record, int64 of shape `(records, 2)`."""
    size, position, spans = path.stat().st_size, 0, []
    with open(path, "rb", buffering=0) as file:
        while position < size:
            file.seek(position)
            head = file.read(8)
            length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
            if position + _REST + length > size:
                raise ValueError(
                    f"Got {path}, whose record {len(spans)} does not end in it; "
                    "expected a whole TFRecord file, uncompressed. Write it anew."
                )
            spans.append((position + _HEAD, length))
            position += _REST + length
    return np.array(spans, np.int64).reshape(-1, 2)
