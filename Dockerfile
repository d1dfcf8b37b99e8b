# Packages the binary that `make image` cross-compiled; nothing is compiled here,
# so the image holds the very bytes that were tested.
#
#   docker build -t live-operator .
#   buildah --storage-driver vfs bud --isolation chroot --build-arg BASE=scratch -t live-operator .
#
# BASE=scratch builds where no registry can be reached. That image has no
# certificate authorities: give the operator the ones to trust for the Live API
# and IAM with --ca-bundle (in the Helm chart: caBundle).
ARG BASE=gcr.io/distroless/static:nonroot
FROM ${BASE}

# Set by docker (BuildKit) and buildah from --platform; it has no default here,
# because a default would win over the platform.
ARG TARGETARCH
ARG VERSION=dev
ARG COMMIT=unknown

LABEL org.opencontainers.image.title="live-operator" \
      org.opencontainers.image.description="Keeps the recording-callback configurations of Huawei Cloud Live as Kubernetes resources say" \
      org.opencontainers.image.source="https://github.com/live-operator/live-operator" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"

COPY bin/linux-${TARGETARCH}/live-operator /live-operator

# In numbers, so that runAsNonRoot can be checked, and for want of /etc/passwd on
# scratch.
USER 65532:65532
ENTRYPOINT ["/live-operator"]
