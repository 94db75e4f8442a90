"""Writes a trained model for use without kerasgen: SavedModel, ONNX or LiteRT.

    kerasgen export dcgan_mnist --format=onnx --output=exported/dcgan
    kerasgen export runs/mnist/cvae/seed0/model.keras --output=exported/cvae

PATH is a `.keras` file, the folder of a preset, or a preset's name.
"""

from absl import flags

ARGUMENTS = "PATH --output=FOLDER"
COUNT = (1, 1)
FORMATS = ("saved_model", "onnx", "litert")
FLAGS = flags.FlagValues()
flags.DEFINE_enum("format", "saved_model", FORMATS, "What to write.", FLAGS)
flags.DEFINE_string("output", None, "Folder to write.", FLAGS, required=True)


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Export the model at the path; the exit status."""

    from kerasgen import export
    from kerasgen import study

    model = study.load_model(arguments[0])
    if isinstance(model, export.ExportedModel):
        raise ValueError(
            f"Got {arguments[0]}, which is an export; expected a .keras file or a "
            "preset. Export the model that it was made from."
        )
    write = {
        "saved_model": type(model).export,
        "onnx": export.save_onnx,
        "litert": export.save_litert,
    }[values.format]
    folder = write(model, values.output)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    return 0
