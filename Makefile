# Builds, tests and demonstrates the commands. Needs Go and make alone;
# experiments on CIFAR are in pipelines/.

VERSION := $(shell git describe --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X srn/pkg/cli.version=$(VERSION))
PYTHON ?= python3
BENCH ?=
KILLS ?= 50
SEED ?= 1
SOAK ?= 30m
GO_TEST ?= go test
REPORTS ?= 1000

# CUDA's cuda.h, of version 12: fetched, or that of a toolkit.
CUDA_INCLUDE ?= $(CURDIR)/.cache/cuda/include
CUDA_HEADERS := nvidia-cuda-runtime-cu12==12.6.77 --hash=sha256:ba3b56a4f896141e25e19ab287cd71e52a6a0f4b29d0d31609f60e3b4d5219b7
EMULATOR := $(CURDIR)/.cache/cuda/emulator

export CGO_ENABLED := 0

.PHONY: all build cuda docs test test-cuda crash soak calibrate kernels arm64 vet modules vulncheck release reproducible demo bench bench-cuda clean help

all: build

build: ## The commands, as static binaries in bin/
	go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

cuda: $(CUDA_INCLUDE)/cuda.h ## The commands with --device cuda; needs a C compiler and cuda.h (docs/cuda.md)
	CGO_ENABLED=1 CGO_CFLAGS='-O2 -I$(CUDA_INCLUDE)' go build -tags cuda -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

$(CUDA_INCLUDE)/cuda.h:
	mkdir -p $(@D)
	echo '$(CUDA_HEADERS)' >$(@D)/requirements.txt
	$(PYTHON) -m pip download --quiet --no-deps --require-hashes --dest $(@D) --requirement $(@D)/requirements.txt
	cd $(@D) && $(PYTHON) -c 'import glob, zipfile; open("cuda.h", "wb").write(zipfile.ZipFile(glob.glob("*.whl")[0]).read("nvidia/cuda_runtime/include/cuda.h"))'
	rm $(@D)/*.whl $(@D)/requirements.txt

docs: ## The parts of docs/ that are made from the code: records, methods, choices of srn-meta
	SRN_UPDATE=1 go test ./pkg/record
	go test ./pkg/method -run TestDocumentation -update
	go test ./cmd/srn-meta -run TestDocumentedChoices -update

test: ## All tests
	$(GO_TEST) ./...

# Tests of --device cuda, with the device that SRN_CUDA_DRIVER names.
CUDA_TESTS := CGO_ENABLED=1 CGO_CFLAGS='-O2 -I$(CUDA_INCLUDE)' $(GO_TEST) -tags cuda -count 1 ./pkg/device/cuda/... ./pkg/device/open ./pkg/cli

test-cuda: $(CUDA_INCLUDE)/cuda.h ## --device cuda on an emulated GPU, and on the one that is there; needs a C++ compiler
	$(MAKE) -C kernels/cuda/emulator OUT=$(EMULATOR) check
	SRN_CUDA_DRIVER=$(EMULATOR)/libcuda.so.1 $(CUDA_TESTS)
	! nvidia-smi -L || $(CUDA_TESTS)

crash: ## Commands, and make around them, killed hundreds of times at random moments; KILLS each, SEED of the moments
	go test ./test ./pipelines -run TestCrash -timeout 4h -kills $(KILLS) -kill-seed $(SEED) -v

soak: ## Commands that run for SOAK=30m each while their memory and open files are watched
	go test ./test -run TestSoak -timeout 24h -soak $(SOAK) -v

calibrate: ## How often the report's conclusions are right, on REPORTS=1000 simulated reports for each rate that it states
	go run ./test/calibrate -reports $(REPORTS)

kernels: ## Tests of the numbers on each set of kernels that is not this machine's best
	SRN_KERNELS=generic $(GO_TEST) ./pkg/resnet
	if grep -qw avx2 /proc/cpuinfo; then SRN_KERNELS=avx2 $(GO_TEST) ./pkg/device/... ./pkg/resnet; fi

arm64: release ## The chain as linux/arm64 by qemu-aarch64-static, the split with the bytes of this machine's
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && set -ex && \
	run='qemu-aarch64-static dist/linux-arm64' && data="--data $$dir/a.safetensors" && \
	$$run/srn-split --dataset synthetic --synthetic-train 64 --synthetic-test 20 -o $$dir/a.safetensors && \
	dist/linux-amd64/srn-split --dataset synthetic --synthetic-train 64 --synthetic-test 20 -o $$dir/b.safetensors && \
	cmp $$dir/a.safetensors $$dir/b.safetensors && \
	$$run/srn-fit $$data --arch resnet8 --epochs 1 --batch 32 -o $$dir/n.safetensors --metrics $$dir/fit.jsonl && \
	$$run/srn-eval $$data $$dir/n.safetensors -o $$dir/eval.jsonl && \
	$$run/srn-report $$dir/fit.jsonl $$dir/eval.jsonl -o $$dir/report.md

vet: ## gofmt and go vet, for this machine and for one without assembly
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; } >&2
	go vet ./...
	GOARCH=arm64 go build ./...

modules: ## That the modules are those of go.sum, and that none is missing or unused
	go mod verify
	go mod tidy -diff

vulncheck: ## Known vulnerabilities in what is called; fetches the database of vuln.go.dev
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

PLATFORMS := linux/amd64 linux/arm64 darwin/arm64

release: ## The commands for each of PLATFORMS in dist/, with SHA256SUMS
	rm -rf dist
	for p in $(PLATFORMS); do \
		GOOS=$${p%/*} GOARCH=$${p#*/} go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o dist/$${p%/*}-$${p#*/}/ ./cmd/... || exit; \
	done
	cd dist && sha256sum */* >SHA256SUMS && cat SHA256SUMS

reproducible: build ## That a build of a copy elsewhere, without caches, has the same bytes
	@copy=$$(mktemp -d) && trap 'chmod -R u+w "$$copy"; rm -rf "$$copy"' EXIT && \
	git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$$copy" && \
	GOCACHE="$$copy/.cache" $(MAKE) --no-print-directory -C "$$copy" build VERSION='$(VERSION)' && \
	sha256sum bin/srn-* && cd "$$copy" && sha256sum bin/srn-* | (cd '$(CURDIR)' && sha256sum -c --quiet)

demo: build ## The whole chain on generated images in some minutes; ends with the report's path
	@$(MAKE) --no-print-directory -C pipelines -f demo.mk BIN=../bin OUT=../demo
	@echo demo/synthetic-resnet8/report.html

bench: build ## Speed beside PyTorch's: PYTHON with torch; BENCH="-only train,eval -threads 1,2 -data FILE -quick -json"
	@go run ./bench -python '$(PYTHON)' $(BENCH)

bench-cuda: cuda ## Speed on a GPU beside PyTorch's there: PYTHON with torch of CUDA; BENCH as for bench
	CGO_ENABLED=1 CGO_CFLAGS='-O2 -I$(CUDA_INCLUDE)' go run -tags cuda ./bench -python '$(PYTHON)' -device cuda -threads 1 -only train,eval,hvp,srn $(BENCH)

clean: ## Remove what was built and the demonstration's files
	rm -rf bin dist demo

help: ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 14
