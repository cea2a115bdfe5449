# Does meta-learned guidance help? Arms × seeds, with the controls that tell
# what an effect is owed to, and plain training tuned on held-out images.
#
#     make -f guidance.mk DATA=/data/cifar-10-binary.tar.gz
#     make -f guidance.mk DATA=… SCALE=full SEEDS="0 1 2"
#
# Every file is a target, so that make runs only what is missing, and an
# interrupted training goes on where it was. `make -n` shows the commands.
# Needs GNU make 4.3. docs/guidance.md says what the arms are and what came out.

SCALE    ?= small
ARCH     ?= resnet8
SEEDS    ?= 0 1 2 3 4
DRAWS    ?= 1 2 3
EPOCHS   ?= 30
RATIO    ?= 0.1
EXAMPLES ?= 500

# Learned: surrogates, and what they are fitted to. Each has its controls.
LEARNED  ?= gap-dictionary hypergradient-dictionary s-meta-conv s-meta-mlp
CONTROLS ?= untrained flipped shuffled
# Plain: values tried by themselves, and with the others' best by hand.
DECAYS   ?= 5e-4 2e-3 1e-2 2e-2 4e-2
RATES    ?= 0.03 0.12
LENGTHS  ?= 15 60

# Where
DATA     ?=
OUT      ?= ../runs
BIN      ?= ../bin

# The regimes: small is 2,000 images to train on, 500 held out, no augmentation;
# full is all of the data set, 45,000 and 5,000.
split.small = --examples 2500 --val-fraction 0.2
fit.small   = --split meta_train --augment none
meta.small  = --rounds 240 --unroll 2
split.full  =
fit.full    = --split meta_train
meta.full   = --rounds 1000 --unroll 2 --augment

# What srn-meta makes of a surrogate: online, as fast as the training that it
# is for. The paper's own schedule where the paper's objective is asked for.
online       = --mode online --inner-n 128 --outer-n 128 --inner-lr 0.06 --inner-schedule cosine --guidance-ratio $(RATIO) $(meta.$(SCALE))
form         = $(lastword $(subst -, ,$1))
wants        = $(patsubst %-$(call form,$1),%,$1)
learn        = --surrogate $(call form,$1) --objective $(call wants,$1) $(if $(filter s-meta,$(call wants,$1)),,$(online))

# Names: k is a surrogate, s a seed, n an arm.
root      = $(OUT)/guidance-$(SCALE)-$(ARCH)
data      = $(root)/data.safetensors.zst
surrogate = $(root)/meta/$k-seed$s.safetensors.zst
run       = $(root)/$n-seed$s

PLAIN   := ce $(DECAYS:%=wd%) $(RATES:%=lr%) $(LENGTHS:%=epochs%) wdratio
GUIDED  := $(LEARNED) $(foreach k,$(LEARNED),$(foreach c,$(filter-out untrained,$(CONTROLS)),$k-$c))
FORMS   := $(sort $(foreach k,$(LEARNED),$(call form,$k)))
DRAWN   := $(if $(filter untrained,$(CONTROLS)),$(foreach f,$(FORMS),$(foreach d,$(DRAWS),untrained$d-$f)))
ARMS    ?= $(PLAIN) $(GUIDED) $(DRAWN)
# Arms whose λ_max is measured.
CURVATURE ?= $(ARMS)

# An arm's method, and the surrogate that it needs.
of        = $(firstword $(filter $(LEARNED),$1 $(1:-flipped=) $(1:-shuffled=)))
like      = $(firstword $(foreach k,$(LEARNED),$(if $(filter $(call form,$1),$(call form,$k)),$k)))
method    = $(strip $(if $(filter ce lr% epochs%,$1),--method ce,) \
	$(if $(filter wdratio,$1),--method weight-decay-ratio --set ratio=$(RATIO)) \
	$(if $(filter wd%,$(filter-out wdratio,$1)),--method weight-decay --weight-decay $(1:wd%=%)) \
	$(if $(filter $(LEARNED),$1),--method srn) \
	$(if $(filter %-flipped,$1),--method srn-flipped) \
	$(if $(filter %-shuffled,$1),--method srn-shuffled) \
	$(if $(filter untrained%,$1),--method srn-untrained --set draw=$(patsubst untrained%,%,$(firstword $(subst -, ,$1)))) \
	$(if $(filter lr%,$1),--lr $(1:lr%=%)))
length    = $(if $(filter epochs%,$1),$(1:epochs%=%),$(EPOCHS))
guide     = $(or $(foreach k,$(call of,$1),$(surrogate)),$(if $(filter untrained%,$1),$(foreach k,$(call like,$1),$(foreach s,$(firstword $(SEEDS)),$(surrogate)))))

records   = $(foreach n,$(ARMS),$(foreach s,$(SEEDS),$(addprefix $(run)/,fit.jsonl.zst val.jsonl.zst test.jsonl.zst))) \
	$(foreach n,$(filter $(ARMS),$(CURVATURE)),$(foreach s,$(SEEDS),$(run)/hessian.jsonl.zst))

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: report runs surrogates
report: $(root)/report.html $(root)/report.md
runs: $(records)
surrogates: $(foreach k,$(LEARNED),$(foreach s,$(SEEDS),$(surrogate)))

$(data):
	@mkdir -p $(@D)
	$(BIN)/srn-split --dataset cifar10 --data $(or $(DATA),$(error give the archive or folder of CIFAR-10: DATA=PATH)) $(split.$(SCALE)) -o $@

define surrogate_rule
$(surrogate): $(data)
	@mkdir -p $$(@D)
	$(BIN)/srn-meta --resume --data $$< --arch $(ARCH) --seed $s $(call learn,$k) -o $$@ --metrics $$(@:.safetensors.zst=.jsonl.zst)
	@touch $$@
endef

define run_rule
$(run)/checkpoint.safetensors.zst: $(data) $(call guide,$n)
	@mkdir -p $$(@D)
	$(BIN)/srn-fit --resume --data $$< --arch $(ARCH) $(call method,$n) $(if $(call guide,$n),--srn $(call guide,$n) --guidance-ratio $(RATIO)) \
		--epochs $(call length,$n) --seed $s $(fit.$(SCALE)) --checkpoint-every 5 --checkpoints $$(@D)/checkpoints \
		-o $$@ --metrics $$(@D)/fit.jsonl.zst
	@touch $$@

$(run)/fit.jsonl.zst: $(run)/checkpoint.safetensors.zst ;

# Plain cross-entropy can be stopped early: by all its checkpoints, held-out
# images choosing.
$(run)/val.jsonl.zst: $(run)/checkpoint.safetensors.zst
	$(BIN)/srn-eval --data $(data) --split meta_val $(if $(filter ce,$n),$$(@D)/checkpoints/epoch-*.safetensors.zst,$$<) -o $$@

$(run)/test.jsonl.zst: $(run)/checkpoint.safetensors.zst
	$(BIN)/srn-eval --data $(data) $(if $(filter ce,$n),$$(@D)/checkpoints/epoch-*.safetensors.zst,$$<) -o $$@

$(run)/hessian.jsonl.zst: $(run)/checkpoint.safetensors.zst
	$(BIN)/srn-hessian top --data $(data) --split meta_train --examples $(EXAMPLES) $$< -o $$@
endef

$(foreach k,$(LEARNED),$(foreach s,$(SEEDS),$(eval $(surrogate_rule))))
$(foreach n,$(ARMS),$(foreach s,$(SEEDS),$(eval $(run_rule))))

$(root)/report.html $(root)/report.md &: $(records)
	$(BIN)/srn-report $(records) -o $(root)/report.html
	$(BIN)/srn-report $(records) -o $(root)/report.md
