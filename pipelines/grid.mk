# Many runs: what became of them, what they cost, and who runs them. TARGETS
# names experiments.

figure6.of = table3
chosen = $(foreach t,$(TARGETS),$(or $($t.of),$t))

# Of all targets; worked out once, at the first use.
once = $(eval $1 := $2)$($1)
targets.datas      = $(call once,targets.datas,$(sort $(foreach t,$(chosen),$(call datas,$t))))
targets.surrogates = $(call once,targets.surrogates,$(sort $(foreach t,$(chosen),$(call surrogates,$t))))
targets.runs       = $(call once,targets.runs,$(sort $(foreach t,$(chosen),$(call runs,$t))))
targets.records    = $(call once,targets.records,$(sort $(foreach t,$(chosen),$(call records,$t))))

# The state of a file: complete, stale, partial or missing.
leftover = $(wildcard $(foreach f,$(made),$f $f.partial $f.state))
state    = $(if $(fresh),$(if $(wildcard $@),complete,$(if $(leftover),partial,missing)),$(if $(leftover),stale,missing))
states   = $(foreach @,$1,$(state))
# Of several files: the first of these that any of them has.
worst    = $(firstword $(foreach s,stale partial missing complete,$(filter $s,$1)))
files    = $(filter $1/%,$(targets.records))
undone   = $(foreach @,$1,$(if $(filter complete,$(state)),,$@))

# What runs share, so that they can start side by side, each by a make of its own.
.PHONY: datas prepare
datas: $$(targets.datas)
prepare: $$(targets.datas) $$(targets.surrogates)

# A line for each run that is not complete: its records that are not.
todo = $(foreach r,$(targets.runs),$(subst $(space),|,$(strip $(call undone,$(call files,$r)))))
.PHONY: pending
pending: | ready
	@: $(foreach l,$(todo),$(info $(subst |, ,$l)))

# A line for each file that runs share and for each run: its state, and what of
# it is not complete and why.
each     = $(call shown,$(sort $(foreach @,$2,$(if $(filter stale,$(state)),$($1)))))
differs  = $(if $(strip $(foreach @,$1,$(if $(filter stale,$(state)),$(if $(stamped),,unknown)))),nothing tells the flags that made it,\
	made with $(or $(call each,then,$1),$(if $(call each,now,$1),less,the same in another order))$(and $(call each,now,$1),$(comma) asked for $(call each,now,$1)))
saved    = $(firstword $(foreach @,$1,$(if $(filter partial,$(state)),$(wildcard $(addsuffix .state,$(made))))))
found.in = $(call worst,$(call states,$2))|$(patsubst $(OUT)/%,%,$1)|$(strip $(if $(filter stale,$(call states,$2)),$(call differs,$2),$(and $(filter complete,$(call states,$2)),$(strip $(call undone,$2)),no $(notdir $(call undone,$2)))))|$(call saved,$2)
write.status = $(call write,$(OUT)/status)$(if $(dry),,$(foreach f,$(targets.datas) $(targets.surrogates),$(file >>$(OUT)/status,$(call found.in,$f,$f))) \
	$(foreach r,$(targets.runs),$(file >>$(OUT)/status,$(call found.in,$r,$(call files,$r)))))
.PHONY: status
status: | ready
	@$(write.status)./status $(BIN)/srn-report < $(OUT)/status

# The reports of what is complete: what is not is named, and is not made.
.PHONY: reports
partly  = $(call write,$(OUT)/$1/missing,$(call undone,$(call records,$1)))$(call write,$(OUT)/$1/records.new,$(filter-out $(call undone,$(call records,$1)),$(call records,$1)))
reports: | ready
	@$(foreach t,$(chosen),$(call partly,$t))./reports $(BIN)/srn-report $(addprefix $(OUT)/,$(chosen))

# Lists for those that number their tasks, a line a task: surrogates, then runs,
# several to a task where they are short: up to TASK_EPOCHS epochs together.
TASK_EPOCHS ?= 200
TASKS       ?= $(OUT)/tasks

write.tasks = $(call write,$(TASKS)/surrogates,$(call undone,$(targets.surrogates)))$(call write,$(TASKS)/pending,$(todo))
.PHONY: tasks
tasks: $$(if $$(filter remake,$$(STALE)),,unstale) | ready
	@$(write.tasks)awk -v most=$(TASK_EPOCHS) -f pack.awk $(TASKS)/pending > $(TASKS)/runs
	@rm $(TASKS)/pending
	@wc -l $(TASKS)/surrogates $(TASKS)/runs

# What is stale is found out before it is queued.
stale.all = $(strip $(foreach @,$(targets.datas) $(targets.surrogates) $(targets.records),$(if $(filter stale,$(state)),$@)))
.PHONY: unstale
unstale:
	$(if $(stale.all),@echo '$(words $(stale.all)) files are stale$(comma) the first $(firstword $(stale.all)): make status tells why; STALE=remake makes them again' >&2; exit 2)

# Settings that a make of its own needs to find the same files, by the commands
# that are built now.
settings = $(MAKEOVERRIDES) BIN=$(abspath $(BIN))

# Plan: the runs that are not complete, and their hours by ten steps of every arm
# and one λ_max of every network, measured here and now on generated images.
$(OUT)/%/sample.jsonl: $$(data) $$(surrogate) $$(changed) | ready
	$(step) $(BIN)/srn-fit --resume --quiet --data $(data) $(on)$(call flags,sample)$(patsubst %,--srn % ,$(surrogate))--checkpoints $(@D)/samples -o $(@D)/sample.safetensors.zst --metrics $@

$(OUT)/%/lambda.jsonl: $(OUT)/%/sample.jsonl
	$(BIN)/srn-hessian top --quiet --data $(data) $(on)$(call flags,hessian)$(@D)/sample.safetensors.zst --overwrite -o $@

network.of = $(word 2,$(subst /, ,$(patsubst $(OUT)/%,%,$1)))
samples    = $(sort $(foreach r,$(targets.runs),$r/sample.jsonl $(OUT)/synthetic/$(call network.of,$r)/1epochs/ce/seed0/lambda.jsonl))

.PHONY: plan samples
plan: | ready
	@$(call write,$(OUT)/plan/pending,$(patsubst $(OUT)/%,%,$(call undone,$(filter %/fit.jsonl.zst %/hessian.jsonl.zst,$(targets.records)))))$(MAKE) --no-print-directory -s samples \
		OUT=$(OUT)/plan DATASETS=synthetic SEEDS=0 EPOCHS=1 STALE=remake $(if $(METHODS),METHODS='$(METHODS)') TARGETS='$(TARGETS)' \
		SPLIT_FLAGS='--synthetic-train 1280 --synthetic-test 10000 --quiet' META_FLAGS='--rounds 1 --inner-epochs 1 --outer-n 100 --quiet'

samples: $$(samples)
	@awk -v every=$(or $(CHECKPOINT_EVERY),1) -f plan.awk $(OUT)/pending $(samples)

# Several machines, or several runs at once on one, by GNU parallel: JOBS is
# its --jobs; PARALLEL_FLAGS such as --sshloginfile, for folders that all
# machines share. The log has each task's time and exit code. A second call runs
# what is not complete by then.
JOBS           ?=
PARALLEL_FLAGS ?=

.PHONY: parallel
parallel: prepare tasks
	seq $$(wc -l < $(TASKS)/runs) | env -u MAKEFLAGS parallel --quote --line-buffer --tag --joblog $(OUT)/joblog.tsv \
		--workdir $(CURDIR) $(if $(JOBS),--jobs $(JOBS)) $(PARALLEL_FLAGS) \
		env TASK={} slurm/task.sh $(TASKS)/runs $(settings)
	@$(MAKE) --no-print-directory reports
