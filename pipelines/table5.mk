# Table 5: SRN by the paper's protocol beside sharpness-aware methods by theirs.
table5.title    := sharpness-aware methods under the external protocol
table5.datasets := cifar10 cifar100
table5.archs    := resnet20
table5.arms     := srn external-sgd external-sam external-asam external-fsam
table5.seeds    := 0 1 2 3 4
table5.epochs   := 200
table5.kinds    := fit eval
$(eval $(call experiment,table5))
