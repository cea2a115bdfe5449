# Table 6: top-1 and top-5 accuracy on CIFAR-100; the runs are Table 2's.
table6.title    := top-5 accuracy on CIFAR-100
table6.datasets := cifar100
table6.archs    := resnet20 resnet32
table6.arms     := $(table2.arms)
table6.seeds    := 0 1 2 3 4
table6.epochs   := 200
table6.kinds    := fit eval
$(eval $(call experiment,table6))
