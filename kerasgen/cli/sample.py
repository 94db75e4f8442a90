"""Draws pictures from a trained model: samples, a row a class, or interpolations.

    kerasgen sample --preset=dcgan_mnist --num=64 --seed=7 --output=samples.png
    kerasgen sample saved_models/dcgan_mnist --kind=interpolation
    kerasgen sample runs/mnist-conditional/cvae/seed0/model.keras --kind=classes
    kerasgen sample dcgan_mnist --kind=interpolation --output=moving.gif

PATH is a `.keras` file, the folder of a SavedModel or of a preset, or a preset's name.
The result is one PNG, or a GIF whose images all move between two latents.
"""

from absl import flags

ARGUMENTS = "PATH|--preset=NAME"
COUNT = (0, 1)
PICTURES = ("samples", "classes", "interpolation")
FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "preset", None, "Preset of the package by name, or its folder.", FLAGS
)
flags.DEFINE_enum("kind", "samples", PICTURES, "What to draw.", FLAGS)
flags.DEFINE_integer("num", 64, "Number of images.", 1, flag_values=FLAGS)
flags.DEFINE_integer("seed", 0, "Seed of the latents.", flag_values=FLAGS)
flags.DEFINE_integer(
    "label", None, "Class of all images, of a conditional model.", flag_values=FLAGS
)
flags.DEFINE_string(
    "output", "samples.png", "File to write: .png, or .gif of an interpolation.", FLAGS
)


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Draw from the model at a path, or from `values.preset`; the exit status."""
    if (values.preset is None) == (not arguments):
        both = "both a path and a preset" if arguments else "no model"
        raise ValueError(
            f"Got {both}; expected one of PATH and --preset=NAME. `kerasgen models` "
            "lists the presets."
        )
    is_animated = values.output.lower().endswith(".gif")
    if is_animated and values.kind != "interpolation":
        raise ValueError(
            f"Got --output={values.output} with --kind={values.kind}; expected a name "
            "that ends in .png. A GIF takes --kind=interpolation."
        )
    if not values.output.lower().endswith((".png", ".gif")):
        raise ValueError(
            f"Got --output={values.output}; expected a name that ends in .png or .gif."
        )
    if values.kind == "classes" and values.label is not None:
        raise ValueError(
            f"Got --label={values.label} with --kind=classes, which draws all of them; "
            "expected none. Leave it out, or take --kind=samples."
        )
    from kerasgen import callbacks
    from kerasgen import study
    from kerasgen.core.base import GenerativeModel

    if arguments:
        model = study.load_model(arguments[0])
    else:
        model = GenerativeModel.from_preset(values.preset)
    given = {"num": values.num, "seed": values.seed, "label": values.label}
    if is_animated:
        callbacks.write_loop(values.output, study.animate(model, **given))
    else:
        picture = study.draw(model, values.kind, **given)
        callbacks.write_png(values.output, picture)
    print(f"{values.kind} of {values.preset or arguments[0]}: {values.output}")
    return 0
