#!/usr/bin/env bats
# wait, drain, cancel and status.
# shellcheck disable=SC2016,SC2154 # literal $; variables of the helper
load helper

@test "wait waits for the newest job of the name" {
  running new-id old-id
  answers dataflow.jobs.describe JOB_STATE_PENDING JOB_STATE_RUNNING
  launch "wait $job --poll=0s"
  code 0
  same "$(given "gcloud|dataflow|jobs|describe" | cut -d'|' -f5 | sort -u)" new-id
}

@test "wait ends with a job that is done" {
  running some-id
  answer dataflow.jobs.describe JOB_STATE_DONE
  launch "wait $job"
  code 0
}

@test "wait gives up in time, and says so" {
  running some-id
  answer dataflow.jobs.describe JOB_STATE_PENDING
  launch "wait $job --timeout=0s"
  code 7
  said "some-id is JOB_STATE_PENDING after 0s"
}

@test "an answer that does not come is asked for again, but not for ever" {
  running some-id
  fails dataflow.jobs.describe 1
  says dataflow.jobs.describe "ERROR: HttpError 503"
  launch "wait $job --poll=0s"
  code 1
  said "HttpError 503"
  same "$(given "gcloud|dataflow|jobs|describe" | wc -l | tr -d ' ')" 5
}

@test "wait needs a job" {
  launch "wait $job"
  code 3
}

@test "drain drains the running job and waits" {
  running some-id
  answers dataflow.jobs.describe JOB_STATE_DRAINING JOB_STATE_DRAINED
  launch "drain $job --poll=0s"
  code 0
  same "$(given "gcloud|dataflow|jobs|drain")" "gcloud|dataflow|jobs|drain|some-id|--project=shop-prod|--region=europe-west1"
}

@test "drain --no_wait does not wait" {
  running some-id
  launch "drain $job --no_wait"
  code 0
  same "$(given "gcloud|dataflow|jobs|describe")" ""
}

@test "cancel cancels the running job" {
  running some-id
  launch "cancel $job"
  code 0
  same "$(given "gcloud|dataflow|jobs|cancel")" "gcloud|dataflow|jobs|cancel|some-id|--project=shop-prod|--region=europe-west1"
}

@test "a cancellation that is refused with exit code 0 is an error" {
  running some-id
  says dataflow.jobs.cancel "Failed to cancel job [some-id]: no permission"
  launch "cancel $job"
  code 1
}

@test "drain and cancel need a running job" {
  for command in drain cancel; do
    launch "$command $job"
    code 3
  done
}

@test "status shows the jobs, or that there is none" {
  launch "status $job"
  code 3
  answer dataflow.jobs.list "some-id Running"
  launch "status $job"
  code 0
  same "$output" "some-id Running"
}

@test "a list that cannot be read is no empty list" {
  fails dataflow.jobs.list 1
  says dataflow.jobs.list "ERROR: no permission"
  launch "run $common $needed"
  code 1
  said "no permission"
  same "$(given "gcloud|dataflow|flex-template")" ""
}
