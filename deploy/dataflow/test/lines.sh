# The variables in command_lines. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where a line of command_lines is evaluated

job='--project=shop-prod --region=europe-west1 --job_name=streamlytics'
common="$job --template=gs://shop-templates/streamlytics-1.4.0.json"
export='--export_location=gs://shop-temp/rebuild'
needed='--parameter=redis_addrs=10.0.0.3:6379 --parameter=bigquery_dataset=retail'
