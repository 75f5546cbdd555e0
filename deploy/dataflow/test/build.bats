#!/usr/bin/env bats
# build and publish.
# shellcheck disable=SC2016,SC2154 # literal $; variables of the helper
load helper

image=europe-west1-docker.pkg.dev/shop-prod/streamlytics/template:1.4.0

@test "Cloud Build makes the image, on the launcher whose digest it asked for" {
  launch build --project=shop-prod --image=$image --version=1.4.0 --revision=abc
  code 0
  call=$(given "gcloud|builds|submit")
  same "$(option "$call" --config)" "$root/cloudbuild.yaml"
  same "$(items "$(option "$call" --substitutions)")" "_IMAGE=$image
_VERSION=1.4.0
_REVISION=abc
_LAUNCHER_IMAGE=$(cat "$FAKE/artifacts.docker.images.describe.out")"
  # cloudbuild.yaml uses each substitution, and no other.
  same "$(grep -o '\$_[A-Z_]*' "$root/cloudbuild.yaml" | tr -d '$' | sort -u)" \
    "$(items "$(option "$call" --substitutions)" | sed 's/=.*//' | sort -u)"
}

@test "docker makes and pushes the image" {
  launch build --project=shop-prod --image=$image --builder=docker --version=1.4.0 --revision=abc
  code 0
  same "$(given docker | tail -n 1)" "docker|push|$image"
  call=$(given docker | head -n 1)
  same "$(option "$call" --tag)" "$image"
  same "$(option "$call" --target)" template
  same "$(option "$call" --platform)" linux/amd64
}

@test "a launcher with a digest is taken as it is" {
  launcher=gcr.io/dataflow-templates-base/go-template-launcher-base@sha256:$(printf '2%.0s' $(seq 64))
  launch build --project=shop-prod --image=$image --launcher_image="$launcher"
  code 0
  same "$(given "gcloud|artifacts")" ""
  items "$(option "$(given "gcloud|builds|submit")" --substitutions)" | grep -qx "_LAUNCHER_IMAGE=$launcher"
}

@test "without a digest of the launcher nothing is built" {
  answer artifacts.docker.images.describe ""
  launch build --project=shop-prod --image=$image
  code 1
  said "names no digest"
  same "$(given "gcloud|builds")" ""
}

@test "a build that fails is the end" {
  fails builds.submit 1
  launch build --project=shop-prod --image=$image
  code 1
  said "this failed: gcloud builds submit"
}

@test "an image without a tag is refused" {
  launch build --project=shop-prod --image=${image%:*}
  code 2
  said "--image"
}

@test "publish writes the template with the metadata" {
  launch publish --project=shop-prod --image=$image --template=gs://shop-templates/streamlytics-1.4.0.json
  code 0
  same "$(recorded)" "gcloud|dataflow|flex-template|build|gs://shop-templates/streamlytics-1.4.0.json|--project=shop-prod|--image=$image|--sdk-language=GO|--metadata-file=$root/metadata.json"
}
