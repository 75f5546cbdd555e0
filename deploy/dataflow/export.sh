# Exports the archive as events that rebuild the state: BigQuery runs the query sql/rebuild.sql.
# Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of the files beside it

# rebuild_query FILES FLAG...: runs the query, which writes to FILES. BigQuery refuses to overwrite
# files. FLAGs are further flags of bq.
rebuild_query() {
  local files=$1 dataset head
  shift
  dataset=$(parameter bigquery_dataset)
  case $dataset in *.*) dataset=${dataset%.*}:${dataset##*.} ;; esac
  head="EXPORT DATA OPTIONS (uri = '$files', format = 'JSON', compression = 'GZIP') AS"
  set -- bq query --project_id="$opt_project" --dataset_id="$dataset" --use_legacy_sql=false --format=none --quiet "$@"
  set_statement
  if dry; then
    printf '{ %s && %s; } | %s\n' "$(line echo "$head")" "$(line "${statement[@]}")" "$(line "$@")"
    return
  fi
  { echo "$head" && "${statement[@]}"; } | "$@" >&2 || give_up 1 "the query of the archive failed: $(line "$@")"
}

# set_statement: sets statement to the command that prints the query with its parameters.
statement=()
set_statement() {
  local horizon
  horizon=$(parameter ledger_horizon)
  horizon=${horizon:-168h}
  statement=(sed -e 's/@at/CURRENT_TIMESTAMP()/g' -e "s/@horizon_hours/${horizon%%h*}/g" "$root/sql/rebuild.sql")
}

do_export() {
  local files="$opt_export_location/events-*.json.gz"
  rebuild_query "$files"
  note "the new pipeline reads these files: events_files"
  if dry; then line echo "$files" && echo; else printf '%s\n' "$files"; fi
}
