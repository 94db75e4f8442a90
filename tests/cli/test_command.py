"""The command line is read, and slips are answered, before TensorFlow is imported."""

import configparser
import copy
import importlib
import os
import pathlib
import subprocess
import sys

import pytest

import kerasgen
from kerasgen import comparisons
from kerasgen import study
from kerasgen.cli import command
from kerasgen.cli import compare
from kerasgen.cli import sample
from kerasgen.cli import train
from kerasgen.core.registry import model_class

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("trian dcgan", "Got the command 'trian'; .* Did you mean 'train'?"),
        ("xyz", "Got the command 'xyz'; .* Run kerasgen --help."),
        ("train dcgan --epoch=3", "unknown flag --epoch; .* Did you mean --epochs?"),
        ("train dcgan --xyz", "unknown flag --xyz; .* Run kerasgen train --help."),
        ("train dcgan --epochs=many", "Got flag --epochs=many.* kerasgen train --help"),
        ("train dcgan --epochs=0", "Got flag --epochs=0.* kerasgen train --help"),
        ("train dcgan epochs=3", "Got the argument 'epochs=3'; .* mean --epochs=3?"),
        ("train", "Got nothing after kerasgen train; expected .*train MODEL"),
        ("compare dcgan", "Got the argument 'dcgan'; expected kerasgen compare"),
        ("sample --kind=foo", "Got flag --kind=foo.* one of <samples"),
        ("export dcgan_mnist", "Got flag --output=None.* kerasgen export --help"),
        ("check", "Got nothing after kerasgen check; expected .*PATH"),
    ],
)
def test_slips_are_answered(capsys, line, answer):
    assert command.main(line.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: Got ")
    for part in answer.split(".*"):
        assert part.strip() in said


def test_what_is_right_is_read():
    line = ["dcgan", "--epochs", "3", "--noresume", "--limit=10"]
    assert command.parse(train, line) == ["dcgan"]
    assert (train.FLAGS.epochs, train.FLAGS.resume, train.FLAGS.limit) == (3, False, 10)
    assert command.parse(train, ["--seed=2", "wgan"]) == ["wgan"]
    # Of the line before nothing is left.
    assert (train.FLAGS.epochs, train.FLAGS.resume, train.FLAGS.seed) == (100, True, 2)


@pytest.mark.parametrize("name", command.COMMANDS)
def test_every_command_helps(capsys, name):
    assert command.main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"kerasgen {name}")
    module = importlib.import_module(f"kerasgen.cli.{name}")
    for flag in module.FLAGS:
        assert f"{flag}:" in said or f"{flag} " in said
    assert command.main(["--help"]) == 0
    assert f"    {name} " in capsys.readouterr().out


def test_every_module_is_a_command():
    files = {path.stem for path in (ROOT / "kerasgen/cli").glob("*.py")}
    assert files == {*command.COMMANDS, "command", "explorer_page", "__init__"}


@pytest.mark.parametrize("line", ["--help", "train --help", "train --epoch=3", "trian"])
def test_tensorflow_is_not_imported_for_an_answer(line):
    source = (
        "import sys; sys.argv = ['kerasgen', *sys.argv[1:]]\n"
        "from kerasgen.cli.command import main\n"
        "main(); print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, *line.split()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_package_is_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "kerasgen", "sampel"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.endswith("Did you mean 'sample'?\n")
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    script = setup["options.entry_points"]["console_scripts"].strip()
    name, _, target = script.partition(" = ")
    module, _, function = target.partition(":")
    assert name == "kerasgen"
    assert getattr(importlib.import_module(module), function) is command.main


def test_choices_are_those_of_the_study():
    assert train.PRECISIONS == study.PRECISIONS
    assert sample.PICTURES == study.PICTURES


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("sample", "Got no model; expected one of PATH and --preset"),
        ("sample a --preset=b", "Got both a path and a preset"),
        ("sample --preset=dcgn_mnist", "Did you mean 'dcgan_mnist'?"),
        ("sample a.keras --output=a.jpg", "expected a name that ends in .png or .gif"),
        ("sample a.keras --kind=classes --label=3", "which draws all of them"),
        ("evaluate a.keras --output=.", "a folder; expected a file's name"),
        ("sample nothing.keras", "neither the folder of a SavedModel"),
        ("evaluate nothing.keras", "There is nothing at nothing.keras"),
        ("export nothing.keras --output=x", "neither the folder of a SavedModel"),
        ("train dcgn", "Did you mean 'dcgan'?"),
        ("compare --models=cave", "Did you mean 'cvae'?"),
        ("compare --shard=2/2", "2/2"),
    ],
)
def test_errors_are_their_message(tmp_path, monkeypatch, line, answer):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="^Error: ") as ended:
        command.main(line.split())
    assert answer in str(ended.value)


def test_models_prints_the_zoo(capsys):
    assert command.main(["models"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in kerasgen.list_models())
    assert all(name in said for name in kerasgen.list_presets())
    assert "dcgan_mnist (0.73)" in said
    assert "not measured" not in said


def test_an_arm_of_a_comparison_can_be_trained_for_fewer_epochs():
    values = copy.deepcopy(compare.FLAGS)
    values(["compare", "--arm=modern", "--epochs=20"])
    wanted = compare._settings(comparisons.get_comparison("jaiswal"), values)
    assert {one.epochs for one in wanted} == {20}
    assert {one.arm for one in wanted} == {"modern"}
    values = copy.deepcopy(compare.FLAGS)
    values(["compare", "--arm=modern", "--quick"])
    wanted = compare._settings(comparisons.get_comparison("jaiswal"), values)
    assert {one.epochs for one in wanted} == {2}
    values = copy.deepcopy(compare.FLAGS)
    values(["compare", "--arm=modern", "--seeds=2"])
    with pytest.raises(ValueError, match="--seeds with --arm=modern"):
        compare._settings(comparisons.get_comparison("jaiswal"), values)
    values = copy.deepcopy(compare.FLAGS)
    values(["compare", "--arm=modern"])
    wanted = compare._settings(comparisons.get_comparison("jaiswal"), values)
    assert {one.epochs for one in wanted} == {100}


@pytest.mark.slow
def test_what_tensorflow_says_at_its_start_is_no_part_of_an_answer():
    environment = dict(os.environ)
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run(
        [sys.executable, "-m", "kerasgen", "compare", "--comparison=none"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode and done.stderr.startswith("Error: Got --comparison=none")


def test_published_settings_of_any_model_with_any_seeds():
    values = copy.deepcopy(compare.FLAGS)
    flags = ["--published", "--conditional", "--models=sgan,cvae", "--seeds=2"]
    values(["compare", "--comparison=none", *flags])
    wanted = compare._settings(None, values)
    assert {(one.arm, one.conditional) for one in wanted} == {("published", True)}
    assert {one.study for one in wanted} == {"mnist-conditional-published"}
    sizes = {one.model: one.batch_size for one in wanted}
    for name, size in sizes.items():
        assert size == model_class(name).published.batch_size.value
    assert [one.seed for one in wanted] == [0, 0, 1, 1]
    values(["compare", "--batch_size=10"])
    assert {one.batch_size for one in compare._settings(None, values)} == {10}
    values(["compare", "--arm=modern"])
    with pytest.raises(ValueError, match="expected one, since an arm fixes"):
        compare._settings(comparisons.get_comparison("jaiswal"), values)


@pytest.mark.parametrize("also", [[], ["--models=dcgan", "--arm=modern"]])
def test_without_a_comparison_the_models_are_named(also):
    values = copy.deepcopy(compare.FLAGS)
    values(["compare", "--comparison=none", *also])
    with pytest.raises(ValueError, match="expected --models, and no --arm"):
        compare.main([], values)
