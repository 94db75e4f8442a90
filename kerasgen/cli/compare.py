"""Trains and judges the models of a comparison, exports them, and reports.

    kerasgen compare             # 100 epochs each: some hours on 2 cores
    kerasgen compare --seeds=5   # five seeds: numbers with their spread
    kerasgen compare --quick     # 2 epochs on 10,000 images: minutes
    kerasgen compare --arm=modern            # one arm of the comparison
    kerasgen compare --comparison=none --models=vae,wae  # other models, side by side
    kerasgen compare --seeds=5 --shard=0/2   # half of it, the rest elsewhere

Interrupted, the same command goes on where it was. Shards share the runs directory and
write no report. The result is `report.html` in `runs/mnist/` (a verdict on each claim
of the comparison, its figures, tables, curves), run directories with sample grids, loss
curves and latent plots, and a SavedModel of every model.
"""

from absl import flags

from kerasgen.cli import train

ARGUMENTS = ""
COUNT = (0, 0)
QUICK = {"epochs": 2, "num_samples": 2000, "workers": 2}
FLAGS = flags.FlagValues()
train.define_flags(FLAGS)
flags.DEFINE_string(
    "comparison",
    "jaiswal",
    'Comparison whose claims are judged; "none" sets --models side by side.',
    FLAGS,
)
flags.DEFINE_list(
    "models", None, "Models, by comma; default: the comparison's.", flag_values=FLAGS
)
flags.DEFINE_string(
    "arm", None, "Arm of the comparison, with its seeds, and epochs by default.", FLAGS
)
flags.DEFINE_string(
    "shard", None, "i/n: every n-th run from the i-th on, from 0.", FLAGS
)
flags.DEFINE_integer(
    "seeds", 1, "Number of seeds from --seed on.", 1, flag_values=FLAGS
)
flags.DEFINE_integer("workers", 1, "Runs at the same time.", 1, flag_values=FLAGS)
flags.DEFINE_enum(
    "executor", "local", ["local", "ray"], "Where the runs go.", flag_values=FLAGS
)
flags.DEFINE_string("ray_address", "auto", "Address of a Ray cluster.", FLAGS)
flags.DEFINE_float(
    "cpus_per_run", 1.0, "Cores of a run on Ray.", 0.01, flag_values=FLAGS
)
flags.DEFINE_float(
    "gpus_per_run", 0.0, "GPUs of a run on Ray, or a part.", 0.0, flag_values=FLAGS
)
flags.DEFINE_bool(
    "quick", False, "2 epochs, 10,000 images, 2,000 samples, 2 at a time.", FLAGS
)


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Carry out the comparison; the exit status."""
    from kerasgen import comparisons
    from kerasgen import study

    comparison = comparisons.get_comparison(values.comparison)
    if comparison is None and (values.arm or not values.models):
        raise ValueError(
            "Got --comparison=none; expected --models, and no --arm, with it. Name the "
            "models to set side by side."
        )
    names = ("runs_dir", "saved_models_dir", "data_dir", "resume")
    report, failures = study.run_study(
        _settings(comparison, values),
        comparison=comparison,
        num_samples=_value(values, "num_samples"),
        workers=_value(values, "workers"),
        executor=_executor(values),
        shard=values.shard and study.parse_shard(values.shard),
        **{name: values[name].value for name in names},
    )
    if report:
        print(train.ending(report, values))
    return 1 if failures else 0


def _executor(values):
    """Where the runs go, or None for processes of this machine."""
    of_a_run = ("cpus_per_run", "gpus_per_run")
    if values.executor == "local":
        for name in ("ray_address", *of_a_run):
            if values[name].present:
                raise ValueError(
                    f"Got --{name} for runs on this machine, which share it; expected "
                    "--executor=ray with it. Leave it out, or choose --workers."
                )
        return None
    from kerasgen.study.ray_executor import RayTasks

    resources = [values[name].value for name in of_a_run]
    return RayTasks(values.ray_address, _value(values, "workers"), *resources)


def _value(values, name):
    """A flag's value; with --quick the quick one, unless the flag was given."""
    if not values.quick or values[name].present:
        return values[name].value
    if name == "workers":
        from kerasgen.study.environment import available_cores

        # A run keeps one core busy: two end in little more than half of the time.
        return min(QUICK[name], available_cores())
    return QUICK[name]


def _settings(comparison, values):
    from kerasgen import study
    from kerasgen.study import arms

    common = {
        "dataset": values.dataset,
        "image_size": values.image_size,
        "channels": values.channels,
        "precision": values.precision,
        "limit": 10_000 if values.quick else None,
    }
    if values.arm is not None:
        for name in ("seed", "seeds", "batch_size", "conditional", "published"):
            if values[name].present:
                raise ValueError(
                    f"Got --{name} with --arm={values.arm}; expected one, since an "
                    "arm fixes its seeds and settings. Leave one out."
                )
        if values.quick or values["epochs"].present:
            common["epochs"] = _value(values, "epochs")
        return arms.arm_settings(comparison, values.arm, values.models, **common)
    common |= {
        "epochs": _value(values, "epochs"),
        "batch_size": values.batch_size,
        "conditional": values.conditional,
        **train.published(values),
    }
    return [
        study.RunSettings(model=model, seed=seed, **common)
        for seed in range(values.seed, values.seed + values.seeds)
        for model in values.models or comparison.models
    ]
