# The literal effect: does the paper's λ = 1 do anything that a push of the same
# size in a random direction does not? ../results/PLAN.md says what is compared
# and what will be concluded from which outcome.

arm.random-push5.5e-5 := --method random-push --set ratio=5.5e-5

literal.title    := whether the literal surrogate does anything (results/PLAN.md)
literal.datasets := cifar10
literal.archs    := resnet8
literal.arms     := ce srn srn-untrained random-push5.5e-5
literal.seeds    := $(shell seq -s ' ' 100 129)
literal.epochs   := 30
literal.kinds    := fit eval
$(eval $(call experiment,literal))

# Fewer seeds of the control that flips the sign.
literal-flipped.title    := the same with its sign flipped, on half of the seeds
literal-flipped.datasets := cifar10
literal-flipped.archs    := resnet8
literal-flipped.arms     := srn-flipped
literal-flipped.seeds    := $(shell seq -s ' ' 100 114)
literal-flipped.epochs   := 30
literal-flipped.kinds    := fit eval
$(eval $(call experiment,literal-flipped))
