#!/usr/bin/env bash
# Builds, publishes, starts, updates and replaces Streamlytics on Dataflow, as a Flex Template.
# usage, below, lists the commands; docs/DATAFLOW.md is the guide. Runs on bash 3.2 (macOS) and
# later.
set -euo pipefail

usage() {
  cat <<'USAGE'
launch_dataflow.sh builds, publishes, starts, updates and replaces Streamlytics on Dataflow.
Experimental: no job has run on Dataflow yet. Guide: docs/DATAFLOW.md

  launch_dataflow.sh COMMAND [--option=value]...

Commands, with the options that they need:
  build     build and push the image of the template      --project --image
  publish   write the template for an image               --project --image --template
  run       start a job; refused if a job of that name runs
                                                          --project --region --job_name --template
  update    replace the running job of that name in place; Dataflow keeps the state
                                                          --project --region --job_name --template
  replace   for a version that cannot read the state: drain the running job, export the events that
            rebuild the state from the archive in BigQuery, and start the new job, which reads them
            beside its subscriptions     --project --region --job_name --template --export_location
  export    write the events that rebuild the state to files
                                                          --project --export_location
  rollback  update or replace (--strategy) to an earlier template; with --image, write that template
            for that image first                          --project --region --job_name --template
  wait      wait until the newest job of that name runs   --project --region --job_name
  drain     let the running job finish what it has read, and end
                                                          --project --region --job_name
  cancel    end the running job at once; what it has not finished is delivered again
                                                          --project --region --job_name
  status    list the jobs of that name                    --project --region --job_name

Options of every command:
  --project=ID               Google Cloud project
  --env_file=FILE            more options, one name=value a line; the command line beats the file
  --dry_run                  print the commands as a script, and run none
  --help

Options of build:
  --image=PATH:TAG           the image, such as
                             europe-west1-docker.pkg.dev/shop/streamlytics/template:1.4.0
  --builder=NAME             cloudbuild (default), or docker on this machine
  --launcher_image=IMAGE     base of the image; without @sha256: the script looks its digest up
  --version=V --revision=R   labels of the image; default: git describe, git rev-parse HEAD
  --build_service_account=E  service account for Cloud Build

Options of publish and rollback:
  --image=PATH               the image, with a tag or @sha256: digest

Options of run, update, replace and rollback (of export: the parameters alone):
  --region=R                 region of the job
  --job_name=N               letters a-z, digits and hyphens
  --template=gs://...        the template's JSON file
  --parameter=NAME=VALUE     a parameter of the pipeline, listed in metadata.json; may be repeated
  --parameters_file=FILE     more parameters, one NAME=VALUE a line; --parameter beats the file
  --service_account=EMAIL    service account of the workers
  --network=N --subnetwork=S network of the workers; S is regions/R/subnetworks/NAME
  --disable_public_ips       workers have no public addresses
  --max_workers=N --num_workers=N
  --worker_machine_type=T --launcher_machine_type=T
  --worker_region=R or --worker_zone=Z
  --label=NAME=VALUE         a label of the job; may be repeated
  --temp_location=gs://... --staging_location=gs://...
  --kms_key=KEY              Cloud KMS key for the job's data
  --experiment=X             an experiment; may be repeated
  --pipeline_option=NAME=VALUE   another flag of Beam's Dataflow runner; may be repeated
  --transform_name_mapping=OLD=NEW   update: a renamed step; may be repeated
  --strategy=S               rollback: update (default) or replace
  --export_location=gs://... export: a new folder for the files; replace: a folder, in which it makes
                             one for the job that it replaces
  --no_wait                  do not wait until the job runs
  --timeout=D                longest wait for the job to run (default 20m)
  --drain_timeout=D          longest wait for a drain (default 60m)
  --poll=D                   time between two looks at the job (default 15s)

Streaming Engine is always on: Beam's Go SDK requests it for every streaming job.

Exit codes:
  0  done
  1  a command failed; its message is shown
  2  options are wrong; all of them are listed
  3  no job of that name runs, or more than one does
  4  a job of that name runs already
  5  the job failed or ended in an unexpected state
  6  Dataflow refused the update as incompatible
  7  --timeout or --drain_timeout has passed
  8  gcloud, bq or docker is missing
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/dataflow/options.sh
. "$root/deploy/dataflow/options.sh"
# shellcheck source=deploy/dataflow/parameters.sh
. "$root/deploy/dataflow/parameters.sh"
# shellcheck source=deploy/dataflow/commands.sh
. "$root/deploy/dataflow/commands.sh"
# shellcheck source=deploy/dataflow/image.sh
. "$root/deploy/dataflow/image.sh"
# shellcheck source=deploy/dataflow/jobs.sh
. "$root/deploy/dataflow/jobs.sh"
# shellcheck source=deploy/dataflow/export.sh
. "$root/deploy/dataflow/export.sh"
# shellcheck source=deploy/dataflow/launch.sh
. "$root/deploy/dataflow/launch.sh"

if [ $# = 0 ]; then
  usage >&2
  exit 2
fi
for arg in "$@"; do
  if [ "$arg" = --help ] || [ "$arg" = -h ] || [ "$arg" = help ]; then
    usage
    exit 0
  fi
done
command=$1
shift
read_options "$command" "$@"
check_options "$command"
need_programs "$command"
"do_$command"
