"""Seconds that Ray and shards take for a study beside processes of this machine.

    python -m benchmarks.many_machines --rounds=3

A study of two small runs, one at a time, is carried out by processes of this machine,
by a Ray cluster of two nodes on it, and as two shards, one after the other, with a
report; each in a new folder, in turn. What a study takes beyond the first, divided by
its runs, is the price of a run.
"""

import subprocess
import sys
import time

from absl import app
from absl import flags

from benchmarks import loopback

FLAGS = flags.FLAGS
flags.DEFINE_integer("rounds", 3, "Times that each study is carried out.", 1)
flags.DEFINE_string("output", "many_machines.json", "JSON file of all rounds.")
MODELS, SEEDS = ["vanilla_gan", "cvae"], 1


def local(study):
    """local processes"""
    carry_out(study)


def ray(study):
    """Ray, two nodes"""
    carry_out(study, *loopback.ON_RAY)


def shards(study):
    """two shards and a report"""
    for index in range(2):
        carry_out(study, f"--shard={index}/2")
    script = loopback.ROOT / "examples/report.py"
    subprocess.run(
        [sys.executable, script, study.study_dir], check=True, capture_output=True
    )


def carry_out(study, *flags):
    status = study.start(*flags).wait()
    if status != 0 or "failed" in study.said:
        raise RuntimeError(f"A study ended with status {status}:\n{study.said}")


def main(_):
    seconds = {each: [] for each in (local, ray, shards)}
    with loopback.enclosed("benchmarks.many_machines") as folder:
        loopback.Cluster(folder / "ray")
        for number in range(FLAGS.rounds):
            for carry, found in seconds.items():
                place = folder / f"{carry.__name__}{number}"
                study = loopback.Study(place, MODELS, SEEDS, epochs=2)
                begin = time.monotonic()
                carry(study)
                found.append(time.monotonic() - begin)
                print(f"{carry.__doc__}: {found[-1]:.1f} s", flush=True)
    report(seconds)


def report(seconds):
    """Prints the table and writes the file."""
    from benchmarks import measuring  # imports TensorFlow

    rows = []
    for carry, found in seconds.items():
        more = [
            (one - other) / (len(MODELS) * SEEDS)
            for one, other in zip(found, seconds[local], strict=True)
        ]
        low, high = min(more), max(more)
        rows.append(
            {
                "study by": carry.__doc__,
                "seconds": round(measuring.median(found), 1),
                "more for a run, s": f"{measuring.median(more):.1f} "
                f"({low:.1f} to {high:.1f})",
            }
        )
    print(measuring.table(rows))
    rounds = {carry.__name__: found for carry, found in seconds.items()}
    measuring.write(FLAGS.output, seconds=rounds, rows=rows)


if __name__ == "__main__":
    app.run(main)
