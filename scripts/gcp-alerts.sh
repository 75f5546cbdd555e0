#!/usr/bin/env bash
# Creates the alert policies of deploy/monitoring/gcp in Cloud Monitoring, or updates those that are there.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/gcp-alerts.sh --project=P --channel=C [--job_name=REGEX] [--subscriptions=REGEX] [--prism] [--dry_run]

  --project        Google Cloud project of the Dataflow job
  --channel        who is told: projects/P/notificationChannels/N (gcloud beta monitoring channels list)
  --job_name       names of the job, a regular expression that covers its replacements too; streamlytics.*
  --subscriptions  ids of the subscriptions that the job reads, a regular expression; (pos|ecom|wms).*
  --prism          only the policies on Pub/Sub, for a pipeline that runs on Prism: its other alerts are Prometheus's
  --dry_run        print the policies, and change nothing
TEXT
}
fail() { printf 'gcp-alerts: %s\n' "$*" >&2; exit 2; }

project='' channel='' job_name='streamlytics.*' subscriptions='(pos|ecom|wms).*' prism='' dry_run=''
for arg in "$@"; do
  case $arg in
    --project=*) project=${arg#*=} ;;
    --channel=*) channel=${arg#*=} ;;
    --job_name=*) job_name=${arg#*=} ;;
    --subscriptions=*) subscriptions=${arg#*=} ;;
    --prism) prism=1 ;;
    --dry_run) dry_run=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown argument: $arg" ;;
  esac
done

# matches VALUE REGEX: names keep to characters that mean nothing to sed, JSON and PromQL.
matches() { printf '%s\n' "$1" | grep -Eqx "$2"; }
wrong=''
matches "$project" '[a-z][a-z0-9.:-]+' || wrong="$wrong"$'\n'"--project: \"$project\" is no project id"
matches "$channel" 'projects/[A-Za-z0-9.:-]+/notificationChannels/[0-9]+' || wrong="$wrong"$'\n'"--channel: \"$channel\" is not projects/P/notificationChannels/N"
matches "$job_name" '[A-Za-z0-9._*+?()|-]+' || wrong="$wrong"$'\n'"--job_name: \"$job_name\" has other characters than letters, digits and ._*+?()|-"
matches "$subscriptions" '[A-Za-z0-9._~%*+?()|-]+' || wrong="$wrong"$'\n'"--subscriptions: \"$subscriptions\" has other characters than letters, digits and ._~%*+?()|-"
[ -z "$wrong" ] || fail "${wrong#?}"
[ -n "$dry_run" ] || command -v gcloud >/dev/null || fail "gcloud is missing: https://cloud.google.com/sdk/docs/install"

cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in deploy/monitoring/gcp/*.json; do
  if [ -n "$prism" ] && grep -q 'dataflow[._]googleapis' "$file"; then continue; fi
  filled=$work/$(basename "$file")
  sed -e "s#_JOB_NAME_#$job_name#g" -e "s#_SUBSCRIPTIONS_#$subscriptions#g" -e "s#_NOTIFICATION_CHANNEL_#$channel#g" "$file" >"$filled"
  if [ -n "$dry_run" ]; then
    cat "$filled"
    continue
  fi
  alert=$(basename "$file" .json)
  # The label, unlike the title, is not for people to change.
  known=$(gcloud monitoring policies list --project="$project" --filter="userLabels.product=streamlytics AND userLabels.alert=$alert" --format='value(name)')
  case $known in
    '') gcloud monitoring policies create --project="$project" --policy-from-file="$filled" ;;
    *$'\n'*) fail "there are several policies with the label alert=$alert; delete all but one:"$'\n'"$known" ;;
    *) gcloud monitoring policies update "$known" --project="$project" --policy-from-file="$filled" ;;
  esac
done
