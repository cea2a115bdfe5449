# DATASET-ARCH: methods of one network, with λ_max over the epochs.
networks := $(sort $(foreach d,cifar10 cifar100 synthetic,$(foreach a,resnet8 resnet20 resnet32,$d-$a)) \
	$(filter cifar10-resnet% cifar100-resnet% synthetic-resnet%,$(MAKECMDGOALS)))

define network
$1.datasets := $(firstword $(subst -, ,$1))
$1.archs    := $(lastword $(subst -, ,$1))
$1.arms     := ce srn
$1.seeds    := 0
$1.epochs   := 200
$1.kinds    := fit eval hessian
endef
$(foreach n,$(networks),$(eval $(call network,$n))$(eval $(call experiment,$n)))
