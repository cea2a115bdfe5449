# Table 4: ablations of the surrogate: ceiling, architecture, meta-objective.
table4.title    := ablations of the surrogate
table4.datasets := cifar10
table4.archs    := resnet8 resnet20 resnet32
table4.arms     := ce srn $(ablations)
table4.seeds    := 0 1 2 3 4
table4.epochs   := 200
table4.kinds    := fit eval
$(eval $(call experiment,table4))
