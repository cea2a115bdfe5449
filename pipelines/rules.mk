# How each file is made. Where it lies says of what:
#
#     OUT/DATASET/data.safetensors.zst
#     OUT/DATASET/ARCH/surrogates/NAME/seedN/srn.safetensors.zst, srn.jsonl.zst
#     OUT/DATASET/ARCH/EPOCHSepochs/ARM/seedN/checkpoint.safetensors.zst, KIND.jsonl.zst
#
# A target is a final name alone, which its command gives to what is finished.
# Whatever else lies beside it is the command's, to resume from.

# Kinds of records of a trained network.
kinds := eval val test hessian lambda density landscape stability guidance

.SECONDEXPANSION:
.SECONDARY: # nothing is an intermediate file to be thrown away

path    = $(subst /, ,$(patsubst $(OUT)/%,%,$@))
dataset = $(word 1,$(path))
arch    = $(word 2,$(path))
epochs  = $(patsubst %epochs,%,$(word 3,$(path)))
arm     = $(word 4,$(path))
seed    = $(patsubst seed%,%,$(word 5,$(path)))
name    = $(patsubst checkpoint,fit,$(firstword $(subst ., ,$(@F))))
run     = $(@D)/checkpoint.safetensors.zst
series  = $(@D)/checkpoints/epoch-*.safetensors.zst
data    = $(OUT)/$(dataset)/data.safetensors.zst

# The surrogate of an arm, and of which seed; that of guidance.jsonl.zst.
guides     = $(call guide,$(arm))
guide.seed = $(or $(surrogate-seed.$(arm)),$(SURROGATE_SEED),$(seed))
surrogate  = $(patsubst %,$(OUT)/$(dataset)/$(arch)/surrogates/%/seed$(guide.seed)/srn.safetensors.zst,$(guides))
asked      = $(or $(surrogate),$(OUT)/$(dataset)/$(arch)/surrogates/srn/seed$(guide.seed)/srn.safetensors.zst)

# The flags that decide what is in a file: flags.NAME for what NAME.* is made of.
flags.data      = --dataset $(source) $(split.$(dataset)) $(SPLIT_FLAGS)
flags.srn       = --arch $(arch) --seed $(seed) $(meta.$(arm)) $(META_FLAGS)
flags.fit       = --arch $(arch) $(call method,$(arm)) $(fit.$(dataset)) --epochs $(epochs) --seed $(seed) $(FIT_FLAGS) \
	--eval-every $(EVAL_EVERY) --checkpoint-every $(or $(CHECKPOINT_EVERY),$(every.$(dataset)),1)
flags.val       = --split meta_val
flags.hessian   = $(sampled)
flags.lambda    = --split meta_train $(sampled)
flags.density   = $(sampled) $(DENSITY_FLAGS)
flags.landscape = $(sampled) --x=-1:1:$(GRID) --y=-1:1:$(GRID)
# The learning rate's bound is that of the loss trained on.
flags.stability = $(sampled) --split train
# Held-out images, as in meta-training.
flags.guidance  = $(sampled) --split meta_val
flags.sample    = $(flags.fit)
sampled         = --examples $(EXAMPLES) $(HESSIAN_FLAGS)

# Whose flags decide a file besides its own, and all of these.
define newline


endef
tool.data := srn-split
tool.srn  := srn-meta
tool.fit  := srn-fit
tool.eval := srn-eval
tool.val  := $(tool.eval)
tool.test := $(tool.eval)
tool.hessian := srn-hessian top
tool.lambda  := $(tool.hessian)
tool      = $(or $(tool.$1),srn-hessian $1)
quiet     = $(filter-out --quiet -q,$(flags.$1))
line      = $(strip $(tool) $(quiet))
lines.surrogate = $(foreach @,$1,$(newline)$(call line,srn))
lines.data = $(call line,data)
lines.srn  = $(lines.data)$(newline)$(call line,srn)
lines.fit  = $(lines.data)$(call lines.surrogate,$(surrogate))$(newline)$(call line,fit)
lines.sample   = $(lines.fit)
lines.guidance = $(lines.data)$(call lines.surrogate,$(asked))$(newline)$(call line,fit)$(newline)$(call line,guidance)
lines      = $(or $(lines.$(name)),$(lines.fit)$(newline)$(call line,$(name)))

# kbuild's if_changed: a stamp beside each file has these lines, and a file
# whose stamp says otherwise is stale.
stamp   = $(@D)/.$(name).flags
stamped = $(file <$(stamp))
same    = $(and $(findstring x$1x,x$2x),$(findstring x$2x,x$1x))
fresh   = $(call same,$(strip $(stamped)),$(strip $(lines)))
changed = $(if $(fresh),,FORCE)

# Each flag as a word of its own, TOOL:--FLAG=VALUE, and those of one side alone.
items   = $(foreach l,$(subst $(space),=,$1),$(addprefix $(firstword $(subst =--, --,$l)):,$(wordlist 2,99,$(subst =--, --,$l))))
then    = $(filter-out $(call items,$(lines)),$(call items,$(stamped)))
now     = $(filter-out $(call items,$(stamped)),$(call items,$(lines)))
shown   = $(subst :--, --,$(subst srn-hessian=,srn-hessian ,$1))

.PHONY: FORCE
FORCE:

# What a recipe makes, and the script that sees to it.
made.fit = $(run) $(@D)/fit.jsonl.zst $(@D)/checkpoints
made.srn = $(@D)/srn.safetensors.zst $(@D)/srn.jsonl.zst
made     = $(or $(made.$(name)),$@)
step    := ./step$()

products := $(OUT)/%.safetensors.zst $(OUT)/%.jsonl.zst $(OUT)/%.jsonl
$(products): private export STEP_FILES = $(made)
$(products): private export STEP_STAMP = $(stamp)
$(products): private export STEP_FLAGS = $(lines)
$(products): private export STEP_THEN  = $(if $(fresh),,$(call shown,$(then)))
$(products): private export STEP_NOW   = $(if $(fresh),,$(call shown,$(now)))
$(products): private export STEP_STALE = $(STALE)

# What is finished stays, whatever becomes of make.
.PRECIOUS: $(OUT)/%/data.safetensors.zst $(OUT)/%/srn.safetensors.zst $(OUT)/%/srn.jsonl.zst \
	$(OUT)/%/checkpoint.safetensors.zst $(foreach k,fit $(kinds),$(OUT)/%/$k.jsonl.zst)

# A command goes on in the next line.
br    := \$(newline)	$()	$()
flags = $(if $(strip $(flags.$1)),$(strip $(flags.$1)) )
on    = $(if $(DEVICE),--device $(DEVICE) )

$(OUT)/%/data.safetensors.zst: $$(changed) | ready
	$(step) $(BIN)/srn-split $(call flags,data)$(if $(archives.$(source)),--data $(if $(word 2,$(archive))$(findstring ',$(archive)),$(call quote,$(archive)),$(archive)) )-o $@

$(OUT)/%/srn.safetensors.zst $(OUT)/%/srn.jsonl.zst: $$(data) $$(changed) | ready
	$(step) $(BIN)/srn-meta --resume --data $(data) $(on)$(call flags,srn)$(br)-o $(@D)/srn.safetensors.zst --metrics $(@D)/srn.jsonl.zst
	@touch -c $(@D)/srn.safetensors.zst $(@D)/srn.jsonl.zst

$(OUT)/%/checkpoint.safetensors.zst $(OUT)/%/fit.jsonl.zst: $$(data) $$(surrogate) $$(changed) | ready
	$(step) $(BIN)/srn-fit --resume --data $(data) $(on)$(call flags,fit)$(br)$(patsubst %,--srn % ,$(surrogate))--checkpoints $(@D)/checkpoints $(br)-o $(run) --metrics $(@D)/fit.jsonl.zst
	@touch -c $(run) $(@D)/fit.jsonl.zst

# What measures a run: srn-eval and the subcommands of srn-hessian.
measured = $(step) $(BIN)/$(call tool,$(name)) --data $(data) $(on)$(call flags,$(name))
to       = --resume -o $@$(newline)@touch -c $@
# Plain training can be stopped early: held-out images choose among all its checkpoints.
judged   = $(if $(filter ce ce-meta-train,$(arm)),$(br)$(series),$(run))

recipe.eval      = $(measured)$(run) $(to)
recipe.val       = $(measured)$(judged) $(to)
recipe.test      = $(measured)$(judged) $(to)
recipe.hessian   = $(measured)$(br)$(series) $(to)
recipe.lambda    = $(measured)$(run) $(to)
recipe.density   = $(measured)$(run) $(to)
recipe.landscape = $(measured)$(run) $(to)
recipe.stability = $(measured)$(br)$(series) $(to)
recipe.guidance  = $(measured)--srn $(asked) $(br)$(series) $(to)

define measure
$(OUT)/%/$1.jsonl.zst: $$$$(run) $(if $(filter guidance,$1),$$$$(asked)) $$$$(changed) | ready
	$$(recipe.$1)
endef
$(foreach k,$(kinds),$(eval $(call measure,$k)))
