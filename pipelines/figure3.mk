# Figure 3: λ_max over the epochs.
figure3.title    := the Hessian's largest eigenvalue over the epochs
figure3.datasets := cifar10
figure3.archs    := resnet8 resnet20 resnet32
figure3.arms     := ce srn
figure3.seeds    := 0 1 2 3 4
figure3.epochs   := 200
figure3.kinds    := fit eval hessian
$(eval $(call experiment,figure3))
