# The runs of TARGETS by Slurm: a job that makes what runs share, an array job
# with a task a run, and a job that makes the reports. A second call submits
# what is not whole by then. SLURM_FLAGS go to every sbatch.

SLURM_FLAGS ?=
SLURM_LIMIT ?= 100

sbatch = env -u MAKEFLAGS sbatch --parsable --chdir=$(CURDIR) --kill-on-invalid-dep=yes $(SLURM_FLAGS)
single = $(sbatch) --output=$(abspath $(OUT))/slurm/%x-%j.log --wrap="make --no-print-directory $(MAKEOVERRIDES) $1"

.PHONY: slurm
slurm: plan
	@mkdir -p $(OUT)/slurm
	@$(MAKE) --no-print-directory -s pending > $(OUT)/slurm/pending
	@test -s $(OUT)/slurm/pending || { echo 'slurm: all runs are whole: make $(TARGETS) gives the reports' >&2; exit 1; }
	@prepare=$$($(call single,prepare) --job-name=srn-prepare) && \
	runs=$$($(sbatch) --output=$(abspath $(OUT))/slurm/%x-%A_%a.log --job-name=srn-runs --dependency=afterok:$$prepare \
		--array=1-$$(wc -l < $(OUT)/slurm/pending)%$(SLURM_LIMIT) slurm/task.sh $(OUT)/slurm/pending $(MAKEOVERRIDES)) && \
	report=$$($(call single,$(TARGETS)) --job-name=srn-report --dependency=afterok:$$runs) && \
	echo "slurm: jobs $$prepare (shared files), $$runs ($$(wc -l < $(OUT)/slurm/pending) runs), $$report (reports); logs in $(OUT)/slurm"
