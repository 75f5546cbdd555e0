# The images of Streamlytics, one target each:
#
#   pipeline   the pipeline alone: docker build --target pipeline .
#   tools      every command of cmd/, for the local stack: docker build --target tools .
#   template   the launcher of the Dataflow Flex Template; the default, and what launch_dataflow.sh builds
#
# The base of the images that run is pinned by tag and digest, but for the launcher: see LAUNCHER_IMAGE. The image
# that builds is pinned by the tag of the toolchain in go.mod. There is no HEALTHCHECK: the pipeline listens
# nowhere unless it is told to, and the launcher is gone when it has submitted its job. Who runs these images checks them by what
# they do, as the local stack does.
ARG GO_IMAGE=golang:1.26.11-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab
# Google's launcher changes with the service that it serves, and "latest" is the release that Google recommends. launch_dataflow.sh
# asks which one that is and builds on its digest, which the image then names in its label org.opencontainers.image.base.name.
ARG LAUNCHER_IMAGE=gcr.io/dataflow-templates-base/go-template-launcher-base:latest

# build: the pipeline's binary. On Dataflow the launcher stages this very file, and workers run it in another image: it must be
# static, and for linux/amd64, which is the platform that launch_dataflow.sh asks for.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS=linux
ARG TARGETARCH=amd64
ARG VERSION=dev
ENV CGO_ENABLED=0 OUT=/out
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags="-s -w -X main.version=$VERSION" -o "$OUT/" ./cmd/streamlytics ./cmd/probe

# build-tools: the other commands, which only the tools image needs.
FROM build AS build-tools
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags="-s -w -X main.version=$VERSION" -o "$OUT/tools/" ./cmd/...

FROM ${RUNTIME_IMAGE} AS pipeline
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Streamlytics" \
      org.opencontainers.image.description="Exact stock and velocity signals from POS, ECOM and WMS events" \
      org.opencontainers.image.source="https://github.com/beamlytics/streamlytics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE NOTICE /licenses/
COPY --from=build /out/streamlytics /streamlytics
# What a health check can run, where there is neither a shell nor curl.
COPY --from=build /out/probe /probe
# The user's home, and the only folder that is the user's: ./dead_letters is made here unless --warehouse_dir names another.
WORKDIR /home/nonroot
USER nonroot:nonroot
ENTRYPOINT ["/streamlytics"]

FROM ${RUNTIME_IMAGE} AS tools
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Streamlytics tools" \
      org.opencontainers.image.description="The pipeline and the tools around it, in /usr/local/bin" \
      org.opencontainers.image.source="https://github.com/beamlytics/streamlytics" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY LICENSE NOTICE /licenses/
COPY --from=build-tools /out/tools/ /usr/local/bin/
WORKDIR /home/nonroot
USER nonroot:nonroot
CMD ["/usr/local/bin/streamlytics", "--help"]

# The launcher runs as the user of its base. Google documents no other, and does not say where it writes; and the container lives on a
# virtual machine of its own, for as long as a job takes to submit. Workers run in the image of Beam's SDK, not in this one.
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
COPY --from=build /out/streamlytics /opt/streamlytics/streamlytics
ENV FLEX_TEMPLATE_GO_BINARY=/opt/streamlytics/streamlytics
ENTRYPOINT ["/opt/google/dataflow/go_template_launcher"]
