# DATASET-ARCH: methods of one network, with λ_max over the epochs.
networks := $(sort $(foreach d,cifar10 cifar100 synthetic,$(foreach a,resnet8 resnet20 resnet32,$d-$a)) \
	$(filter-out %/%,$(filter $(datasets:%=%-resnet%),$(MAKECMDGOALS) $(TARGETS))))

define network
$1.datasets := $2
$1.archs    := $(patsubst $2-%,%,$1)
$1.arms     := ce srn
$1.seeds    := 0
$1.epochs   := 200
$1.kinds    := fit eval hessian
endef
$(foreach n,$(networks),$(foreach d,$(datasets),$(if $(filter $d-resnet%,$n),$(eval $(call network,$n,$d))$(eval $(call experiment,$n)))))
