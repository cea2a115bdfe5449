# An experiment NAME says what it compares by
#
#     NAME.title     a line for help
#     NAME.datasets  NAME.archs  NAME.arms  NAME.seeds  NAME.epochs
#     NAME.kinds     the records of each run: fit and those of rules.mk
#     NAME.only.KIND the arms of which these records are made, if not of all
#
# and becomes, by $(eval $(call experiment,NAME)), a target that makes those
# records and their report. Settings on the command line go before its own, and
# epochs.ARM, the length that an arm is about, before both.

runs = $(strip $(foreach d,$(or $(DATASETS),$($1.datasets)),$(foreach a,$(or $(ARCHS),$($1.archs)),$(foreach e,$(or $(EPOCHS),$($1.epochs)),\
	$(foreach m,$(or $(METHODS),$($1.arms)),$(foreach s,$(or $(SEEDS),$($1.seeds)),$(OUT)/$d/$a/$(or $(epochs.$m),$e)epochs/$m/seed$s))))))

# What an experiment needs besides its runs, and the records of it all.
datas      = $(patsubst %,$(OUT)/%/data.safetensors.zst,$(or $(DATASETS),$($1.datasets)))
surrogates = $(sort $(foreach @,$(addsuffix /run,$(call runs,$1)),$(surrogate) $(if $(filter guidance,$($1.kinds)),$(asked))))
of         = $(if $(filter undefined,$(flavor $1.only.$2)),$3,$(filter $(foreach m,$($1.only.$2),$(OUT)/%/$m),$(patsubst %/,%,$(dir $3))))
records    = $(foreach r,$(call runs,$1),$(foreach k,$($1.kinds),$(if $(call of,$1,$k,$r),$r/$k.jsonl.zst))) \
	$(patsubst %.safetensors.zst,%.jsonl.zst,$(call surrogates,$1))

# A list is written by make itself, since it can be longer than a command line.
# | stands for a space in it.
write = $(if $(dry),,$(shell mkdir -p $(dir $1))$(file >$1)$(foreach l,$2,$(file >>$1,$(subst |, ,$l))))
dry   = $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS))))

# The report is made again for another list of records than that of the last
# which was made to its end.
formats = html md tex csv
report  = $(foreach f,$(formats),$(BIN)/srn-report $$(cat $(@D)/records.new) -o $(@D)/report.$f$(newline))@mv $(@D)/records.new $(@D)/records

define experiment
experiments += $1
.PHONY: $1
$1: $(addprefix $(OUT)/$1/report.,$(formats))
$(addprefix $(OUT)/$1/report.,$(formats)) &: $$$$(call records,$1) $$$$(if $$$$(call same,$$$$(strip $$$$(file < $(OUT)/$1/records)),$$$$(strip $$$$(call records,$1))),,FORCE) | ready
	$$(call write,$$(@D)/records.new,$$(call records,$1))$$(report)
endef
