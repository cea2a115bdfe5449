# Many runs: what they cost, and who runs them. TARGETS names experiments.

TARGETS     ?= $(filter-out $(networks),$(experiments))

JOBS        ?=

targets.surrogates = $(sort $(foreach t,$(TARGETS),$(call surrogates,$t)))
targets.runs       = $(sort $(foreach t,$(TARGETS),$(call runs,$t)))
targets.records    = $(sort $(foreach t,$(TARGETS),$(call records,$t)))

# What runs share, so that they can start side by side, each by a make of its own.
.PHONY: prepare
prepare: $$(sort $$(foreach t,$$(TARGETS),$$(call datas,$$t))) $$(targets.surrogates)

# A line for each run that is not whole: its missing records. Records of a
# training are there before it has ended, its checkpoint is not.
whole   = $(if $(wildcard $1/checkpoint.safetensors.zst),$(wildcard $1/*.jsonl.zst))
missing = $(strip $(filter-out $(call whole,$1),$(filter $1/%,$(targets.records))))

.PHONY: pending
pending:
	@: $(foreach r,$(targets.runs),$(foreach line,$(subst $() ,+,$(call missing,$r)),$(info $(subst +, ,$(line)))))

# Settings that a make of its own needs to find the same files.
again  = $(foreach s,OUT DATA DEVICE EVAL_EVERY CHECKPOINT_EVERY EXAMPLES GRID,$(if $($s),$s=$($s)))
flags4 = $(foreach s,SPLIT_FLAGS META_FLAGS FIT_FLAGS HESSIAN_FLAGS,$(if $($s),$s='$($s)')) $(foreach v,$(filter arm.% surrogate.% meta.%,$(.VARIABLES)),$(if $(filter command line,$(origin $v)),$v='$($v)'))

# Plan: the runs that are not whole, and their hours by ten steps of every arm
# and one λ_max of every network, measured here and now on generated images.
$(OUT)/%/sample.jsonl: $$(data) $$(surrogate) | binaries
	@mkdir -p $(@D)
	$(BIN)/srn-fit --quiet --data $(data) --arch $(arch) $(on)$(call method,$(arm)) $(patsubst %,--srn %,$(surrogate)) --epochs 1 $(call flags,$(FIT_FLAGS))-o $(@D)/sample.safetensors.zst --metrics $@

$(OUT)/%/lambda.jsonl: $(OUT)/%/sample.jsonl
	$(call hessian,top)--quiet $(@D)/sample.safetensors.zst -o $@

network.of = $(word 2,$(subst /, ,$(patsubst $(OUT)/%,%,$1)))
samples    = $(sort $(foreach r,$(targets.runs),$r/sample.jsonl $(OUT)/synthetic/$(call network.of,$r)/1epochs/ce/seed0/lambda.jsonl))

.PHONY: plan samples
plan:
	@mkdir -p $(OUT)/plan
	@printf '%s\n' $(patsubst $(OUT)/%,%,$(foreach r,$(targets.runs),$(filter %/fit.jsonl.zst %/hessian.jsonl.zst,$(call missing,$r)))) > $(OUT)/plan/pending
	@$(MAKE) --no-print-directory -s samples OUT=$(OUT)/plan DATASETS=synthetic SEEDS=0 EPOCHS=1 $(if $(METHODS),METHODS='$(METHODS)') TARGETS='$(TARGETS)' \
		SPLIT_FLAGS='--synthetic-train 1280 --synthetic-test 10000 --quiet' META_FLAGS='--rounds 1 --inner-epochs 1 --outer-n 100 --quiet'

samples: $$(samples)
	@awk -v every=$(CHECKPOINT_EVERY) -f plan.awk $(OUT)/pending $(samples)

# Several machines, or several runs at once on one, by GNU parallel: JOBS is
# its --jobs; PARALLEL_FLAGS such as --sshloginfile, for folders that all
# machines share. The log has each run's time and exit code. A second call runs
# what is not whole by then.
PARALLEL_FLAGS ?=

.PHONY: parallel
parallel: plan prepare
	@$(MAKE) --no-print-directory -s pending > $(OUT)/pending
	seq $$(wc -l < $(OUT)/pending) | env -u MAKEFLAGS parallel --quote --line-buffer --tag --joblog $(OUT)/joblog.tsv \
		--workdir $(CURDIR) $(if $(JOBS),--jobs $(JOBS)) $(PARALLEL_FLAGS) \
		sh -c 'make --no-print-directory "$$@" $$(sed -n "$$0"p $(OUT)/pending)' {} $(MAKEOVERRIDES)
	@$(MAKE) --no-print-directory $(TARGETS)
