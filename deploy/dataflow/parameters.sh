# Reads the parameters of the pipeline from the command line and a file, and checks them against
# metadata.json. Sourced.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of the files beside it

# parameters has NAME=VALUE for each parameter, those of the command line first.
parameters=()

# template_parameters: prints a line for each parameter in metadata.json: its name, and "needed" if
# it is required. The generated file has one field a line.
template_parameters() {
  awk '
    /^ *"name": / { split($0, part, "\""); name = part[4]; optional = 0 }
    /^ *"isOptional": true/ { optional = 1 }
    /^    }/ { print name, (optional ? "" : "needed") }
  ' "$root/metadata.json"
}

# parameter NAME: prints the value of a parameter; nothing if it was not given.
parameter() {
  local pair
  for pair in ${parameters[@]+"${parameters[@]}"}; do
    [ "${pair%%=*}" != "$1" ] || { printf '%s' "${pair#*=}" && return; }
  done
}

# add_parameter WHERE PAIR: adds a parameter that was not given yet. The command line beats the
# file.
add_parameter() {
  local name=${2%%=*}
  case $2 in
    *=*) ;;
    *) bad "$1: a parameter is NAME=VALUE" && return ;; # the message does not show it: it may be a password
  esac
  case $2 in
    *[[:cntrl:]]*) bad "$1: $name: has a control character" && return ;;
  esac
  case " $named " in
    *" $name/$1 "*) bad "$1: $name: given twice" && return ;;
    *" $name/"*) return ;;
  esac
  named="$named $name/${1%%:*}"
  parameters+=("$2")
}

check_parameters() {
  local command=$1 pair line number=0 name
  named=
  for pair in ${opt_parameter[@]+"${opt_parameter[@]}"}; do add_parameter --parameter "$pair"; done
  if [ -n "${opt_parameters_file-}" ]; then
    if [ ! -f "$opt_parameters_file" ] || [ ! -r "$opt_parameters_file" ]; then
      bad "--parameters_file: $opt_parameters_file cannot be read"
      return
    fi
    while IFS= read -r line || [ -n "$line" ]; do
      number=$((number + 1))
      case $line in '' | '#'*) continue ;; esac
      add_parameter "$opt_parameters_file:$number" "$line"
    done <"$opt_parameters_file"
  fi

  for pair in ${parameters[@]+"${parameters[@]}"}; do
    name=${pair%%=*}
    case $name in
      redis_password_secret)
        [[ $pair =~ =projects/[^/[:space:]]+/secrets/[^/[:space:]]+/versions/[^/[:space:]]+$ ]] ||
          bad "parameter redis_password_secret: not projects/P/secrets/S/versions/V; workers have neither our files nor our environment"
        ;;
      pos_subscription | ecom_subscription | wms_subscription)
        [[ $pair =~ =projects/[^/[:space:]]+/subscriptions/[A-Za-z][A-Za-z0-9._~+%-]*$ ]] ||
          bad "parameter $name: not projects/P/subscriptions/S, the full name, which Dataflow requires"
        ;;
      redis_addrs)
        case $pair in *@*) bad "parameter redis_addrs: has an @; give host:port alone, and redis_username and redis_password_secret" ;; esac
        ;;
      *)
        if secret "$name"; then
          bad "parameter $name: looks like a secret, which everybody who may look at the job would see; put it into Secret Manager and give redis_password_secret=projects/P/secrets/S/versions/V"
          continue
        fi
        ;;
    esac
    # An earlier template, to which rollback returns, may have other parameters.
    [ "$command" = rollback ] || template_parameters | grep -q "^$(printf '%s' "$name" | sed 's/[^A-Za-z0-9_]/./g') " ||
      bad "parameter $name: metadata.json has none of that name"
  done
  case $command in
    rollback | export) ;;
    *)
      for name in $(template_parameters | sed -n 's/ needed$//p'); do
        [ -n "$(parameter "$name")" ] || bad "parameter $name: is needed"
      done
      ;;
  esac
  case $command,$opt_strategy in export,* | replace,* | rollback,replace) check_rebuild ;; esac
}

# check_rebuild: checks the parameters that the query of the archive needs.
check_rebuild() {
  local dataset horizon
  dataset=$(parameter bigquery_dataset)
  [[ $dataset =~ ^(([a-z0-9.-]+:)?[a-z][a-z0-9-]*\.)?[A-Za-z0-9_]+$ ]] ||
    bad "parameter bigquery_dataset: \"$dataset\" is neither dataset nor project.dataset, from which the state is rebuilt"
  horizon=$(parameter ledger_horizon)
  horizon=${horizon:-168h}
  if [[ ! $horizon =~ ^[0-9]{1,6}h(0m)?(0s)?$ ]] || [ "$((10#${horizon%%h*}))" -lt 48 ]; then
    bad "parameter ledger_horizon: \"$horizon\" is not whole hours from 48h on, which the query of the archive needs"
  fi
}

# set_parameter NAME=VALUE: sets a parameter, whether or not it was given.
set_parameter() {
  local pair kept=()
  for pair in ${parameters[@]+"${parameters[@]}"}; do
    [ "${pair%%=*}" = "${1%%=*}" ] || kept+=("$pair")
  done
  parameters=(${kept[@]+"${kept[@]}"} "$1")
}
