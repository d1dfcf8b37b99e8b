# `make` alone says what there is. Needed: Go, git, bash and any GNU make.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Words for `make VAR=...`.
ARGS ?=
PKG ?=
MINUTES ?= 10
BENCH ?=
export PKG

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
CONTAINER_TOOL ?= docker
BASE ?= gcr.io/distroless/static:nonroot
IMAGE ?= live-operator:$(VERSION)
# Of the image; several, such as linux/amd64,linux/arm64, make a manifest list,
# which only docker takes for granted.
PLATFORMS ?= linux/$(shell go env GOARCH)
comma := ,
AS = $(if $(findstring docker,$(CONTAINER_TOOL)),--tag,$(if $(findstring $(comma),$(PLATFORMS)),--manifest,--tag))

# GOFLAGS and the like of the environment would make other bytes of the same commit.
GO_BUILD = CGO_ENABLED=0 GOFLAGS= GOAMD64=v1 GOARM64=v8.0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)"
CRD := config/crd/bases/live.huaweicloud.com_recordcallbackconfigs.yaml
# The modules with code: this one, and those of tests that need what the operator does not.
MODULES := . $(patsubst %/go.mod,%,$(wildcard test/*/go.mod))

##@ Try

.PHONY: help
help: ## Say what there is.
	@awk 'BEGIN { FS = ":.*## "; print "make TARGET [VAR=...]" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: quickstart
quickstart: ## See it work: API server, simulator and operator in this terminal; Ctrl-C ends all. ARGS=--once: only the show.
	@export KUBEBUILDER_ASSETS="$$(hack/control-plane)" && \
		mkdir -p bin && go build -o bin/quickstart ./hack/quickstart && exec bin/quickstart $(ARGS)

.PHONY: run
run: ## Run the operator against the cluster of your kubeconfig. ARGS="--zap-log-level=debug": its flags.
	go run -ldflags "-X main.version=$(VERSION) -X main.commit=$(COMMIT)" . $(ARGS)

##@ Develop

.PHONY: generate
generate: bin/controller-gen ## Generate Go code from the types of the API.
	bin/controller-gen object paths=./api/...

.PHONY: manifests
manifests: bin/controller-gen bin/crd-ref-docs ## Generate the CRD, the RBAC role and the API reference from the code, Argo CD's configuration from its Lua, and the PrometheusRule from the alerts.
	bin/controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
	bin/controller-gen rbac:roleName=manager-role paths=./internal/controller/... output:rbac:dir=config/rbac
	mkdir -p charts/live-operator/files && cp $(CRD) charts/live-operator/files/crd.yaml
	cp config/prometheus/rules.yaml config/prometheus/dashboard.json charts/live-operator/files/
	{ cat config/prometheus/prometheusrule.head && sed 's/^\(.\)/  \1/' config/prometheus/rules.yaml; } >config/prometheus/prometheusrule.yaml
	bin/crd-ref-docs --log-level=ERROR --source-path=api --config=hack/tools/crd-ref-docs/config.yaml --renderer=markdown --output-path=docs/reference.md
	hack/argocd-cm

.PHONY: fmt
fmt: bin/golangci-lint ## Format the code.
	@for module in $(MODULES); do (cd "$$module" && $(CURDIR)/bin/golangci-lint fmt ./...); done

.PHONY: vet
vet: ## Run go vet.
	@for module in $(MODULES); do (cd "$$module" && go vet ./...); done

.PHONY: lint
lint: bin/golangci-lint ## Run the linters, of Go and, where shellcheck is installed, of the scripts.
	@for module in $(MODULES); do (cd "$$module" && $(CURDIR)/bin/golangci-lint run ./...); done
	@if command -v shellcheck >/dev/null; then \
		shellcheck $$(git ls-files --cached --others --exclude-standard -- hack .ci test | xargs grep -lE '^#!.*(bash|/sh)'); \
	else echo "shellcheck is not installed: the scripts were not checked"; fi

.PHONY: lint-fix
lint-fix: bin/golangci-lint ## Run the linters and correct what they can.
	@for module in $(MODULES); do (cd "$$module" && $(CURDIR)/bin/golangci-lint run --fix ./...); done

##@ Check

# The chart's tests would build helm each time; built once, it is kept.
.PHONY: test
test: $(if $(PKG),,bin/helm) ## Run every test. PKG=./internal/live: only there. ARGS="-run X -v": flags of go test.
	@hack/test $(ARGS)

.PHONY: bench
bench: ## Measure the operator against its budgets and a bare loop, in about 15 minutes. BENCH=smoke: in less than two. BENCH=full: all, for hours.
	@export KUBEBUILDER_ASSETS="$$(hack/control-plane)" && \
		mkdir -p bin && go build -o bin/bench ./test/bench && exec bin/bench $(addprefix -,$(BENCH)) $(ARGS)

.PHONY: fuzz
fuzz: ## Fuzz every parser of foreign bytes, 10 seconds each. FUZZTIME=10m: longer. ARGS=FuzzAnswer: only that one.
	@hack/fuzz $(ARGS)

.PHONY: e2e
e2e: ## Test on the cluster of KUBECONFIG. E2E_IMAGE_LOAD="command": what loads an image archive into it; kind load image-archive.
	@hack/e2e $(ARGS)

.PHONY: soak
soak: ## Change, rotate, drift and fail for MINUTES=10, and see that the process stays as it was.
	@PKG=./test/faults hack/test -timeout 24h -ginkgo.timeout=24h -ginkgo.focus="A soak" -soak-minutes $(MINUTES)

.PHONY: check-generated
check-generated: ## Fail if generated files, go.mod or go.sum are not up to date.
	@hack/check-generated

.PHONY: ci
ci: ## Do all that CI does.
	@.ci/run

##@ Build

.PHONY: build
build: ## Build bin/live-operator.
	$(GO_BUILD) -o bin/live-operator .

BINARIES := linux-amd64 linux-arm64
.PHONY: $(BINARIES)
$(BINARIES): linux-%:
	GOOS=linux GOARCH=$* $(GO_BUILD) -o bin/linux-$*/live-operator .

.PHONY: image
image: $(BINARIES) ## Build the container image. IMAGE=, PLATFORMS=linux/amd64,linux/arm64, BASE=scratch, CONTAINER_TOOL="buildah --storage-driver vfs".
	$(CONTAINER_TOOL) build --platform $(PLATFORMS) --build-arg BASE=$(BASE) --build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) $(AS) $(IMAGE) .

.PHONY: clean
clean: ## Remove what was built here. The control plane stays in its cache.
	rm -rf bin

# Tools, pinned by a module each, built when that changes.
TOOLS := $(patsubst hack/tools/%/go.mod,bin/%,$(filter-out hack/tools/control-plane/%,$(wildcard hack/tools/*/go.mod)))
.PHONY: tools
tools: $(TOOLS) ## Build the tools that the targets above use.

bin/%: hack/tools/%/go.mod hack/tools/%/go.sum
	@hack/build-tool $*
