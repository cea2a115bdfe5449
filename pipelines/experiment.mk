# An experiment NAME says what it compares by
#
#     NAME.title     a line for help
#     NAME.datasets  NAME.archs  NAME.arms  NAME.seeds  NAME.epochs
#     NAME.kinds     the records of each run: fit eval hessian density landscape stability guidance
#
# and becomes, by $(eval $(call experiment,NAME)), a target that makes those
# records and their report. Settings on the command line go before its own.

runs = $(strip $(foreach d,$(or $(DATASETS),$($1.datasets)),$(foreach a,$(or $(ARCHS),$($1.archs)),$(foreach e,$(or $(EPOCHS),$($1.epochs)),\
	$(foreach m,$(or $(METHODS),$($1.arms)),$(foreach s,$(or $(SEEDS),$($1.seeds)),$(OUT)/$d/$a/$eepochs/$m/seed$s))))))

# What an experiment needs besides its runs, and the records of it all.
datas      = $(patsubst %,$(OUT)/%/data.safetensors.zst,$(or $(DATASETS),$($1.datasets)))
surrogates = $(sort $(foreach @,$(addsuffix /run,$(call runs,$1)),$(surrogate)))
records    = $(foreach r,$(call runs,$1),$(foreach k,$($1.kinds),$r/$k.jsonl.zst)) $(patsubst %.safetensors.zst,%.jsonl.zst,$(call surrogates,$1))

same = $(and $(findstring x$1x,x$2x),$(findstring x$2x,x$1x))

# The report is made again for another list of records than the last.
define experiment
experiments += $1
.PHONY: $1
$1: $(OUT)/$1/report.html
$(addprefix $(OUT)/$1/report.,html md tex csv) &: $$$$(call records,$1) $$$$(if $$$$(call same,$$$$(strip $$$$(file < $(OUT)/$1/records)),$$$$(strip $$$$(call records,$1))),,FORCE) | binaries
	@mkdir -p $$(@D)
	@printf '%s\n' $$(call records,$1) > $$(@D)/records
	$$(foreach f,html md tex csv,$$(BIN)/srn-report $$$$(cat $$(@D)/records) -o $$(@D)/report.$$f$$(newline))
endef

.PHONY: FORCE
FORCE:
