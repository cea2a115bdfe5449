# Does meta-learned guidance help? Arms × seeds, with the controls that tell
# what an effect is owed to, and plain training tuned on held-out images.
# ../docs/guidance.md says what the arms are and what came out.

RATIO    ?= 0.1
# Learned: surrogates, OBJECTIVE-FORM. Each has its controls.
LEARNED  ?= gap-dictionary hypergradient-dictionary s-meta-conv s-meta-mlp
CONTROLS ?= untrained flipped shuffled
DRAWS    ?= 1 2 3
# Plain: values tried by themselves, and with the others' best by hand.
DECAYS   ?= 5e-4 2e-3 1e-2 2e-2 4e-2
RATES    ?= 0.03 0.12
LENGTHS  ?= 15 60

# What srn-meta makes of a surrogate: online, as fast as the training that it
# is for. The paper's own schedule where the paper's objective is asked for.
form      = $(lastword $(subst -, ,$1))
wants     = $(patsubst %-$(call form,$1),%,$1)
online    = --mode online --inner-n 128 --outer-n 128 --inner-lr 0.06 --inner-schedule cosine --guidance-ratio $(RATIO) \
	--unroll 2 --rounds $(if $(filter cifar10-2000,$(dataset)),240,1000 --augment)
learn     = --surrogate $(call form,$1) --objective $(call wants,$1) $(if $(filter s-meta,$(call wants,$1)),,$$(online))

# $(call guided,ARM,METHOD,SURROGATE), $(call plain,ARM,FLAGS): all train on
# meta_train, since held-out images teach or choose.
guided = $(eval arm.$1 := --method $2 --guidance-ratio $(RATIO) --split meta_train)$(eval surrogate.$1 := $3)$1
plain  = $(eval arm.$1 := $2 --split meta_train)$1

$(foreach k,$(LEARNED),$(eval meta.$k = $(call learn,$k)))
forms := $(sort $(foreach k,$(LEARNED),$(call form,$k)))
like   = $(firstword $(foreach k,$(LEARNED),$(if $(filter $1,$(call form,$k)),$k)))
guidance.learned := $(foreach k,$(LEARNED),$(call guided,$k,srn,$k) \
	$(foreach c,$(filter flipped shuffled,$(CONTROLS)),$(call guided,$k-$c,srn-$c,$k)))
guidance.drawn   := $(if $(filter untrained,$(CONTROLS)),$(foreach f,$(forms),$(foreach d,$(DRAWS),\
	$(call guided,untrained$d-$f,srn-untrained --set init-seed=$d,$(call like,$f)))))
guidance.plain   := ce-meta-train \
	$(foreach x,$(DECAYS),$(call plain,wd$x,--method weight-decay --weight-decay $x)) \
	$(foreach x,$(RATES),$(call plain,lr$x,--method ce --lr $x)) \
	$(foreach x,$(LENGTHS),$(eval epochs.epochs$x := $x)$(call plain,epochs$x,--method ce)) \
	$(call plain,wdratio,--method weight-decay-ratio --set ratio=$(RATIO))

# Arms whose λ_max is measured: all, unless CURVATURE names some.
guidance.title    := whether guidance helps, with all controls, on 2,000 images
guidance.datasets := cifar10-2000
guidance.archs    := resnet8
guidance.arms     := $(guidance.plain) $(guidance.learned) $(guidance.drawn)
guidance.seeds    := 0 1 2 3 4
guidance.epochs   := 30
guidance.kinds    := fit val test lambda
$(if $(filter undefined,$(origin CURVATURE)),,$(eval guidance.only.lambda := $(CURVATURE)))
$(eval $(call experiment,guidance))

guidance-full.title    := the same on 45,000 images
guidance-full.datasets := cifar10
$(foreach x,archs arms seeds epochs kinds,$(eval guidance-full.$x := $(guidance.$x)))
$(if $(filter undefined,$(origin CURVATURE)),,$(eval guidance-full.only.lambda := $(CURVATURE)))
$(eval $(call experiment,guidance-full))
