# Data sets: those of srn-split, and parts of them under names of their own.
# source.NAME is the data set of srn-split, split.NAME more flags of it, fit.NAME
# flags of srn-fit for the part, every.NAME epochs between its checkpoints.
datasets := cifar10 cifar100 synthetic cifar10-2000

# Two thousand images to train on, 500 held out, no augmentation.
source.cifar10-2000 := cifar10
split.cifar10-2000  := --examples 2500 --val-fraction 0.2
fit.cifar10-2000    := --augment none
every.cifar10-2000  := 5

# The archive of a data set, or why there is none.
archives.cifar10  := cifar-10-binary.tar.gz cifar-10-python.tar.gz cifar-10-batches-bin cifar-10-batches-py
archives.cifar100 := cifar-100-binary.tar.gz cifar-100-python.tar.gz cifar-100-binary cifar-100-python
source  = $(or $(source.$(dataset)),$(dataset))
folder  = $(or $(DATA),$(OUT)/archives)
there   = $(wildcard $(subst $(space),\ ,$1))
found   = $(firstword $(foreach a,$(archives.$(source)),$(if $(call there,$(folder)/$a),$a)))
archive = $(if $(found),$(folder)/$(found),$(if $(DATA),$(if $(call there,$(DATA)),$(DATA),$(error \
	DATA=$(DATA): no such file or folder seen from $(CURDIR))),$(error no archive of $(source): give one by DATA=PATH or run make fetch)))
