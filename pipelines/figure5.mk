# Figure 5: seconds of an evaluation of the surrogate along a run.
figure5.title    := seconds of an evaluation of the surrogate
figure5.datasets := cifar10
figure5.archs    := resnet8 resnet20 resnet32
figure5.arms     := srn
figure5.seeds    := 0
figure5.epochs   := 2
figure5.kinds    := fit guidance
$(eval $(call experiment,figure5))
