# Reads and checks the options of launch_dataflow.sh. The value of an option is in the variable
# opt_NAME, which is an array for an option that may be repeated. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the other files use the variables

opt_builder=cloudbuild
opt_launcher_image=gcr.io/dataflow-templates-base/go-template-launcher-base:latest
opt_strategy=update
opt_timeout=20m
opt_drain_timeout=60m
opt_poll=15s
opt_parameter=()
opt_label=()
opt_experiment=()
opt_pipeline_option=()
opt_transform_name_mapping=()

# wrong has a line for each mistake in the options.
wrong=
bad() { wrong="$wrong  $*"$'\n'; }

job_options="project region job_name template parameter parameters_file service_account network subnetwork disable_public_ips
  max_workers num_workers worker_machine_type launcher_machine_type worker_region worker_zone label temp_location staging_location
  kms_key experiment pipeline_option no_wait timeout poll"

# needed COMMAND, taken COMMAND: print the options that a command requires, and the others that it
# accepts.
needed() {
  case $1 in
    build) echo project image ;;
    publish) echo project image template ;;
    run | update | rollback) echo project region job_name template ;;
    replace) echo project region job_name template export_location ;;
    export) echo project export_location ;;
    wait | drain | cancel | status) echo project region job_name ;;
    *) return 1 ;;
  esac
}
taken() {
  case $1 in
    build) echo builder launcher_image version revision build_service_account ;;
    run) echo "$job_options" ;;
    update) echo "$job_options transform_name_mapping" ;;
    replace) echo "$job_options drain_timeout" ;;
    export) echo parameter parameters_file ;;
    rollback) echo "$job_options transform_name_mapping drain_timeout export_location strategy image" ;;
    wait) echo timeout poll ;;
    drain) echo no_wait drain_timeout poll ;;
  esac
}

# kind NAME: prints once, many (may be repeated) or yes (has no value). It fails for an unknown
# option.
kind() {
  # shellcheck disable=SC2086,SC2116 # words, on one line
  case " $(echo $job_options) " in
    *" $1 "*) ;;
    *)
      case $1 in
        env_file | dry_run | image | builder | launcher_image | version | revision | build_service_account | strategy | \
          drain_timeout | export_location | transform_name_mapping) ;;
        *) return 1 ;;
      esac
      ;;
  esac
  case $1 in
    parameter | label | experiment | pipeline_option | transform_name_mapping) echo many ;;
    disable_public_ips | no_wait | dry_run) echo yes ;;
    *) echo once ;;
  esac
}

# secret NAME: whether an option or a parameter of that name may hold a secret.
secret() {
  case $1 in
    *_secret) return 1 ;;
    *passw* | *secret* | *token* | *credential* | *api_key* | *apikey* | *private_key*) return 0 ;;
  esac
  return 1
}

# set_option WHERE ARG: sets an option that is not set yet. ARG is name=value, or the name of an
# option without a value. The command line is read first, so it beats the file.
set_option() {
  local where=$1 name=${2%%=*} value
  if ! kind "$name" >/dev/null; then
    if secret "$name"; then
      bad "$where$name: not an option; a password belongs into Secret Manager: --parameter=redis_password_secret=projects/P/secrets/S/versions/V"
    else
      bad "$where$name: not an option"
    fi
    return
  fi
  case $(kind "$name") in
    yes)
      case $2 in
        "$name" | "$name=true") value=true ;;
        "$name=false") value=false ;;
        *) bad "$where$name: takes true or false, or stands alone" && return ;;
      esac
      ;;
    *)
      case $2 in
        *=?*) value=${2#*=} ;;
        *) bad "$where$name: needs a value: $name=..." && return ;;
      esac
      ;;
  esac
  case $value in
    *[[:cntrl:]]*) bad "$where$name: has a control character" && return ;;
  esac
  if [ "$(kind "$name")" = many ]; then
    if [ "$reading" = command_line ]; then
      pairs_on_line="$pairs_on_line$name/${value%%=*}"$'\n'
    elif on_line "$name" "${value%%=*}"; then
      return
    fi
    eval "opt_$name+=(\"\$value\")"
  elif ! seen "$name"; then
    printf -v "opt_$name" '%s' "$value"
  elif [ "$where" = -- ] && [ "$reading" = command_line ]; then
    bad "--$name: given twice"
    return
  fi
  given="$given$name "
}

# on_line OPTION NAME: whether the command line has NAME=VALUE for an option that may be repeated.
pairs_on_line=$'\n'
on_line() { case $pairs_on_line in *$'\n'"$1/$2"$'\n'*) ;; *) return 1 ;; esac; }

# seen NAME: whether the option was given; otherwise its value is the default.
given=" "
seen() { case $given in *" $1 "*) ;; *) return 1 ;; esac; }

# option NAME: prints the value of an option.
option() { eval "printf '%s' \"\${opt_$1-}\""; }

read_options() {
  local command=$1 arg line number=0 mine
  shift
  if ! needed "$command" >/dev/null; then
    printf 'launch_dataflow: %s is not a command; --help lists them\n' "$command" >&2
    exit 2
  fi
  # shellcheck disable=SC2046,SC2116 # words, on one line
  mine=" $(echo $(needed "$command") $(taken "$command") env_file dry_run) "
  reading=command_line
  for arg in "$@"; do
    case $arg in
      --?*) ;;
      *) bad "$arg: not an option: options are --name=value" && continue ;;
    esac
    arg=${arg#--}
    if kind "${arg%%=*}" >/dev/null; then
      case $mine in
        *" ${arg%%=*} "*) ;;
        *) bad "--${arg%%=*}: $command does not take it" && continue ;;
      esac
    fi
    set_option -- "$arg"
  done
  reading='file'
  if [ -n "${opt_env_file-}" ]; then
    if [ ! -f "$opt_env_file" ] || [ ! -r "$opt_env_file" ]; then
      bad "--env_file: $opt_env_file cannot be read"
      return
    fi
    # All commands share the file, so it may have options of other commands.
    while IFS= read -r line || [ -n "$line" ]; do
      number=$((number + 1))
      case $line in
        '' | '#'*) continue ;;
        env_file* | dry_run*) bad "$opt_env_file:$number: ${line%%=*}: only on the command line" && continue ;;
      esac
      set_option "$opt_env_file:$number: " "$line"
    done <"$opt_env_file"
  fi
}

# must NAME REGEXP WHAT: adds a mistake if the option was given and does not match. WHAT describes a
# valid value.
must() {
  local value
  value=$(option "$1")
  [ -z "$value" ] || [[ $value =~ $2 ]] || bad "--$1: \"$value\" is not $3"
}

check_options() {
  local command=$1 name
  for name in $(needed "$command"); do
    [ -n "$(option "$name")" ] || bad "--$name: $command needs it"
  done
  local project='^([a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$' region='^[a-z]+-[a-z]+[0-9]+$' gs='^gs://[a-z0-9][-a-z0-9._]+/'
  local image='^[a-z0-9][-a-z0-9.]*(:[0-9]+)?(/[a-z0-9][-a-z0-9._]*)+' machine='^[a-z][a-z0-9]*(-[a-z0-9]+)+$'
  local email='^[^@[:space:]/]+@[^@[:space:]/]+\.[^@[:space:]/]+$' count='^[1-9][0-9]{0,3}$' duration='^[0-9]{1,5}[smh]$'
  local tag='(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})' digest='(@sha256:[0-9a-f]{64})'
  must project "$project" "a project's id"
  must region "$region" "a region such as europe-west1"
  must worker_region "$region" "a region such as europe-west1"
  must worker_zone '^[a-z]+-[a-z]+[0-9]+-[a-z]$' "a zone such as europe-west1-b"
  must job_name '^[a-z]([-a-z0-9]*[a-z0-9])?$' "a job's name: a-z, 0-9 and -, from a letter to a letter or digit"
  name=$(option job_name)
  [ "${#name}" -le 1024 ] || bad "--job_name: longer than 1,024 characters"
  must template "$gs.+\.json\$" "a template's file: gs://bucket/folder/name.json"
  must export_location '^gs://[a-z0-9][-a-z0-9._]+(/[A-Za-z0-9._=-]+)+$' "a folder: gs://bucket/folder, of letters, digits and . _ = -"
  must temp_location "$gs?" "a folder: gs://bucket/folder"
  must staging_location "$gs?" "a folder: gs://bucket/folder"
  if [ "$command" = build ]; then
    must image "$image$tag\$" "an image with a tag: europe-west1-docker.pkg.dev/project/repository/name:tag"
  else
    must image "$image$tag?$digest?\$" "an image: europe-west1-docker.pkg.dev/project/repository/name:tag"
  fi
  must launcher_image "$image$tag?$digest?\$" "an image: gcr.io/dataflow-templates-base/go-template-launcher-base:tag"
  must builder '^(cloudbuild|docker)$' "cloudbuild or docker"
  must strategy '^(update|replace)$' "update or replace"
  must version '^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}$' "a version such as 1.4.0"
  must revision '^[A-Za-z0-9_.-]{1,128}$' "a revision, as of git rev-parse"
  must service_account "$email" "a service account's address"
  must build_service_account "$email" "a service account's address"
  must network '^[a-z]([-a-z0-9]*[a-z0-9])?$' "a network's name"
  must subnetwork '^((https://www\.googleapis\.com/compute/v1/)?projects/[^/[:space:]]+/)?regions/[a-z0-9-]+/subnetworks/[a-z]([-a-z0-9]*[a-z0-9])?$' \
    "a subnetwork: regions/REGION/subnetworks/NAME, after projects/PROJECT/ where it is another's"
  must max_workers "$count" "a number from 1 to 9999"
  must num_workers "$count" "a number from 1 to 9999"
  [[ ! ${opt_max_workers-} =~ $count || ! ${opt_num_workers-} =~ $count ]] || [ "$opt_num_workers" -le "$opt_max_workers" ] ||
    bad "--num_workers: $opt_num_workers is more than --max_workers, $opt_max_workers"
  must worker_machine_type "$machine" "a machine type such as n2-standard-4"
  must launcher_machine_type "$machine" "a machine type such as n2-standard-2"
  must kms_key '^projects/[^/[:space:]]+/locations/[^/[:space:]]+/keyRings/[^/[:space:]]+/cryptoKeys/[^/[:space:]]+$' \
    "a key: projects/P/locations/L/keyRings/R/cryptoKeys/K"
  must timeout "$duration" "a duration such as 90s, 20m or 1h"
  must drain_timeout "$duration" "a duration such as 90s, 20m or 1h"
  must poll "$duration" "a duration such as 15s"
  [ -z "${opt_worker_region-}" ] || [ -z "${opt_worker_zone-}" ] || bad "--worker_zone: not beside --worker_region"
  check_pairs
  case $command in run | update | replace | rollback | export) check_parameters "$command" ;; esac
  [ "$command,$opt_strategy" != rollback,replace ] || [ -n "${opt_export_location-}" ] ||
    bad "--export_location: rollback needs it with --strategy=replace"
  if [ -n "$wrong" ]; then
    printf 'launch_dataflow: wrong options:\n%s' "$wrong" >&2
    exit 2
  fi
}

check_pairs() {
  local pair label='^[a-z][a-z0-9_-]{0,62}=[a-z0-9_-]{0,63}$'
  for pair in ${opt_label[@]+"${opt_label[@]}"}; do
    [[ $pair =~ $label ]] || bad "--label: \"$pair\" is not name=value, each at most 63 of a-z, 0-9, _ and -, the name from a letter"
  done
  for pair in ${opt_transform_name_mapping[@]+"${opt_transform_name_mapping[@]}"}; do
    [[ $pair =~ ^[^=]+=. ]] || bad "--transform_name_mapping: \"$pair\" is not OLD=NEW"
  done
  for pair in ${opt_pipeline_option[@]+"${opt_pipeline_option[@]}"}; do
    [[ $pair =~ ^[a-z][a-z0-9_]*=. ]] || bad "--pipeline_option: \"$pair\" is not NAME=VALUE, the name of a flag of Beam's Dataflow runner"
    ! secret "${pair%%=*}" || bad "--pipeline_option: ${pair%%=*}: looks like a secret, which everybody who may look at the job would see"
  done
  for pair in ${opt_experiment[@]+"${opt_experiment[@]}"}; do
    [[ $pair =~ ^[A-Za-z0-9_.-]+(=[^,[:space:]]+)?$ ]] || bad "--experiment: \"$pair\" is not the name of an experiment, or name=value"
  done
}

# seconds DURATION: prints a duration such as 20m in seconds.
seconds() {
  case $1 in
    *s) echo $((10#${1%s})) ;;
    *m) echo $((10#${1%m} * 60)) ;;
    *h) echo $((10#${1%h} * 3600)) ;;
  esac
}
