"""Kills what a study on a Ray cluster consists of, and compares what it ends with.

    python -m tests.study.ray_kills
    python -m tests.study.ray_kills --kills=node,head --models=vanilla_gan

A study of small images is sent to two nodes on this machine, once for each kind of
kill, which comes after the first epoch of a run. It must end complete, and every run
and export equal to those of a study by local processes in peace, bit by bit, the
seconds of epochs and dates aside. Prints a Markdown table.
"""

import json
import os
import pathlib
import signal
import sys
import time

from absl import app
from absl import flags

from benchmarks import loopback
from benchmarks.loopback import kill

FLAGS = flags.FLAGS


def worker(study, cluster):
    """the process that trains"""
    kill(training(study))


def task(study, cluster):
    """Ray's process of the task"""
    kill(loopback.parent(training(study)))


def orphan(study, cluster):
    """Ray's process of the task, while the one that trains lives on"""
    trains = training(study)
    # With both ends of its pipes open here, nothing tells it that it is alone.
    folder = pathlib.Path(f"/proc/{trains}/fd")
    pipes = [fd for fd in folder.iterdir() if os.readlink(fd).startswith("pipe:")]
    kept = [os.open(fd, os.O_RDWR | os.O_NONBLOCK) for fd in pipes]
    os.kill(trains, signal.SIGSTOP)  # not done before another one was sent
    kill(loopback.parent(trains))
    study.wait_for(lambda: f"is in use by process {trains} on" in study.said)
    os.kill(trains, signal.SIGCONT)  # it trains on, beside those that are sent again
    study.wait_for(lambda: not loopback.is_alive(trains))
    for fd in kept:
        os.close(fd)


def raylet(study, cluster):
    """a node's raylet alone"""
    kill(raylet_of(training(study)))


def node(study, cluster):
    """a node: its raylet and all its processes"""
    lost = raylet_of(training(study))
    for pid in [lost, *loopback.descendants(lost)]:
        kill(pid)


def head(study, cluster):
    """the study's own process; then the same command again"""
    training(study)
    kill(study.process.pid)
    study.process.wait()
    study.process = study.start(*ON_RAY)


def ray_head(study, cluster):
    """Ray's head and all of the cluster; then a new one, and the same command again"""
    training(study)
    cluster.kill()
    status = study.process.wait()
    study.notes.append(f"the command ended with status {status}")
    cluster.start(study.folder / "ray")
    study.process = study.start(*ON_RAY)


KILLS = {
    each.__name__: each for each in (worker, task, orphan, raylet, node, head, ray_head)
}
ON_RAY = (*loopback.ON_RAY, "--workers=2")
flags.DEFINE_list("kills", list(KILLS), "Kinds of kills, by comma.")
flags.DEFINE_list("models", ["vanilla_gan", "cvae"], "Models, by comma.")
flags.DEFINE_integer("seeds", 2, "Seeds of each.", 1)
flags.DEFINE_integer("epochs", 3, "Passes over the images.", 2)


def raylet_of(trains):
    """The raylet of the node that a process trains on, from within a task."""
    return loopback.parent(loopback.parent(trains))


def training(study):
    """A process that trains, after an epoch of its run."""

    def found():
        for directory in study.directories:
            holder = directory.with_name(f"{directory.name}.holder")
            history = directory / "history.csv"
            try:
                pid = json.loads(holder.read_text())["pid"]
                if len(history.read_text().splitlines()) > 1 and raylet_of(pid) > 1:
                    return pid
            except (OSError, ValueError, IndexError):
                pass
        return None

    return study.wait_for(found)


def carry_out(folder, cluster, kinds):
    """Carries out a study and deals kills to it.

    Returns:
        The `Study`, with `notes`, what was seen, and `seconds`.
    """
    study = a_study(folder)
    begin = time.monotonic()
    study.notes, study.process = [], study.start(*ON_RAY)
    for kind in kinds:
        KILLS[kind](study, cluster)
        cluster.mend()
    status = study.process.wait()
    study.seconds = time.monotonic() - begin
    if status != 0:
        study.notes.append(f"ended with status {status}: {study.said[-1000:]}")
    logs = [each.with_suffix(".log").read_text() for each in study.directories]
    for text, words, note in (
        ("".join(logs), "Taking over from", "a run was taken over from a dead process"),
        (study.said, "is in use by", "a second process was refused, and sent later"),
        (study.said, "goes on after epoch", "the study went on with a run"),
    ):
        if words in text:
            study.notes.append(note)
    return study


def unequal(first, second):
    """Names of files that are not equal in two studies; those that are missing."""
    # Imports TensorFlow, which the kills do without.
    from tests.study.same_runs import differences

    found = []
    for one, other in zip(first.directories, second.directories, strict=True):
        if not (other / "evaluation.json").exists():
            found.append(f"{other.name}: not complete")
        found += [f"{other.parent.name}/{n}" for n in differences(one, other)]
    exports = [each.folder / "saved_models" for each in (first, second)]
    return found + differences(*exports)


def main(_):
    with loopback.enclosed("tests.study.ray_kills") as folder:
        status = deal(folder)
    sys.exit(status)


def deal(folder):
    """Deals all kills, prints the table; the exit status."""
    whole = a_study(folder / "whole")
    in_peace = whole.start()
    cluster = loopback.Cluster(folder / "ray")
    print("| killed | what happened | bitwise equal | seconds |\n|---|---|---|---|")
    failed = False
    for kinds in FLAGS.kills:
        kinds = kinds.split("+")
        study = carry_out(folder / "-".join(kinds), cluster, kinds)
        if in_peace.wait() != 0:
            raise RuntimeError(whole.said)
        wrong = unequal(whole, study)
        failed = failed or bool(wrong)
        killed = ", then ".join(KILLS[kind].__doc__ for kind in kinds)
        equal = "no: " + ", ".join(wrong) if wrong else "yes"
        seen = "; ".join(study.notes)
        print(f"| {killed} | {seen} | {equal} | {study.seconds:.0f} |", flush=True)
    return int(failed)


def a_study(folder):
    return loopback.Study(folder, FLAGS.models, FLAGS.seeds, FLAGS.epochs)


if __name__ == "__main__":
    app.run(main)
