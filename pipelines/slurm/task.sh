#!/bin/bash
# A task of a grid: makes the files that line N of a list names, N being the
# number that an engine gives its tasks. One that is asked to stop (TERM) saves
# its state; when it is run again it resumes.
#
#     sbatch --array=1-N slurm/task.sh LIST [make's arguments]
#     TASK=N slurm/task.sh LIST [make's arguments]
#
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
set -u
fail() {
	echo "task.sh: $*" >&2
	exit 2
}
[ $# -gt 0 ] || fail 'usage: task.sh LIST [make arguments]'
list=$1
shift

# The task's number, from 1.
if [ "${TASK:-}" ]; then line=$TASK
elif [ "${SLURM_ARRAY_TASK_ID:-}" ]; then line=$SLURM_ARRAY_TASK_ID
elif [ "${JOB_COMPLETION_INDEX:-}" ]; then line=$((JOB_COMPLETION_INDEX + 1)) # Kubernetes counts from 0
elif [ "${AWS_BATCH_JOB_ARRAY_INDEX:-}" ]; then line=$((AWS_BATCH_JOB_ARRAY_INDEX + 1)) # and so does AWS Batch
elif [ "${PBS_ARRAY_INDEX:-}" ]; then line=$PBS_ARRAY_INDEX
elif [ "${SGE_TASK_ID:-undefined}" != undefined ]; then line=$SGE_TASK_ID
else fail 'no number: none of TASK, SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, AWS_BATCH_JOB_ARRAY_INDEX, PBS_ARRAY_INDEX and SGE_TASK_ID is set'
fi
[[ $line =~ ^[1-9][0-9]*$ ]] || fail "$line is not the number of a task"
[ -r "$list" ] || fail "$list cannot be read from $PWD"
files=$(sed -n "${line}p" "$list")
[ "$files" ] || fail "$list has no line $line"

export SRN_THREADS=${SRN_THREADS:-${SLURM_CPUS_PER_TASK:-${OMP_NUM_THREADS:-1}}}
stopped=
trap 'stopped=yes; kill -TERM $make 2>/dev/null' TERM USR2 # which Grid Engine sends with -notify; make passes TERM on
make --no-print-directory --keep-going "$@" $files &
make=$!
wait $make
code=$?
[ "$stopped" ] || exit $code

wait $make # the first wait ended with the signal
code=$?
if [ "${SLURM_JOB_ID:-}" ]; then
	# Of an array's last task the job's number is the array's, which stands for all tasks.
	task=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
	task=${task:-$SLURM_JOB_ID}
	[ "$(squeue --noheader --jobs="$task" --format=%T 2>/dev/null)" != RUNNING ] || scontrol requeue "$task"
elif [ "${SGE_TASK_ID:-}" ]; then
	exit 99 # Grid Engine queues it again
fi
exit $((code ? code : 143))
