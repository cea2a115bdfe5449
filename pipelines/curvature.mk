# What the paper does not show: spectra, the edge of stability, what the
# surrogate's gradient points at.
curvature.title    := spectral density, edge of stability, guidance diagnostics
curvature.datasets := cifar10
curvature.archs    := resnet8
curvature.arms     := ce weight-decay srn srn-ratio0.1 srn-untrained-ratio0.1
curvature.seeds    := 0 1 2
curvature.epochs   := 30
curvature.kinds    := fit eval hessian density landscape stability guidance
$(eval $(call experiment,curvature))
