"""Settings of runs, flags of the examples, callbacks and pictures."""

import importlib.util
import pathlib
import types

import numpy as np
import pytest
from absl import flags

import kerasgen
from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen import features
from kerasgen import study
from tests.bad_input.table import check
from tests.bad_input.table import row

EXAMPLES = pathlib.Path(kerasgen.__file__).resolve().parents[1] / "examples"
IMAGES = np.zeros((4, 28, 28, 1), "uint8")
NAN = float("nan")


def _settings(**values):
    return lambda g: study.RunSettings.from_dict({"model": "dcgan", **values})


SETTINGS = [
    row("model list", _settings(model=["dcgan"]), "model"),
    row("model None", _settings(model=None), "Got model None"),
    row("dataset number", _settings(dataset=5), "dataset=5"),
    row("dataset climbs", _settings(dataset=".."), r"dataset='\.\.'"),
    row("dataset empty", _settings(dataset=""), "dataset=''"),
    row("epochs True", _settings(epochs=True), "epochs=True"),
    row("epochs text", _settings(epochs="3"), "epochs='3'"),
    row("batch_size 0", _settings(batch_size=0), "batch_size=0"),
    row("seed 1.5", _settings(seed=1.5), "seed=1.5"),
    row("huge seed", _settings(seed=2**31), f"seed={2**31}"),
    row("precision None", _settings(precision=None), "Got precision None"),
    row("conditional text", _settings(conditional="no"), "conditional='no'"),
    row("limit text", _settings(limit="100"), "limit='100'"),
    row("limit True", _settings(limit=True), "limit=True"),
    row("arguments list", _settings(arguments=["width"]), "arguments="),
    row("rate text", _settings(learning_rate_factor="2"), "learning_rate_factor='2'"),
    row("rate NaN", _settings(learning_rate_factor=NAN), "learning_rate_factor=nan"),
    row("variant climbs", _settings(variant="../x"), "a folder is named after it"),
    row("variant number", _settings(variant=5), "variant=5"),
    row("ablation is a path", _settings(ablation="/tmp"), "ablation='/tmp'"),
    row("ablation with a zero", _settings(ablation="a\0"), "ablation="),
    row("setting 5", lambda g: study.RunSettings.from_dict({5: 5}), "Got setting 5"),
    row(
        "unknown factor",
        lambda g: study.ablation_settings("colour", ["dcgan"], [0]),
        "Got factor",
    ),
    row(
        "factor of none",
        lambda g: study.ablation_settings("judge_normalization", ["cvae"], [0]),
        "no judge_normalization",
    ),
    row("no runs", lambda g: study.run_study([]), "Got no runs"),
    row("no workers", lambda g: study.run_study([], workers=0), "workers=0"),
    row("True workers", lambda g: study.run_study([], workers=True), "workers=True"),
    row("one sample", lambda g: study.run_study([], num_samples=1), "num_samples=1"),
    row(
        "twice",
        lambda g: study.run_study(2 * [study.RunSettings("dcgan")]),
        "twice; expected it once",
    ),
    row("no study", lambda g: study.load_study("nowhere"), "holds no run"),
    row("no report", lambda g: study.write_report("nowhere"), "holds no run"),
    row("no model", lambda g: study.load_model("nowhere"), "neither the folder"),
    row(
        "no export", lambda g: kerasgen.export.load("nowhere"), "folder of a SavedModel"
    ),
    row("draw 0", lambda g: study.draw(g.gan, num=0), "num=0"),
    row("draw 2.5", lambda g: study.draw(g.gan, num=2.5), "num=2.5"),
    row("draw unknown", lambda g: study.draw(g.gan, "faces"), "kind='faces'"),
    row("draw classes", lambda g: study.draw(g.gan, "classes"), "conditional"),
    row("draw a label", lambda g: study.draw(g.gan, label=3), "not conditional"),
    row("draw seed", lambda g: study.draw(g.gan, seed=2**40), f"seed={2**40}"),
]
CALLBACKS = [
    row("keep 0", lambda g: callbacks.Checkpoint("a", keep=0), "Got keep=0"),
    row("every 1.5", lambda g: callbacks.Checkpoint("a", every=1.5), "every="),
    row(
        "every True",
        lambda g: callbacks.LossHistory("a", True),
        "plot_every=|every=",
    ),
    row("rows 0", lambda g: callbacks.SampleGrid("a", rows=0), "Got rows=0"),
    row("columns text", lambda g: callbacks.SampleGrid("a", columns="8"), "columns="),
    row("seed -1", lambda g: callbacks.SampleGrid("a", seed=-1), "Got seed=-1"),
    row("patience", lambda g: callbacks.TrainingMonitor("a", patience=0), "`?patience"),
    row(
        "spread", lambda g: callbacks.TrainingMonitor("a", min_spread=NAN), "min_spread"
    ),
    row(
        "features", lambda g: callbacks.TrainingMonitor("a", features="mnits"), "mnits"
    ),
    row(
        "few points",
        lambda g: callbacks.LatentScatter("a", IMAGES, [0, 1, 2, 3], max_points=2),
        "max_points=",
    ),
    row(
        "method",
        lambda g: callbacks.LatentScatter("a", IMAGES, [0, 1, 2, 3], method="umap"),
        "`method`",
    ),
    row(
        "labels of scatter", lambda g: callbacks.LatentScatter("a", IMAGES, [0, 1]), "."
    ),
    row(
        "tile text",
        lambda g: callbacks.tile_images(IMAGES.astype(str), 2, 2),
        "[Ii]mages",
    ),
    row("tile too many", lambda g: callbacks.tile_images(IMAGES, 1, 2), "for a grid"),
    row(
        "png of floats", lambda g: callbacks.write_png("a.png", IMAGES[0] / 2), "uint8"
    ),
    row(
        "png of two",
        lambda g: callbacks.write_png("a.png", IMAGES[0].repeat(2, 2)),
        "uint8",
    ),
    row(
        "png of rank 2",
        lambda g: callbacks.write_png("a.png", IMAGES[0, ..., 0]),
        "uint8",
    ),
    row(
        "curves of nothing",
        lambda g: callbacks.draw_losses({"epoch": [1]}),
        "nothing to draw",
    ),
    row(
        "no history",
        lambda g: callbacks.read_history("history"),
        "expected a .csv or .json",
    ),
]
EVALUATION = [
    row("no dataset", lambda g: evaluation.Reference(None), "dataset of NoneType"),
    row("number", lambda g: evaluation.Reference(5), "dataset of int"),
    row("empty", lambda g: evaluation.Reference([]), "dataset of empty"),
    row("labels", lambda g: evaluation.Reference((IMAGES, [1])), "1 labels"),
    row("ragged", lambda g: evaluation.Reference(([[1], [1, 2]], None)), "rectangular"),
    row(
        "features list",
        lambda g: evaluation.Reference((IMAGES, None), features=["mnist"]),
        "features=",
    ),
    row("no metric", lambda g: evaluation.chosen_metrics("fdi"), "Got metric 'fdi'"),
    row(
        "metric 5",
        lambda g: evaluation.chosen_metrics(["silhouette", 5]),
        "Got metric 5",
    ),
    row("metrics None", lambda g: evaluation.chosen_metrics(None), "metrics"),
    row(
        "samples True",
        lambda g: kerasgen.evaluate(g.gan, num_samples=True),
        "num_samples",
    ),
    row("seed", lambda g: kerasgen.evaluate(g.gan, seed=2**31), "below 2"),
    row(
        "bound",
        lambda g: kerasgen.evaluate(g.gan, importance_images=1),
        "importance_images",
    ),
    row(
        "real samples", lambda g: evaluation.evaluate_real(num_samples=0), "num_samples"
    ),
    row("table of nothing", lambda g: evaluation.format_table({"a": {}}), "record"),
    row(
        "shipped",
        lambda g: features.load("cifar10"),
        "expected one with shipped features",
    ),
    row(
        "one class",
        lambda g: features.train("a", (IMAGES, np.zeros(4, int)), None, "a"),
        "single class",
    ),
]


@pytest.fixture(scope="module")
def given():
    """A tiny model."""
    gan = kerasgen.VanillaGAN((4, 4, 1), 2, width=2, depth=1)
    return types.SimpleNamespace(gan=gan)


@pytest.mark.parametrize(
    ("call", "message", "error"), [*SETTINGS, *CALLBACKS, *EVALUATION]
)
def test_arguments(given, call, message, error):
    check(call, message, error, given)


@pytest.fixture
def run_example(monkeypatch):
    """Parses flags and runs `main` of an example, in this process."""
    # absl has one set of flags for a process, and other tests import other scripts.
    others = {name: flags.FLAGS[name] for name in flags.FLAGS if not _is_absls(name)}
    for name in others:
        delattr(flags.FLAGS, name)
    known = set(flags.FLAGS)

    monkeypatch.syspath_prepend(EXAMPLES)

    def run(script, *arguments):
        spec = importlib.util.spec_from_file_location("example", EXAMPLES / script)
        example = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(example)
        # A flag that was right would start hours of training here.
        monkeypatch.setattr(study, "run_study", lambda *_, **__: ([], []))
        example.main(flags.FLAGS([script, *arguments]))

    yield run
    for name in set(flags.FLAGS) - known:
        delattr(flags.FLAGS, name)
    for name, flag in others.items():
        flags.FLAGS[name] = flag
    flags.FLAGS.unparse_flags()


def _is_absls(name):
    # A flag that was put back above has no module.
    module = flags.FLAGS.find_module_defining_flag(name, default="")
    return module.startswith("absl.")


ONE, ALL, VARY = "train_one.py", "train_all.py", "ablation.py"
FLAGS = [
    (ONE, ["--model=gan"], "Got model 'gan'"),
    (ONE, ["--model="], "Got model ''"),
    (ONE, ["--epochs=-1"], "epochs=-1"),
    (ONE, ["--epochs=ten"], "flag --epochs=ten"),
    (ONE, ["--epochs=1.5"], "flag --epochs=1.5"),
    (ONE, ["--epochs"], "Missing value for flag --epochs"),
    (ONE, ["--batch_size=0"], "batch_size=0"),
    (ONE, ["--seed=-1"], "seed=-1"),
    (ONE, ["--limit=3"], "limit=3"),
    (ONE, ["--precision=float8"], "precision"),
    (ONE, ["--conditional=maybe"], "conditional"),
    (ONE, ["--dataset=.."], "dataset='..'"),
    (ONE, ["--epoch=3"], "Unknown command line flag 'epoch'"),
    (ALL, ["--models=dcgan,,wgan"], "Got model ''"),
    (ALL, ["--batch_size=no"], "flag --batch_size=no"),
    (ALL, ["--workers=two"], "flag --workers=two"),
    (VARY, ["--factor=width", "--models=none"], "Got model 'none'"),
    (VARY, ["--factor=width,colour"], "Got factor 'colour'"),
    (VARY, ["--factor=width", "--levels=width=9x"], "Got level 'width=9x'"),
    (VARY, [], "factor"),
    ("generate.py", [], "path"),
    ("generate.py", ["--path=nowhere"], "neither the folder"),
    ("generate.py", ["--path=nowhere", "--kind=faces"], "kind"),
    ("generate.py", ["--path=nowhere", "--num=few"], "flag --num=few"),
    ("evaluate.py", [], "one path"),
    ("evaluate.py", ["nowhere"], "nothing at nowhere"),
    ("evaluate.py", [str(EXAMPLES), "--dataset=/etc"], "no dataset '/etc'"),
    ("evaluate.py", [str(EXAMPLES), "--data_dir=nowhere"], "not a folder"),
    ("report.py", [], "folder of one study"),
    ("report.py", ["nowhere"], "holds no run"),
    ("publish.py", ["--to=nowhere"], "holds no run"),
    ("publish.py", ["--study_dir=nowhere"], "--to must"),
    ("publish.py", ["--to=nowhere", "--readme=nothing.md"], "holds no run"),
    (
        "publish.py",
        ["--to=nowhere", "--readme=nothing.md", "--comparison=jaiswal"],
        "There is no nothing.md",
    ),
]


@pytest.mark.parametrize(("script", "arguments", "message"), FLAGS)
def test_flags(run_example, script, arguments, message):
    from absl import app

    with pytest.raises(
        (flags.Error, app.UsageError, SystemExit), match=message
    ) as told:
        run_example(script, *arguments)
    assert not isinstance(told.value, SystemExit) or told.value.code not in (0, None)
