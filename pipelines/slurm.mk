# The runs of TARGETS by Slurm: a job that makes the data, arrays with a task a
# surrogate and a task for each run or several short ones, and a job that makes
# the reports. A second call submits what is not complete by then.

SLURM_FLAGS ?=
SLURM_LIMIT ?= 100

.PHONY: slurm
slurm: TASKS := $(OUT)/slurm/$(shell date +%Y%m%d-%H%M%S-$$$$)
slurm: tasks
	@env -u MAKEFLAGS SLURM_FLAGS=$(call quote,$(SLURM_FLAGS)) slurm/submit $(abspath $(TASKS)) $(SLURM_LIMIT) $(call quote,$(TARGETS)) $(settings)
