# Table 7: dynamic losses.
table7.title    := test accuracy of dynamic losses
table7.datasets := cifar10 cifar100
table7.archs    := resnet8 resnet20 resnet32
table7.arms     := ce ce-meta-train smooth01 l-softmax l2t-dlf barron slf l2t-dln ala meta-weight-net srn
table7.seeds    := 0 1 2 3 4
table7.epochs   := 200
table7.kinds    := fit eval
$(eval $(call experiment,table7))
