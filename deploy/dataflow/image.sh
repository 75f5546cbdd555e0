# Builds the image of the template, and writes the template. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of the files beside it

do_build() {
  local version=${opt_version-} revision=${opt_revision-}
  [ -n "$version" ] || version=$(git -C "$root" describe --tags --always --dirty 2>/dev/null) || version=dev
  [ -n "$revision" ] || revision=$(git -C "$root" rev-parse HEAD 2>/dev/null) || revision=unknown
  launcher_image=$opt_launcher_image
  case $launcher_image in
    *@sha256:*) ;;
    *)
      must_ask launcher_image gcloud artifacts docker images describe "$opt_launcher_image" \
        --project="$opt_project" '--format=value(image_summary.fully_qualified_digest)'
      dry || [[ $launcher_image =~ @sha256:[0-9a-f]{64}$ ]] ||
        give_up 1 "gcloud names no digest of $opt_launcher_image, but \"$launcher_image\"; give one: --launcher_image=...@sha256:..."
      ;;
  esac
  if [ "$opt_builder" = docker ]; then
    order docker build --platform=linux/amd64 --target=template --build-arg=VERSION="$version" --build-arg=REVISION="$revision" \
      --build-arg=LAUNCHER_IMAGE="$launcher_image" --tag="$opt_image" "$root"
    order docker push "$opt_image"
  else
    set -- --project="$opt_project" --config="$root/cloudbuild.yaml" \
      --substitutions="_IMAGE=$opt_image,_VERSION=$version,_REVISION=$revision,_LAUNCHER_IMAGE=$launcher_image"
    [ -z "${opt_build_service_account-}" ] ||
      set -- "$@" --service-account="projects/$opt_project/serviceAccounts/$opt_build_service_account"
    order gcloud builds submit "$@" "$root"
  fi
}

do_publish() {
  order gcloud dataflow flex-template build "$opt_template" --project="$opt_project" --image="$opt_image" --sdk-language=GO \
    --metadata-file="$root/metadata.json"
}
