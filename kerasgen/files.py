"""Files that appear whole or not at all: written beside their place, then renamed.

A run can be killed at any moment. A reader, or the run that resumes, must then find
either the file as it was before or the complete new one, never half of one.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import tempfile

# A path as users pass it.
PathLike = str | os.PathLike[str]
PARTIAL_PREFIX = ".partial-"
OLD_PREFIX = ".partial-old-"
# Of Linux: paths are relative to the working directory; two names are exchanged.
AT_FDCWD = -100
RENAME_EXCHANGE = 2


def user_path(path):
    """A path as a user writes it, in a flag or an argument.

    Args:
        path: str or path; `~` and `~name` stand for home folders, blanks and letters of
            any language are kept.

    Returns:
        pathlib.Path without `~`.

    Raises:
        ValueError: If it is no path, is empty, or names the home of nobody.

    Example:
        >>> user_path("runs/first").as_posix()
        'runs/first'
    """
    is_path = isinstance(path, str | os.PathLike) and "\0" not in os.fspath(path)
    if not is_path or not os.fspath(path).strip():
        # Empty text would mean the folder that the program happens to run in.
        raise ValueError(
            f"Got the path {path!r}; expected the name of a file or folder. For the "
            "current folder write '.'."
        )
    try:
        return pathlib.Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"Got the path {str(path)!r}, and {error}; expected ~ or the ~name of a "
            "user of this machine. Write the whole path."
        ) from error


def prepare_directory(directory):
    """Creates `directory` and makes sure that files can be written to it.

    Args:
        directory: str or path; missing parents are created too.

    Returns:
        pathlib.Path of the directory.

    Raises:
        ValueError: If a file stands where a directory is needed, or the directory
            cannot be created or written to.

    Example:
        >>> prepare_directory("runs/first/samples").is_dir()
        True
    """
    directory = user_path(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Without a name where the system can do that: a kill leaves nothing.
        with tempfile.TemporaryFile(dir=directory):
            pass
    except (FileExistsError, NotADirectoryError):
        places = [directory, *directory.parents]
        file = next(place for place in places if place.is_file())
        raise ValueError(
            f"'{directory}' cannot be a directory because a file is in its place: "
            f"'{file}'. Remove that file or choose another directory."
        ) from None
    except OSError as error:
        raise ValueError(
            f"Nothing can be written to the directory '{directory}' ({error}); make "
            f"it writable or choose another directory."
        ) from error
    return directory


def _followed(path):
    """A path as the user means it, and of a link what it leads to."""
    path = user_path(path)
    return path.resolve() if path.is_symlink() else path


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary path whose file takes the place of `path` at the end.

    The temporary file lies in the same directory, so that the rename is atomic, and
    ends like `path`, because Keras, Pillow and Matplotlib go by the ending. Its name
    is the same each time: a killed run leaves one stray file at most, which the next
    write replaces. If the block raises, the file at `path` stays as it was.

    Args:
        path: str or path of the file that is to appear.

    Yields:
        pathlib.Path to write to.

    Example:
        >>> with replacing("settings.json") as temporary:
        ...     temporary.write_text("{}")
        2
    """
    path = _followed(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(PARTIAL_PREFIX + path.name)
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_folder(path, write):
    """Lets `write` fill a temporary folder, then puts it in the place of `path`.

    On Linux an older folder there is exchanged for the new one in one step, on most
    file systems. Elsewhere there is a moment without either; if a kill comes then, the
    next call puts the older one back.

    Args:
        path: str or path of the folder; an older one there is replaced whole.
        write: Function of the path (str) of the temporary folder.

    Raises:
        ValueError: If nothing can be written beside `path`.

    Example:
        >>> write_folder("exported", model.export)
    """
    path = _followed(path)
    if path.is_file():
        raise ValueError(
            f"Got {path}, which is a file; expected a folder or a new name. Remove the "
            "file, or write elsewhere."
        )
    prepare_directory(path.parent)
    temporary = path.with_name(PARTIAL_PREFIX + path.name)
    old = path.with_name(OLD_PREFIX + path.name)
    _put_back(old, path)
    _remove(temporary)
    try:
        write(str(temporary))
        for file in temporary.rglob("*"):
            if file.is_file():
                _flush_to_disk(file)
        if not (path.exists() and _exchange(temporary, path)):
            if path.exists():
                path.rename(old)
            temporary.rename(path)
    finally:
        _put_back(old, path)
        _remove(temporary)
        _remove(old)


def remove_partial_files(directory):
    """Removes what a killed run left half written in `directory`.

    A folder that was about to be replaced is put back where the new one is missing.
    For the run that owns the directory and is about to write to it: another
    process's unfinished files would go as well.

    Args:
        directory: str or path.
    """
    for path in user_path(directory).glob(f"{PARTIAL_PREFIX}*"):
        if path.name.startswith(OLD_PREFIX):
            _put_back(path, path.with_name(path.name.removeprefix(OLD_PREFIX)))
        _remove(path)


def _exchange(first, second):
    """Exchanges two folders in one step; False where the system cannot."""
    try:
        exchange = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return False
    names = os.fsencode(first), os.fsencode(second)
    return not exchange(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)


def _put_back(old, path):
    """Undoes the first of the two renames that replace a folder, if it stands alone."""
    if old.exists() and not path.exists():
        old.rename(path)


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _flush_to_disk(path):
    # Without this a power cut can keep the rename and lose the contents.
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
