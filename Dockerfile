# The images of Streamlytics, one target each, built with BuildKit:
#
#   template      the launcher of the Dataflow Flex Template: docker build --platform=linux/amd64 --target=template .
#   streamlytics  the program, with all its commands; the default: docker build .
#
# A container serves nothing unless --metrics_addr is given, so there is no HEALTHCHECK. With it, /healthz and /readyz
# report the state of the pipeline.

# BINARIES is the stage that has the program at /out/OS/ARCHITECTURE/streamlytics: build compiles it from this source;
# released takes it from the context, where GoReleaser puts the programs of a release.
ARG BINARIES=build
# The version is that of the toolchain in go.mod.
ARG GO_IMAGE=golang:1.26.11-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab
# Google recommends the newest launcher. launch_dataflow.sh passes it with its digest, which the image records in the
# label org.opencontainers.image.base.name.
ARG LAUNCHER_IMAGE=gcr.io/dataflow-templates-base/go-template-launcher-base:latest

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# BuildKit sets these two to the platform of the image. A default here would replace that platform.
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
# A static program runs on any base image, and in the image of Beam's SDK, where Dataflow's workers run it.
ENV CGO_ENABLED=0 OUT=/out
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags="-s -w -X main.version=$VERSION" -o "$OUT/$TARGETOS/$TARGETARCH/" ./cmd/streamlytics

FROM scratch AS released
COPY linux /out/linux

FROM ${BINARIES} AS binaries

# The launcher keeps the user of its base image. It runs once for each start of a job, on a virtual machine of its own.
FROM ${LAUNCHER_IMAGE} AS template
ARG LAUNCHER_IMAGE
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Streamlytics Flex Template" \
      org.opencontainers.image.description="Launches Streamlytics on Dataflow" \
      org.opencontainers.image.source="https://github.com/beamlytics/streamlytics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="$LAUNCHER_IMAGE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE NOTICE /licenses/
COPY --from=binaries /out/linux/amd64/streamlytics /opt/streamlytics/streamlytics
ENV FLEX_TEMPLATE_GO_BINARY=/opt/streamlytics/streamlytics
ENTRYPOINT ["/opt/google/dataflow/go_template_launcher"]

FROM ${RUNTIME_IMAGE} AS streamlytics
ARG TARGETPLATFORM
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Streamlytics" \
      org.opencontainers.image.description="Exact stock and velocity signals from POS, ECOM and WMS events" \
      org.opencontainers.image.source="https://github.com/beamlytics/streamlytics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE NOTICE /licenses/
COPY --from=binaries /out/$TARGETPLATFORM/streamlytics /streamlytics
# The only folder that the user may write to. Without --warehouse_dir, dead letters go to ./dead_letters in it.
WORKDIR /home/nonroot
# The user nonroot. Kubernetes takes only a number as proof that it is not root.
USER 65532:65532
ENTRYPOINT ["/streamlytics"]
