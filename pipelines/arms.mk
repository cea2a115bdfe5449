# Arms: what the runs of an experiment differ in. An arm that is not named here
# is a method of srn-fit by its own name. arm.NAME are its flags of srn-fit;
# surrogate.NAME names the surrogate that guides it, which arms whose name begins
# with srn have by default, surrogate-seed.NAME that surrogate's seed, by default
# the run's, and meta.SURROGATE are the flags of srn-meta that make that one.

method    = $(or $(arm.$1),--method $1)
guide     = $(or $(surrogate.$1),$(if $(filter srn%,$1),srn))

# Methods that learn from held-out images must not train on them, and plain
# training without these images is what they are compared with.
heldout := val-guided l2t-dlf slf l2t-dln ala meta-weight-net
$(foreach x,$(heldout),$(eval arm.$x := --method $x --split meta_train))
arm.ce-meta-train := --method ce --split meta_train

# Guidance that is strong enough to matter, and its controls. An untrained
# surrogate is another one for each seed.
arm.srn-untrained         := --method srn-untrained --set init-seed=run
arm.srn-untrained-ratio0.1 := --method srn-untrained --set init-seed=run --guidance-ratio 0.1
arm.srn-ratio0.1          := --method srn --guidance-ratio 0.1
arm.srn-flipped-ratio0.1  := --method srn-flipped --guidance-ratio 0.1
arm.weight-decay-ratio0.1 := --method weight-decay-ratio
arm.random-push0.1        := --method random-push

# Table 4. The default surrogate has r_max 10, convolutions and γ_mar 1.
ablations := srn-rmax1 srn-rmax5 srn-rmax50 srn-rmax200 srn-mlp srn-gamma0 srn-gamma0.5
$(foreach x,$(ablations),$(eval arm.$x := --method srn)$(eval surrogate.$x := $x))
meta.srn-rmax1    := --r-max 1
meta.srn-rmax5    := --r-max 5
meta.srn-rmax50   := --r-max 50
meta.srn-rmax200  := --r-max 200
meta.srn-mlp      := --surrogate mlp
meta.srn-gamma0   := --gamma-mar 0
meta.srn-gamma0.5 := --gamma-mar 0.5

# Table 5, right half: AutoAugment, Cutout, label smoothing and learning rate 0.1.
arm.external-sgd  := --protocol external --method ce --weight-decay 5e-4
arm.external-sam  := --protocol external --method sam --weight-decay 5e-4
arm.external-asam := --protocol external --method asam --weight-decay 5e-4
arm.external-fsam := --protocol external --method fsam --weight-decay 5e-4
