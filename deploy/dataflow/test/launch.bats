#!/usr/bin/env bats
# run, update, replace and rollback.
# shellcheck disable=SC2016,SC2154 # literal $; variables of the helper
load helper

@test "run starts the job and waits until it runs" {
  answers dataflow.jobs.describe JOB_STATE_QUEUED JOB_STATE_PENDING JOB_STATE_RUNNING
  launch "run $common $needed --poll=0s"
  code 0
  same "$output" new-id
  same "$(given "gcloud|dataflow|jobs|describe" | wc -l | tr -d ' ')" 3
  call=$(given "gcloud|dataflow|flex-template|run")
  same "$(option "$call" --template-file-gcs-location)" gs://shop-templates/streamlytics-1.4.0.json
  case $call in *--update* | *--additional-user-labels*) false ;; esac
}

@test "run passes on everything that it is given" {
  launch "$(grep 'max_workers' "$BATS_TEST_DIRNAME/command_lines")"
  code 0
  call=$(given "gcloud|dataflow|flex-template|run")
  same "$(items "$(option "$call" --parameters)")" "redis_addrs=10.0.0.3:6379,10.0.0.4:6379
bigquery_dataset=retail
pos_subscription=projects/shop-prod/subscriptions/pos
dataflow_service_options=a,b
redis_password_secret=projects/shop-prod/secrets/redis/versions/3"
  same "$(items "$(option "$call" --additional-user-labels)")" "team=stock
stage=prod"
  same "$(items "$(option "$call" --additional-pipeline-options)")" "disk_type=pd-ssd
cpu_profiling=gs://shop-temp/cpu"
  same "$(items "$(option "$call" --additional-experiments)")" "a
b=1"
  for flag in --service-account-email=worker@shop-prod.iam.gserviceaccount.com --network=shop \
    --subnetwork=regions/europe-west1/subnetworks/streamlytics --disable-public-ips --max-workers=8 --num-workers=2 \
    --worker-machine-type=n2-standard-4 --launcher-machine-type=n2-standard-2 --worker-zone=europe-west1-b \
    --temp-location=gs://shop-temp/temp --staging-location=gs://shop-temp/staging \
    --dataflow-kms-key=projects/p/locations/l/keyRings/r/cryptoKeys/k; do
    case "$call|" in *"|$flag|"*) ;; *) echo "missing: $flag in $call" && false ;; esac
  done
}

@test "run refuses a name that runs already, and says what to do" {
  running old-id
  launch "run $common $needed"
  code 4
  said "old-id"
  said "update it, or replace it"
  same "$(given "gcloud|dataflow|flex-template")" ""
}

@test "a job that fails to start is an error, with what was logged" {
  answers dataflow.jobs.describe JOB_STATE_QUEUED JOB_STATE_FAILED
  answer logging.read "the launcher: --redis_addrs: connection refused"
  launch "run $common $needed --poll=0s"
  code 5
  said "new-id is JOB_STATE_FAILED"
  said "the launcher: --redis_addrs: connection refused"
  said "https://console.cloud.google.com/dataflow/jobs/europe-west1/new-id?project=shop-prod"
}

@test "a launch that is refused shows gcloud's words" {
  fails dataflow.flex-template.run 1
  says dataflow.flex-template.run "ERROR: PERMISSION_DENIED: iam.serviceAccounts.actAs"
  launch "run $common $needed"
  code 1
  said "iam.serviceAccounts.actAs"
}

@test "update names the running job's name and says --update" {
  running old-id
  launch "update $common $needed --transform_name_mapping=Stock/Old=Stock/New --transform_name_mapping='a, b=c ~d'"
  code 0
  call=$(given "gcloud|dataflow|flex-template|run")
  case $call in "gcloud|dataflow|flex-template|run|streamlytics|--update|"*) ;; *) echo "$call" && false ;; esac
  same "$(items "$(option "$call" --transform-name-mappings)")" "Stock/Old=Stock/New
a, b=c ~d"
}

@test "update needs a running job" {
  launch "update $common $needed"
  code 3
  said "no job named streamlytics runs in europe-west1"
}

@test "update needs no more than one running job" {
  running one-id two-id
  launch "update $common $needed"
  code 3
  said "one-id two-id"
}

@test "an update that is refused as incompatible names replace: from the log" {
  running old-id
  answer dataflow.jobs.describe JOB_STATE_FAILED
  answer logging.read "Workflow failed. Causes: The new job is not compatible with old-id. The original job has not been aborted."
  launch "update $common $needed"
  code 6
  said "not compatible with old-id"
  said "launch_dataflow.sh replace"
  said "goes on as it was"
}

@test "an update that is refused as incompatible names replace: at once" {
  running old-id
  fails dataflow.flex-template.run 1
  says dataflow.flex-template.run "ERROR: The new job is missing steps Stock/Old"
  launch "update $common $needed"
  code 6
  said "launch_dataflow.sh replace"
}

@test "an update that fails for another reason is not called incompatible" {
  running old-id
  answer dataflow.jobs.describe JOB_STATE_FAILED
  answer logging.read "Quota exceeded"
  launch "update $common $needed"
  code 5
  unsaid replace,
}

@test "replace drains, waits, exports the archive, and starts the new job, which reads it" {
  running old-id
  answers dataflow.jobs.describe JOB_STATE_DRAINING JOB_STATE_DRAINED JOB_STATE_QUEUED JOB_STATE_RUNNING
  launch "replace $common $needed $export --parameter=events_files=gs://shop-temp/history.jsonl --poll=0s"
  code 0
  same "$output" new-id
  same "$(recorded | grep -v describe | sed -e 's/^gcloud|//' | cut -d'|' -f1-4)" "dataflow|jobs|list|--project=shop-prod
storage|ls|gs://shop-templates/streamlytics-1.4.0.json|--project=shop-prod
bq|query|--project_id=shop-prod|--dataset_id=retail
dataflow|jobs|drain|old-id
bq|query|--project_id=shop-prod|--dataset_id=retail
dataflow|flex-template|run|streamlytics"
  same "$(given "bq" | grep -c -- '|--dry_run')" 1
  same "$(items "$(option "$(given "gcloud|dataflow|flex-template|run")" --parameters)" | grep events_files)" \
    "events_files=gs://shop-temp/rebuild/old-id/events-*.json.gz"
  said "updates of this job need the same input: --parameter=events_files=gs://shop-temp/rebuild/old-id/events-*.json.gz"
}

@test "the query of the archive is that of sql/rebuild.sql, with its parameters" {
  launch "export --project=shop-prod $export --parameter=bigquery_dataset=example.com:data.retail --parameter=ledger_horizon=72h"
  code 0
  same "$output" "gs://shop-temp/rebuild/events-*.json.gz"
  same "$(given bq)" "bq|query|--project_id=shop-prod|--dataset_id=example.com:data:retail|--use_legacy_sql=false|--format=none|--quiet"
  same "$(head -n 1 "$FAKE/bq.in")" \
    "EXPORT DATA OPTIONS (uri = 'gs://shop-temp/rebuild/events-*.json.gz', format = 'JSON', compression = 'GZIP') AS"
  same "$(sed 1d "$FAKE/bq.in" | sed 's/CURRENT_TIMESTAMP()/@at/g')" "$(sed 's/@horizon_hours/72/g' "$root/sql/rebuild.sql")"
  run ! grep -q '@' "$FAKE/bq.in"
}

@test "replace does not drain for a template that is not there" {
  running old-id
  fails storage.ls 1
  launch "replace $common $needed $export"
  code 1
  same "$(given "gcloud|dataflow|jobs|drain")" ""
}

@test "replace does not drain for an archive that cannot be queried" {
  running old-id
  fails bq.query 1
  says bq.query "Access Denied: Table shop-prod:retail.events"
  launch "replace $common $needed $export"
  code 1
  said "Access Denied: Table shop-prod:retail.events"
  same "$(given "gcloud|dataflow|jobs|drain")" ""
}

@test "a drain that takes too long starts nothing" {
  running old-id
  answer dataflow.jobs.describe JOB_STATE_DRAINING
  launch "replace $common $needed $export --drain_timeout=0s"
  code 7
  said "old-id is JOB_STATE_DRAINING"
  same "$(given "gcloud|dataflow|flex-template")" ""
}

@test "a drain that is refused with exit code 0 starts nothing" {
  running old-id
  says dataflow.jobs.drain "Failed to drain job [old-id]: the job is of type batch. Ensure that you have permission"
  launch "replace $common $needed $export --drain_timeout=0s"
  code 1
  said "drain was refused"
  same "$(given "gcloud|dataflow|flex-template")" ""
}

@test "a job that is cancelled while it drains is not replaced" {
  running old-id
  answer dataflow.jobs.describe JOB_STATE_CANCELLED
  launch "replace $common $needed $export"
  code 5
  said "instead of drained"
  same "$(given "gcloud|dataflow|flex-template")" ""
}

@test "where the export fails after the drain, it is said that nothing runs" {
  running old-id
  answer dataflow.jobs.describe JOB_STATE_DRAINED
  echo 1 >"$FAKE/bq.query.2.exit"
  launch "replace $common $needed $export"
  code 1
  said "nothing runs now"
  said "launch_dataflow.sh export, then launch_dataflow.sh run with --parameter=events_files=FILES"
  same "$(given "gcloud|dataflow|flex-template")" ""
}

@test "where the new job fails after the drain, it is said that nothing runs" {
  running old-id
  answers dataflow.jobs.describe JOB_STATE_DRAINED JOB_STATE_FAILED
  launch "replace $common $needed $export"
  code 5
  said "nothing runs now"
  said "mended: launch_dataflow.sh run with --parameter=events_files=gs://shop-temp/rebuild/old-id/events-*.json.gz"
}

@test "rollback updates to the earlier template" {
  running old-id
  launch "rollback ${common/1.4.0/1.3.0} $needed"
  code 0
  call=$(given "gcloud|dataflow|flex-template|run")
  same "$(option "$call" --template-file-gcs-location)" gs://shop-templates/streamlytics-1.3.0.json
  case $call in *"|--update|"*) ;; *) false ;; esac
}

@test "rollback to an image writes its template first, and may replace" {
  running old-id
  answers dataflow.jobs.describe JOB_STATE_DRAINED JOB_STATE_RUNNING
  launch "rollback $common $needed $export --image=europe-west1-docker.pkg.dev/shop-prod/streamlytics/template:1.3.0 --strategy=replace"
  code 0
  same "$(recorded | head -n 1 | cut -d'|' -f2-4)" "dataflow|flex-template|build"
  same "$(recorded | grep -c -- '|--update')" 0
}

@test "rollback takes parameters that only the earlier template has" {
  running old-id
  launch "rollback $common --parameter=an_old_one=1"
  code 0
}
