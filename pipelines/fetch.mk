# The official archives, where there is a network. A download that broke off
# goes on; only one whose sha256 is right gets its name.

CIFAR_URL ?= https://www.cs.toronto.edu/~kriz

sha256.cifar-10-binary.tar.gz  := c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd
sha256.cifar-100-binary.tar.gz := 58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec

.PHONY: fetch
fetch: $(OUT)/archives/cifar-10-binary.tar.gz $(OUT)/archives/cifar-100-binary.tar.gz

.PRECIOUS: $(OUT)/archives/%.part
$(OUT)/archives/%.tar.gz:
	@mkdir -p $(@D)
	curl --fail --location --retry 3 --connect-timeout 20 --continue-at - --output $@.part $(CIFAR_URL)/$(@F) || { \
		echo 'fetch: no $(@F) from $(CIFAR_URL): if there is no network, bring the file by other means and give it by DATA=PATH; what has come is in $@.part and is gone on with' >&2; exit 1; }
	@echo '$(sha256.$(@F))  $@.part' | sha256sum --check --status || { \
		echo 'fetch: $@.part is not the official archive by its sha256: remove it and fetch again' >&2; exit 1; }
	mv $@.part $@
