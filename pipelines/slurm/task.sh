#!/bin/bash
# One run of a grid, as a task of an array job: task N makes the records in
# line N of a list. A task that is stopped for its time limit or for a job of
# higher priority saves its state, and goes on from it when it is queued again.
#
#     sbatch --array=1-N task.sh LIST [make's arguments]
#
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
set -u
list=$1
shift
records=$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$list")
[ -n "$records" ] || { echo "task.sh: $list has no line $SLURM_ARRAY_TASK_ID" >&2; exit 2; }

export SRN_THREADS=${SRN_THREADS:-${SLURM_CPUS_PER_TASK:-1}}
stopped=
trap 'stopped=yes; kill -TERM -- -$make' TERM
set -m # make and its commands are a group of their own, which the signal goes to
make --no-print-directory "$@" $records &
make=$!
wait $make
code=$?
if [ $stopped ]; then
	wait $make # the first wait ended with the signal
	scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
