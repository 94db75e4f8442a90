#!/bin/bash
# A comparison as a job array of SLURM, each job a part of the runs:
#
#     sbatch examples/slurm.sh --seeds=5 --runs_dir=<shared folder>
#
# A job that is preempted is sent again and goes on where it was; one that runs out of
# time goes on when the same command is given again.
# When all have ended, the report is made of the folder:
#
#     python examples/report.py <shared folder>/mnist
#
#SBATCH --job-name=kerasgen
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=12:00:00
#SBATCH --requeue
set -eu
exec kerasgen compare --shard="$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" "$@"
