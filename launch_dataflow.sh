#!/usr/bin/env bash
# Builds, publishes, starts, updates and replaces Streamlytics on Dataflow, as a Flex Template. See usage below and
# docs/DATAFLOW.md. Runs on bash 3.2 (macOS) and later.
set -euo pipefail

usage() {
  cat <<'USAGE'
launch_dataflow.sh builds, publishes, starts, updates and replaces Streamlytics on Dataflow.

  launch_dataflow.sh COMMAND [--option=value]...

Commands, with the options that they need:
  build     make and push the image of the template      --project --image
  publish   write the template for an image               --project --image --template
  run       start a job; refuses if one of its name runs  --project --region --job_name --template
  update    put a new version in the place of the running job of that name, which hands its state over
                                                          --project --region --job_name --template
  replace   for a version that cannot take the state over: drain the running job, wait until it is drained, export the events
            that rebuild the state from the archive in BigQuery, and start the new job, which reads them beside its
            subscriptions                                 --project --region --job_name --template --export_location
  export    write the events that rebuild the state to files  --project --export_location
  rollback  update or replace (--strategy) to an earlier template; with --image, that template is first written for that image
                                                          --project --region --job_name --template
  wait      wait until the newest job of that name runs   --project --region --job_name
  drain     let the running job finish what it has read, and end
                                                          --project --region --job_name
  cancel    end the running job at once; what it has not finished is delivered again
                                                          --project --region --job_name
  status    list the jobs of that name                    --project --region --job_name

Options of every command:
  --project=ID               Google Cloud project
  --env_file=FILE            more options, one name=value a line; the command line goes before it
  --dry_run                  print the commands that would be given, as a script, and give none
  --help

Options of build:
  --image=PATH:TAG           where the image goes, such as europe-west1-docker.pkg.dev/shop/streamlytics/template:1.4.0
  --builder=NAME             cloudbuild (default) or docker, on this machine
  --launcher_image=IMAGE     the launcher that the image stands on; with @sha256: it is taken as it is, else its digest is asked for
  --version=V --revision=R   what the image says of itself; default: git describe, git rev-parse HEAD
  --build_service_account=E  service account for Cloud Build

Options of publish and rollback:
  --image=PATH               the image, with a tag or @sha256: digest

Options of run, update, replace and rollback; export takes the parameters:
  --region=R                 region of the job
  --job_name=N               letters a-z, digits and hyphens
  --template=gs://...        the template's JSON file
  --parameter=NAME=VALUE     a parameter of the pipeline, as metadata.json lists them; may be repeated
  --parameters_file=FILE     more of them, one NAME=VALUE a line; --parameter goes before it
  --service_account=EMAIL    whom the workers run as
  --network=N --subnetwork=S where the workers are; S as regions/R/subnetworks/NAME
  --disable_public_ips       workers have no public addresses
  --max_workers=N --num_workers=N
  --worker_machine_type=T --launcher_machine_type=T
  --worker_region=R or --worker_zone=Z
  --label=NAME=VALUE         a label of the job; may be repeated
  --temp_location=gs://... --staging_location=gs://...
  --kms_key=KEY              Cloud KMS key for the job's data
  --experiment=X             an experiment; may be repeated
  --pipeline_option=NAME=VALUE   a flag of Beam's Dataflow runner that is neither above nor a parameter; may be repeated
  --transform_name_mapping=OLD=NEW   update: a transform that has another name now; may be repeated
  --strategy=S               rollback: update (default) or replace
  --export_location=gs://... folder for the files of export, which must be new; of replace, which makes a folder in it for the
                             job that it replaces
  --no_wait                  do not wait until the job runs
  --timeout=D                how long to wait for that, such as 20m (default)
  --drain_timeout=D          how long a drain may take (default 60m)
  --poll=D                   how often to ask (default 15s)

Streaming Engine is always on: Beam's Go SDK asks for it in every streaming job.

Exit codes:
  0  done
  1  a command failed; its message is shown
  2  options are wrong; all of them are listed
  3  no job of that name runs, or more than one does
  4  a job of that name runs already
  5  the job failed, or ended in another way than it should
  6  the update was refused as incompatible
  7  it took longer than --timeout or --drain_timeout
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
