# Starts new jobs: alone, as the update of a running job, or after a running job was drained.
# Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of the files beside it

# launch_template run|update: starts the job and waits until it runs.
launch_template() {
  local how=$1
  set_here
  set -- "${here[@]}" --template-file-gcs-location="$opt_template"
  [ "$how" != update ] || set -- --update "$@"
  [ "${#parameters[@]}" = 0 ] || set -- "$@" --parameters="$(joined "${parameters[@]}")"
  [ "${#opt_label[@]}" = 0 ] || set -- "$@" --additional-user-labels="$(joined "${opt_label[@]}")"
  [ "${#opt_experiment[@]}" = 0 ] || set -- "$@" --additional-experiments="$(joined "${opt_experiment[@]}")"
  [ "${#opt_pipeline_option[@]}" = 0 ] || set -- "$@" --additional-pipeline-options="$(joined "${opt_pipeline_option[@]}")"
  [ -z "${opt_service_account-}" ] || set -- "$@" --service-account-email="$opt_service_account"
  [ -z "${opt_network-}" ] || set -- "$@" --network="$opt_network"
  [ -z "${opt_subnetwork-}" ] || set -- "$@" --subnetwork="$opt_subnetwork"
  [ "${opt_disable_public_ips-}" != true ] || set -- "$@" --disable-public-ips
  [ -z "${opt_max_workers-}" ] || set -- "$@" --max-workers="$opt_max_workers"
  [ -z "${opt_num_workers-}" ] || set -- "$@" --num-workers="$opt_num_workers"
  [ -z "${opt_worker_machine_type-}" ] || set -- "$@" --worker-machine-type="$opt_worker_machine_type"
  [ -z "${opt_launcher_machine_type-}" ] || set -- "$@" --launcher-machine-type="$opt_launcher_machine_type"
  [ -z "${opt_worker_region-}" ] || set -- "$@" --worker-region="$opt_worker_region"
  [ -z "${opt_worker_zone-}" ] || set -- "$@" --worker-zone="$opt_worker_zone"
  [ -z "${opt_temp_location-}" ] || set -- "$@" --temp-location="$opt_temp_location"
  [ -z "${opt_staging_location-}" ] || set -- "$@" --staging-location="$opt_staging_location"
  [ -z "${opt_kms_key-}" ] || set -- "$@" --dataflow-kms-key="$opt_kms_key"
  [ "$how" != update ] || [ "${#opt_transform_name_mapping[@]}" = 0 ] ||
    set -- "$@" --transform-name-mappings="$(joined "${opt_transform_name_mapping[@]}")"
  if ! ask job_id gcloud dataflow flex-template run "$opt_job_name" "$@" '--format=value(job.id)'; then
    cat "$errors" >&2
    if [ "$how" = update ] && incompatible "$(cat "$errors")"; then refused; fi
    give_up 1 "the template was not launched"
  fi
  dry || [ -n "$job_id" ] || give_up 1 "gcloud launched the template, and named no job"
  dry || say "$job_id: launched; $(console)"
  [ "${opt_no_wait-}" = true ] || await_running "$how"
  dry || printf '%s\n' "$job_id"
}

do_run() {
  active_jobs
  note "goes on if that printed nothing"
  dry || [ -z "$job_id" ] ||
    give_up 4 "a job named $opt_job_name runs already in $opt_region (${job_id//$'\n'/ }): update it, or replace it where the new version" \
      "cannot take its state over"
  launch_template run
}

do_update() {
  find_job
  launch_template update
}

do_replace() {
  local files
  find_job
  # Nothing runs after the drain, so the template and the query are checked before it.
  # shellcheck disable=SC2034 # only its exit code is used
  must_ask template_file gcloud storage ls "$opt_template" --project="$opt_project"
  files="$opt_export_location/$job_id/events-*.json.gz"
  rebuild_query "$files" --dry_run
  drain_job
  exported=
  trap stranded EXIT
  rebuild_query "$files"
  exported=$files
  set_parameter "events_files=$files"
  launch_template run
  dry || say "updates of this job need the same input: --parameter=events_files=$files, with its files"
}

# stranded: runs at the end of a replacement, after the drain. If the replacement failed, it reports
# that nothing runs, and how to start the new job.
stranded() {
  local status=$? first=''
  rm -f "$errors"
  [ -n "$exported" ] || first="launch_dataflow.sh export, then "
  [ "$status" = 0 ] || say "launch_dataflow: the job that ran is drained, so that nothing runs now, unless the new one gets there yet." \
    "Messages wait in Pub/Sub. When the cause is mended: ${first}launch_dataflow.sh run with" \
    "--parameter=events_files=${exported:-FILES}. Files that were exported more than 12 hours ago must be exported again"
  exit "$status"
}

do_rollback() {
  [ -z "${opt_image-}" ] || do_publish
  "do_$opt_strategy"
}
