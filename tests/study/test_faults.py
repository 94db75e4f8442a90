"""Runs that crash, wherever it is, and what they end with when they go on.

A crash is an exception from a file operation or a batch, after which every further file
operation of the dead fails, too, so that no cleaning up helps. `kills.py` kills real
processes, which takes more time.
"""

import builtins
import collections
import io
import itertools
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

import keras
import pytest

import kerasgen
from kerasgen import callbacks
from kerasgen.core.registry import model_class
from kerasgen.study import lock
from kerasgen.study import run
from kerasgen.study.settings import RunSettings
from tests.contract import contract_of
from tests.study.same_runs import differences

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
# A game and a likelihood; steps counted, three players, labels that some images lack,
# growth, and two trainings in one: what all models share goes on alike in the rest.
VARIED = ("vanilla_gan", "cvae", "wgan", "aae", "sgan", "progan", "vqvae")
CRASHES = int(os.environ.get("KERASGEN_CRASHES", "3"))
OPERATIONS = [
    *((os, name) for name in ("replace", "rename", "unlink", "remove", "mkdir")),
    *((os, name) for name in ("rmdir", "fsync", "open", "ftruncate")),
    (io, "open"),
    (builtins, "open"),
]


def settings(model="vanilla_gan", **changes):
    contract = contract_of(model_class(model))
    values = {"epochs": 3, "batch_size": 32, "arguments": contract.arguments}
    # Some models are made for labels alone.
    values["conditional"] = None not in contract.classes
    return RunSettings(model, **{"precision": "float32", **values, **changes})


class Crash(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class Disk:
    """The writing file operations below a folder: counted, and failing on demand.

    Attributes:
        counts: `collections.Counter` of the operations so far, by the name of the file
            without numbers: of the many files of a run, each kind is to have its crash.
        fail_at: Name and number of the operation to fail at, or None.
        error: What is raised there.
        stays: Whether all later operations fail as well.
    """

    def __init__(self, folder, monkeypatch):
        self.folder, self.counts = str(folder), collections.Counter()
        self.fail_at, self.error, self.stays = None, Crash, True
        self.failed = False
        for module, name in OPERATIONS:
            monkeypatch.setattr(module, name, self._watched(getattr(module, name)))

    def arm(self, fail_at):
        self.counts.clear()
        self.fail_at, self.failed = fail_at, False

    def _watched(self, operation):
        def watched(*args, **kwargs):
            if self._writes(*args, **kwargs):
                self.step(args[0])
            return operation(*args, **kwargs)

        return watched

    def _writes(self, what, mode="r", *_, **__):
        if isinstance(what, int):  # an open file: of all there are, those of the run
            what = os.readlink(f"/proc/self/fd/{what}")
        reads = isinstance(mode, str) and not set(mode) & set("wax+")
        is_open = isinstance(mode, (str, int))
        return str(what).startswith(self.folder) and not (
            is_open and (reads or mode == os.O_RDONLY)
        )

    def step(self, what):
        if isinstance(what, int):
            what = os.readlink(f"/proc/self/fd/{what}")
        name = re.sub(r"\d+|^\.partial-", "", pathlib.Path(what).name)
        self.counts[name] += 1
        is_here = (name, self.counts[name]) == self.fail_at
        self.failed = self.failed or is_here
        if is_here or (self.failed and self.stays):
            raise self.error


class Batches(keras.callbacks.Callback):
    """Makes the end of an execution of steps one more place to crash at."""

    def __init__(self, disk):
        super().__init__()
        self.disk = disk

    def on_train_batch_end(self, batch, logs=None):
        self.disk.step("batch")


@pytest.fixture
def disk(tmp_path, monkeypatch):
    return Disk(tmp_path / "cut", monkeypatch)


@pytest.fixture
def same_model(monkeypatch):
    """Every run gets the same model, as it was when built: nothing is traced twice."""
    build, models = run.build, {}

    def rebuild(settings, images, precision):
        key = settings.digest()
        if key not in models:
            model = build(settings, images, precision)
            own = [*model.variables, *model.optimizer.variables]
            own += [generator.state for generator in model._noise()]
            models[key] = model, [(v, v.numpy()) for v in own]
        model, values = models[key]
        for variable, value in values:
            variable.assign(value)
        return model

    monkeypatch.setattr(run, "build", rebuild)


def leave_half(folder, rng):
    """Cuts what was being written at a random place, as a kill would."""
    for path in folder.rglob(".partial-*"):
        if path.is_file():
            content = path.read_bytes()
            path.write_bytes(content[: rng.randint(0, len(content))])


class Twins:
    """A run in peace, and one in `cut` that crashes and goes on."""

    def __init__(self, folder, image_sets, disk, chosen):
        self.whole, self.cut = folder / "whole", folder / "cut"
        self.image_sets, self.disk, self.chosen = image_sets, disk, chosen
        self._train(self.whole)
        disk.arm(None)  # and count from here
        self._train(self.cut)
        self.operations = dict(disk.counts)
        self.compare()

    def crashes(self, target, rng):
        """Trains `cut`; whether it came to the operation to crash at."""
        self.disk.arm(target)
        done = run.epochs_done(self.cut)
        try:
            self._train(self.cut)
        except Crash:
            self.disk.arm(None)
            leave_half(self.cut, rng)
            assert run.epochs_done(self.cut) >= done - 1
            return True
        self.disk.arm(None)
        return False

    def compare(self):
        """Requires that nothing differs, and removes `cut`."""
        assert differences(self.whole, self.cut) == []
        assert not self.cut.with_name("cut.lock").exists()
        shutil.rmtree(self.cut)

    def _train(self, directory):
        watch = [Batches(self.disk)]
        run.train(self.chosen, directory, *self.image_sets, extra_callbacks=watch)


def test_a_crash_at_the_last_of_each_kind_of_file_is_undone(
    tmp_path, image_sets, disk, same_model
):
    twins = Twins(tmp_path, image_sets, disk, settings("cvae", epochs=1))
    assert {"epoch-.weights.h", "samples.gif", "model.keras"} < set(twins.operations)
    for target in twins.operations.items():
        assert twins.crashes(target, random.Random(str(target))), target
        assert not twins.crashes(None, None)
        twins.compare()


@pytest.mark.parametrize(
    ("model", "precision"),
    [*((model, "float32") for model in VARIED), ("dcgan", "mixed_bfloat16")],
)
def test_a_run_that_crashes_again_and_again_ends_as_if_it_had_not(
    tmp_path, image_sets, disk, same_model, model, precision
):
    chosen, rng = settings(model, precision=precision), random.Random(model)
    twins = Twins(tmp_path, image_sets, disk, chosen)
    names = rng.sample(sorted(twins.operations), len(twins.operations))
    crashes = 0
    for name in itertools.islice(itertools.cycle(names), CRASHES):
        if twins.crashes((name, rng.randint(1, twins.operations[name])), rng):
            crashes += 1
        else:  # That operation was in the past of a run that went on.
            twins.compare()
    if twins.cut.exists():
        assert not twins.crashes(None, None)
        twins.compare()
    assert crashes >= CRASHES // 2


@pytest.mark.parametrize("kills", [2])
def test_a_run_that_is_killed_ends_as_if_it_had_not_been(kills):
    command = ["-m", "tests.study.kills", f"--kills={kills}", "--models=vanilla_gan"]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{kills} kills" in done.stdout


@pytest.mark.parametrize("error", ["No space left on device", "Permission denied"])
def test_a_disk_that_fails_is_told_and_nothing_that_was_there_is_lost(
    tmp_path, image_sets, disk, same_model, error
):
    train = {"directory": tmp_path / "cut", "images": image_sets[0]}
    run.train(settings(epochs=1), **train, test=image_sets[1])
    disk.error, disk.stays = OSError(28, error), error.startswith("Perm")
    for name in ("settings.json", "history.csv", "epoch-.weights.h", "model.keras"):
        disk.arm((name, 1))
        with pytest.raises((OSError, ValueError), match=error):
            run.train(settings(epochs=2), **train, test=image_sets[1])
        disk.arm(None)
    run.train(settings(epochs=2), **train, test=image_sets[1])
    run.train(settings(epochs=2), tmp_path / "whole", *image_sets)
    assert differences(tmp_path / "whole", tmp_path / "cut") == []


@pytest.fixture(scope="module")
def two_epochs(tmp_path_factory, digits):
    """A run that was cut short after two of three epochs, and the whole one."""
    sets = [
        kerasgen.data.ImageSet(
            name="mnist",
            split=split,
            source="a test",
            images=digits[0],
            labels=digits[1],
            num_classes=10,
        )
        for split in ("train", "test")
    ]
    folder = tmp_path_factory.mktemp("two")

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                raise Crash

    with pytest.raises(Crash):
        run.train(settings(), folder / "cut", *sets, extra_callbacks=[Stop()])
    run.train(settings(), folder / "whole", *sets)
    return folder, sets


def cut_off(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path):
    size = path.stat().st_size
    path.write_bytes(random.Random(0).randbytes(size))


@pytest.mark.parametrize("damage", [cut_off, overwrite])
@pytest.mark.parametrize(
    "name",
    [
        "settings.json",
        "history.csv",
        "history.json",
        "monitor.jsonl",
        "samples/epoch-0001.png",
        "checkpoint/epoch-0002.weights.h5",
    ],
)
def test_damage_is_told_or_undone(
    tmp_path, two_epochs, same_model, caplog, name, damage
):
    folder, sets = two_epochs
    shutil.copytree(folder / "cut", tmp_path / "run")
    damage(tmp_path / "run" / name)
    if name == "settings.json":
        with pytest.raises(ValueError, match=r"settings\.json is not the settings of"):
            run.train(settings(), tmp_path / "run", *sets)
        return
    run.train(settings(), tmp_path / "run", *sets)
    different = set(differences(folder / "whole", tmp_path / "run"))
    # What is gone for good is the past alone, and pictures of it; the log says so.
    pictures = {"samples/epoch-0001.png", "samples/samples.gif"}
    lost = {"monitor.jsonl": {name}, "samples/epoch-0001.png": pictures}
    assert different <= lost.get(name, set())
    if different and name == "monitor.jsonl":
        assert "monitor.jsonl has nothing on the epochs" in caplog.text
    if name.startswith("checkpoint"):
        assert "epoch-0002.weights.h5 is damaged" in caplog.text


def test_a_run_without_a_good_checkpoint_is_not_begun_anew(
    tmp_path, two_epochs, same_model
):
    folder, sets = two_epochs
    shutil.copytree(folder / "cut", tmp_path / "run")
    for path in (tmp_path / "run/checkpoint").iterdir():
        cut_off(path)
    with pytest.raises(ValueError, match="history of 2 epochs, but neither a checkp"):
        run.train(settings(), tmp_path / "run", *sets)
    assert run.epochs_done(tmp_path / "run") == 2
    run.train(settings(), tmp_path / "run", *sets, resume=False)
    assert differences(folder / "whole", tmp_path / "run") == []


def test_a_clock_that_goes_back_harms_nothing(
    tmp_path, two_epochs, same_model, monkeypatch
):
    folder, sets = two_epochs
    shutil.copytree(folder / "cut", tmp_path / "run")
    now = iter(range(10**9, 0, -1000))
    monkeypatch.setattr("time.time", lambda: next(now))
    run.train(settings(), tmp_path / "run", *sets)
    assert differences(folder / "whole", tmp_path / "run") == []
    history = callbacks.read_history(tmp_path / "run/history.csv")
    assert min(history["seconds"]) > 0.0


class Poison(keras.callbacks.Callback):
    """Makes a weight NaN before the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            weight = self.model.raw_generator.trainable_variables[0]
            weight.assign(weight * float("nan"))


def test_a_run_that_diverges_names_its_last_good_checkpoint(
    tmp_path, image_sets, same_model
):
    def poisoned():
        chosen = settings(epochs=2)
        run.train(chosen, tmp_path, *image_sets, extra_callbacks=[Poison()])

    run.train(settings(epochs=1), tmp_path, *image_sets)
    good = ("model.keras", "metrics.jsonl")
    before = {name: (tmp_path / name).read_bytes() for name in good}
    for _ in range(2):  # The same command meets the same end.
        with pytest.raises(callbacks.DivergenceError) as raised:
            poisoned()
        message = str(raised.value)
        assert "VanillaGAN diverged in epoch 2" in message
        assert "It began in steps 1 to 4 of the epoch." in message
        assert "The weights of the " in message
        assert message.endswith("model.keras.")
        after = {name: (tmp_path / name).read_bytes() for name in good}
        assert after == before
        assert list((tmp_path / "checkpoint").iterdir()) == []


def test_an_interrupted_run_says_where_it_goes_on(
    tmp_path, image_sets, same_model, caplog
):
    class Interrupt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    stop = {"extra_callbacks": [Interrupt()]}
    with pytest.raises(KeyboardInterrupt):
        run.train(settings(), tmp_path, *image_sets, **stop)
    assert "goes on from the beginning" in caplog.text
    run.train(settings(epochs=1), tmp_path / "one", *image_sets)
    with pytest.raises(KeyboardInterrupt):
        run.train(settings(epochs=2), tmp_path / "one", *image_sets, **stop)
    assert "goes on from" in caplog.text
    assert "one/model.keras" in caplog.text


def test_a_directory_in_use_is_refused(tmp_path, image_sets):
    with (
        lock.held(tmp_path / "run"),
        pytest.raises(lock.HeldError, match=f"run is in use by process {os.getpid()} "),
    ):
        run.train(settings(), tmp_path / "run", *image_sets)
    assert list(tmp_path.iterdir()) == []
