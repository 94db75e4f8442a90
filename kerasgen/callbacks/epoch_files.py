"""The numbered files of one directory: one per epoch, such as `epoch-0007.png`."""

import dataclasses
import pathlib
import re


@dataclasses.dataclass(frozen=True)
class EpochFiles:
    """Finds and names files by the number of epochs done when they were written.

    Args:
        directory: pathlib.Path.
        stem: str before the number, such as `"epoch"`.
        suffix: str after the number, with its dot, such as `".png"`.

    Example:
        >>> EpochFiles(pathlib.Path("samples"), "epoch", ".png").path(7).name
        'epoch-0007.png'
    """

    directory: pathlib.Path
    stem: str
    suffix: str

    def path(self, epochs_done: int) -> pathlib.Path:
        """Returns the path of the file that belongs to `epochs_done` epochs."""
        return self.directory / f"{self.stem}-{epochs_done:04d}{self.suffix}"

    def found(self) -> dict[int, pathlib.Path]:
        """Returns {epochs done: path} of the files on disk, in order of epochs."""
        pattern = re.compile(
            rf"{re.escape(self.stem)}-(\d{{4,}}){re.escape(self.suffix)}"
        )
        matches = ((pattern.fullmatch(p.name), p) for p in self.directory.glob("*"))
        return dict(sorted((int(match[1]), path) for match, path in matches if match))

    def remove_after(self, epochs_done: int) -> None:
        """Removes the files of later epochs: an abandoned run wrote them."""
        for number, path in self.found().items():
            if number > epochs_done:
                path.unlink(missing_ok=True)
