# Builds, tests and demonstrates the commands. Needs Go and make alone;
# experiments on CIFAR are in pipelines/.

VERSION := $(shell git describe --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X srn/pkg/cli.version=$(VERSION))
PYTHON ?= python3
BENCH ?=
KILLS ?= 50
SEED ?= 1

export CGO_ENABLED := 0

.PHONY: all build test crash vet modules vulncheck demo bench clean help

all: build

build: ## The commands, as static binaries in bin/
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

test: ## All tests
	go test ./...

crash: ## Commands killed hundreds of times at random moments; KILLS each, SEED of the moments
	go test ./test -run TestCrash -timeout 4h -kills $(KILLS) -kill-seed $(SEED) -v

vet: ## gofmt and go vet, for this machine and for one without assembly
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; } >&2
	go vet ./...
	GOARCH=arm64 go build ./...

modules: ## That the modules are those of go.sum, and that none is missing or unused
	go mod verify
	go mod tidy -diff

vulncheck: ## Known vulnerabilities in what is called; fetches the database of vuln.go.dev
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

demo: build ## The whole chain on generated images in some minutes; ends with the report's path
	@$(MAKE) --no-print-directory -C pipelines -f demo.mk BIN=../bin OUT=../demo
	@echo demo/synthetic-resnet8/report.html

bench: build ## Speed beside PyTorch's: PYTHON with torch; BENCH="-only train,eval -threads 1,2 -data FILE -quick -json"
	@go run ./bench -python '$(PYTHON)' $(BENCH)

clean: ## Remove what was built and the demonstration's files
	rm -rf bin demo

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10
