# Table 2: test accuracy of static and dynamic regularizers.
table2.title    := test accuracy of 14 regularizers and plain cross-entropy
table2.datasets := cifar10 cifar100
table2.archs    := resnet20 resnet32
table2.arms     := ce dropout label-smoothing mixup random-erasing spectral-norm weight-decay \
	confidence-penalty energy-ood logitnorm r-drop gradalign consistency ce-meta-train val-guided srn
table2.seeds    := 0 1 2 3 4
table2.epochs   := 200
table2.kinds    := fit eval
$(eval $(call experiment,table2))
