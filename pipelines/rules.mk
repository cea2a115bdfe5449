# How each file is made. Where it lies says of what:
#
#     OUT/DATASET/data.safetensors.zst
#     OUT/DATASET/ARCH/surrogates/NAME/srn.safetensors.zst, srn.jsonl.zst
#     OUT/DATASET/ARCH/EPOCHSepochs/ARM/seedN/checkpoint.safetensors.zst, KIND.jsonl.zst

.SECONDEXPANSION:
.SECONDARY: # nothing is an intermediate file to be thrown away

path    = $(subst /, ,$(patsubst $(OUT)/%,%,$@))
dataset = $(word 1,$(path))
arch    = $(word 2,$(path))
epochs  = $(patsubst %epochs,%,$(word 3,$(path)))
arm     = $(word 4,$(path))
seed    = $(patsubst seed%,%,$(word 5,$(path)))

data      = $(OUT)/$(dataset)/data.safetensors.zst
surrogate = $(patsubst %,$(OUT)/$(dataset)/$(arch)/surrogates/%/srn.safetensors.zst,$(call guide,$(arm)))
series    = $(@D)/checkpoints/epoch-*.safetensors.zst

# The archive of a data set, or why there is none.
archives.cifar10  := cifar-10-binary.tar.gz cifar-10-python.tar.gz cifar-10-batches-bin cifar-10-batches-py
archives.cifar100 := cifar-100-binary.tar.gz cifar-100-python.tar.gz cifar-100-binary cifar-100-python
folder  = $(or $(DATA),$(OUT)/archives)
archive = $(or $(firstword $(wildcard $(addprefix $(folder)/,$(archives.$(dataset)))) $(wildcard $(DATA))),$(error \
	$(if $(DATA),DATA=$(DATA): no such file or folder seen from $(CURDIR),no archive of $(dataset): give one by DATA=PATH or run make fetch)))

# A command goes on in the next line.
define newline


endef
br   := \$(newline)	$()	$()
flags = $(if $1,$1 )
on    = $(if $(DEVICE),--device $(DEVICE) )

$(OUT)/%/data.safetensors.zst: | binaries
	@mkdir -p $(@D)
	$(BIN)/srn-split --dataset $* $(if $(filter synthetic,$*),,--data $(archive) )$(call flags,$(SPLIT_FLAGS))-o $@

# An interrupted command goes on where it was, so what it appends to is no
# target of its own.
$(OUT)/%/srn.safetensors.zst: $$(data) | binaries
	@mkdir -p $(@D)
	$(BIN)/srn-meta --resume --data $(data) --arch $(arch) $(on)$(call flags,$(meta.$(arm)))$(call flags,$(META_FLAGS)) $(br)-o $@ --metrics $(@:.safetensors.zst=.jsonl.zst)
	@touch $@ $(@:.safetensors.zst=.jsonl.zst)

$(OUT)/%/srn.jsonl.zst: $(OUT)/%/srn.safetensors.zst ;

$(OUT)/%/checkpoint.safetensors.zst: $$(data) $$(surrogate) | binaries
	@mkdir -p $(@D)
	$(BIN)/srn-fit --resume --data $(data) --arch $(arch) $(on)$(call method,$(arm)) $(patsubst %,--srn %,$(surrogate)) $(br)--epochs $(epochs) --seed $(seed) $(call flags,$(FIT_FLAGS))--eval-every $(EVAL_EVERY) $(br)--checkpoint-every $(CHECKPOINT_EVERY) --checkpoints $(@D)/checkpoints $(br)-o $@ --metrics $(@D)/fit.jsonl.zst
	@touch $@ $(@D)/fit.jsonl.zst

$(OUT)/%/fit.jsonl.zst: $(OUT)/%/checkpoint.safetensors.zst ;

$(OUT)/%/eval.jsonl.zst: $(OUT)/%/checkpoint.safetensors.zst
	$(BIN)/srn-eval $(on)--data $(data) $< -o $@

hessian = $(BIN)/srn-hessian $1 $(on)--data $(data) --examples $(EXAMPLES) $(call flags,$(HESSIAN_FLAGS))

$(OUT)/%/hessian.jsonl.zst: $(OUT)/%/checkpoint.safetensors.zst
	$(call hessian,top)$(br)$(series) -o $@

$(OUT)/%/density.jsonl.zst: $(OUT)/%/checkpoint.safetensors.zst
	$(call hessian,density)$(call flags,$(DENSITY_FLAGS))$< -o $@

$(OUT)/%/landscape.jsonl.zst: $(OUT)/%/checkpoint.safetensors.zst
	$(call hessian,landscape)--resume --x=-1:1:$(GRID) --y=-1:1:$(GRID) $< -o $@

# The learning rate's bound is that of the loss trained on.
$(OUT)/%/stability.jsonl.zst: $(OUT)/%/checkpoint.safetensors.zst
	$(call hessian,stability)--split train $(br)$(series) -o $@

# Held-out images, as in meta-training.
$(OUT)/%/guidance.jsonl.zst: $(OUT)/%/checkpoint.safetensors.zst
	$(call hessian,guidance)--split meta_val --srn $(or $(surrogate),$(OUT)/$(dataset)/$(arch)/surrogates/srn/srn.safetensors.zst) $(br)$(series) -o $@

# Another BIN is taken as it is.
.PHONY: binaries
binaries:
	$(if $(filter ../bin,$(BIN)),@$(MAKE) --no-print-directory -C .. build)
