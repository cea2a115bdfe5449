# Figure 1: the test loss around the last checkpoints of CE and SRN.
figure1.title    := loss landscapes of cross-entropy and SRN
figure1.datasets := cifar10
figure1.archs    := resnet20
figure1.arms     := ce srn
figure1.seeds    := 0
figure1.epochs   := 200
figure1.kinds    := fit eval landscape
$(eval $(call experiment,figure1))
