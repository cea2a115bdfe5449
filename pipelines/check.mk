# Settings that cannot be meant are refused before anything is run.

comma :=,
quote  = '$(subst ','\'',$1)'
space := $() $()
digits = $(subst 0,,$(subst 1,,$(subst 2,,$(subst 3,,$(subst 4,,$(subst 5,,$(subst 6,,$(subst 7,,$(subst 8,,$(subst 9,,$1))))))))))
number = $(if $1,$(if $(call digits,$1),,$1))

# $(call numbers,SETTING) refuses what is no list of whole numbers.
numbers = $(foreach n,$($1),$(if $(call number,$n),,$(error $1=$($1): $n is not a whole number)))
# $(call among,SETTING,WHAT,KNOWN) refuses what is unknown.
among = $(foreach x,$($1),$(if $(filter $x,$3),,$(error $1: there is no $2 $x; there are: $(strip $3))))
single = $(if $(word 2,$($1)),$(error $1=$($1): one number is wanted))

# Names of make's targets have no spaces, and what make or a shell reads in
# another way breaks more than it is worth.
$(foreach c,% : \# ' " * ? [ ] \ $$ ; & ( ) < > |,$(if $(findstring $c,$(OUT)),$(error OUT=$(OUT): a folder whose name has $c cannot be used; choose another)))
$(if $(findstring $(space),$(OUT)),$(error OUT=$(OUT): a folder whose name has spaces cannot be used by make; choose another, or a symbolic link to it))

$(foreach s,SEEDS EPOCHS EVAL_EVERY CHECKPOINT_EVERY GRID SURROGATE_SEED SLURM_LIMIT TASK_EPOCHS,$(call numbers,$s))
$(foreach s,EVAL_EVERY CHECKPOINT_EVERY GRID SURROGATE_SEED SLURM_LIMIT TASK_EPOCHS,$(call single,$s))
$(call among,DATASETS,data set,$(datasets))
$(call among,STALE,way,refuse remake)
$(foreach s,METHODS ARCHS,$(foreach x,$($s),$(if $(findstring /,$x),$(error $s: $x cannot name a folder))))
