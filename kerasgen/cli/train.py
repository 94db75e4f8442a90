"""Trains one model, judges it, exports it, and reports.

    kerasgen train dcgan --epochs=10
    kerasgen train cvae --conditional --limit=10000 --epochs=2
    kerasgen train sgan --conditional --published    # settings of its paper
    kerasgen train dcgan --dataset=pictures/ --image_size=32 --channels=3

MODEL is a name of those that `kerasgen models` prints. Interrupted, the same command
goes on where it was. The result is a run directory, a SavedModel and a report on all
runs of the study that are there.
"""

import shlex

from absl import flags

ARGUMENTS = "MODEL"
COUNT = (1, 1)
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")
FLAGS = flags.FlagValues()


def define_flags(known: flags.FlagValues) -> None:
    """Define the flags that one run and a comparison have in common."""
    flags.DEFINE_string(
        "dataset",
        "mnist",
        "MNIST, another image set of TFDS by name, or one's own: a folder of pictures, "
        "with a subfolder for each class if there are any, or a .npy or .npz file; "
        "stream:FOLDER leaves its images, pictures or TFRecord files, on disk.",
        known,
    )
    flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.", known)
    for name, default, said in (
        ("epochs", 100, "Passes over the training images."),
        ("batch_size", 64, "Images in a batch."),
        ("num_samples", 10_000, "Samples that each model is judged by."),
    ):
        flags.DEFINE_integer(name, default, said, 1, flag_values=known)
    flags.DEFINE_integer(
        "seed", 0, "Seed of weights, noise and data order.", flag_values=known
    )
    flags.DEFINE_integer(
        "image_size", None, "Scale images to squares of so many pixels.", 4, None, known
    )
    flags.DEFINE_integer(
        "channels", None, "1 for grey, 3 for colour; default: as they are.", 1, 3, known
    )
    flags.DEFINE_enum("precision", "auto", PRECISIONS, "Numbers to compute in.", known)
    flags.DEFINE_bool("conditional", False, "Condition on labels.", known)
    flags.DEFINE_bool("published", False, "Settings as each paper has them.", known)
    flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.", known)
    flags.DEFINE_string(
        "saved_models_dir", "saved_models", "Folder of the SavedModels.", known
    )
    flags.DEFINE_bool(
        "resume", True, "Go on with what was interrupted, or start over.", known
    )


define_flags(FLAGS)
flags.DEFINE_integer(
    "limit", None, "Train on the first so many images only.", 1, flag_values=FLAGS
)


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Train the model named by the one argument; the exit status."""
    from kerasgen import study

    names = ("dataset", "image_size", "channels", "epochs", "batch_size", "seed")
    names += ("precision", "conditional", "limit")
    common = {name: values[name].value for name in names} | published(values)
    settings = study.RunSettings(model=arguments[0], **common)
    names = ("runs_dir", "saved_models_dir", "data_dir", "num_samples", "resume")
    report, failures = study.run_study(
        [settings], **{name: values[name].value for name in names}
    )
    if report:
        print(ending(report, values))
    return 1 if failures else 0


def published(values: flags.FlagValues) -> dict:
    """Fields of `RunSettings` that --published sets; {} without it."""
    if not values.published:
        return {}
    is_given = values["batch_size"].present
    return {"arm": "published", "batch_size": values.batch_size if is_given else None}


def ending(report, values: flags.FlagValues) -> str:
    """End of a study: its first numbers, where all of it lies, the next command.

    Args:
        report: `pathlib.Path` of the report, beside which `summary.csv` lies.
        values: Flags of the command.

    Returns:
        str of several lines.
    """
    import pandas as pd

    from kerasgen.metrics.specifications import describe
    from kerasgen.study.report.tables import HEADLINE

    found = pd.read_csv(report.with_name("summary.csv"))
    found = found[found.stage == "final"]
    # Codes found by inversion have a table of their own in the report.
    found = found[~found.metric.str.startswith("inverted_")]
    found["title"] = [describe(name).title for name in found.metric]
    table = found[found.title.isin(HEADLINE)].pivot_table(
        "mean", "model", "title", sort=False
    )
    lines = (
        []
        if table.empty
        else [table.to_string(float_format="{:.3g}".format, na_rep="-"), ""]
    )
    models = sorted(report.parent.glob("*/seed*/model.keras"))
    lines += [
        f"report    {report}",
        f"pictures  {report.parent}/*/seed*/samples/",
        f"exports   {values.saved_models_dir}/",
    ]
    if models:
        line = ["kerasgen", "explore", str(models[0])]
        if values.dataset != "mnist":
            line.append(f"--dataset={values.dataset}")
        if values.data_dir:
            line.append(f"--data_dir={values.data_dir}")
        lines.append(f"next      {shlex.join(line)}")
    return "\n".join(lines)
