"""What a script has found so far, in a JSON file that the same command goes on with."""

import json

from kerasgen.study import json_files


def begin(path, settings, **found):
    """The record of a call that was cut short, or a fresh one.

    Args:
        path: `pathlib.Path` of its file.
        settings: Dict of the settings that its numbers depend on.
        **found: What a fresh record holds beside them.

    Returns:
        dict with "settings" and the names of `found`.

    Raises:
        ValueError: If that call had other settings.
    """
    if not path.exists():
        return {"settings": settings, **found}
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["settings"] != settings:
        raise ValueError(
            f"{path} was made with {record['settings']}; {settings} came. Choose "
            "another --output_dir, or remove that file."
        )
    print(f"Going on from {path}; remove it to start over.", flush=True)
    return record


save = json_files.write
