# The chain on generated images, with schedules short enough for a look.

OUT         ?= ../demo
EPOCHS      ?= 8
EXAMPLES    ?= 500
SPLIT_FLAGS ?= --synthetic-train 5000 --synthetic-test 2000
META_FLAGS  ?= --rounds 10 --inner-epochs 2

include Makefile

.DEFAULT_GOAL := synthetic-resnet8
