# Every table and figure at toy scale: does all of it run?

.PHONY: smoke
smoke:
	$(MAKE) --no-print-directory OUT=$(OUT)/smoke DATASETS=synthetic ARCHS=resnet8 SEEDS="0 1" EPOCHS=2 EXAMPLES=20 GRID=3 \
		CHECKPOINT_EVERY=2 EVAL_EVERY=2 SPLIT_FLAGS="--synthetic-train 320 --synthetic-test 100 --quiet" SURROGATE_SEED=0 LENGTHS=3 \
		META_FLAGS="--rounds 2 --inner-epochs 1 --outer-n 30 --quiet" FIT_FLAGS="--batch 64 --quiet" HESSIAN_FLAGS=--quiet DENSITY_FLAGS="--steps 10 --probes 2" \
		$(filter-out $(networks),$(experiments))
	@echo 'smoke: reports in $(OUT)/smoke/*/report.html'
