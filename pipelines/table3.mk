# Table 3 and Figure 6: seconds of an epoch. Two epochs of each are timed; run
# it without -j on a machine with nothing else to do.
table3.title    := seconds of an epoch by method (Figure 6 too)
table3.datasets := cifar10
table3.archs    := resnet32
table3.arms     := ce weight-decay label-smoothing mixup dropout spectral-norm random-erasing ce-meta-train val-guided r-drop srn
table3.seeds    := 0 1 2 3 4
table3.epochs   := 2
table3.kinds    := fit
$(eval $(call experiment,table3))
