#!/usr/bin/env bats
# Options: one message lists all mistakes, before any command runs.
# shellcheck disable=SC2016,SC2154 # literal $; variables of the helper
load helper

@test "every option that is wrong is named, and nothing is called" {
  launch run --project=P --region=moon --job_name=-x --template=/tmp/x --max_workers=0 --worker_machine_type=big --bogus=1 --image=a \
    stray --timeout=soon --parameter=unknown=1 --parameter=redis_addrs --label=Team=x --network
  code 2
  for text in "--project: \"P\"" "--region: \"moon\"" "--job_name: \"-x\"" "--template: \"/tmp/x\"" "--max_workers: \"0\"" \
    "--worker_machine_type: \"big\"" "--bogus: not an option" "--image: run does not take it" "stray: not an option" \
    "--timeout: \"soon\"" "parameter unknown: metadata.json has none" "a parameter is NAME=VALUE" "--label: \"Team=x\"" \
    "--network: needs a value" "parameter redis_addrs: is needed" "parameter bigquery_dataset: is needed"; do
    said "$text"
  done
  same "$(recorded)" ""
}

@test "needed options are named" {
  for command in build publish run update replace rollback export wait drain cancel status; do
    launch "$command"
    code 2
    said "--project: $command needs it"
  done
}

@test "a command that does not exist is refused; help is given" {
  launch "start"
  code 2
  said "start is not a command"
  launch "--help"
  code 0
  case $output in *"Exit codes:"*) ;; *) false ;; esac
  run "$root/launch_dataflow.sh"
  code 2
}

@test "no password gets on a command line, or is repeated" {
  launch run --project=shop-prod --parameter=redis_password=hunter2 --parameter=redis_addrs=:hunter2@redis:6379 --redis_password=hunter2 \
    --parameter=redis_password_secret=hunter2 --parameter=hunter2 --parameter=api_token=hunter2 --parameter=bigquery_dataset=retail
  code 2
  said "parameter redis_password: looks like a secret"
  said "parameter api_token: looks like a secret"
  said "parameter redis_addrs: has an @"
  said "parameter redis_password_secret: not projects/P/secrets/S/versions/V"
  said "--redis_password: not an option; a password belongs into Secret Manager"
  unsaid hunter2
}

@test "subscriptions are full names" {
  for name in pos projects/shop-prod/topics/pos projects/shop-prod/subscriptions/ projects/shop-prod/subscriptions/a/b; do
    launch "run $common $needed --parameter=pos_subscription=$name"
    code 2
    said "parameter pos_subscription: not projects/P/subscriptions/S"
  done
}

@test "a pipeline option is a name and a value, and no secret" {
  launch "run $common $needed --pipeline_option=disk_type --pipeline_option=--disk_type=x --pipeline_option=redis_password=hunter2"
  code 2
  said '--pipeline_option: "disk_type" is not NAME=VALUE'
  said '--pipeline_option: "--disk_type=x" is not NAME=VALUE'
  said "--pipeline_option: redis_password: looks like a secret"
  unsaid hunter2
}

@test "a secret of this machine is none for workers" {
  for secret in env:REDIS_PASSWORD file:/etc/password projects/p/secrets/s; do
    launch "run $common $needed --parameter=redis_password_secret=$secret"
    code 2
    said "parameter redis_password_secret"
  done
}

@test "options come from a file, and the command line goes before it" {
  cat >"$BATS_TEST_TMPDIR/env" <<'FILE'
# the shop's
project=shop-prod
region=europe-west1
job_name=from-the-file
template=gs://shop-templates/streamlytics-1.4.0.json
parameter=redis_addrs=10.0.0.3:6379
parameter=bigquery_dataset=retail
disable_public_ips

image=europe-west1-docker.pkg.dev/shop-prod/streamlytics/template:1.4.0
FILE
  launch run --env_file="$BATS_TEST_TMPDIR/env" --job_name=from-the-line --parameter=bigquery_dataset=other
  code 0
  call=$(given "gcloud|dataflow|flex-template|run")
  case $call in *"|run|from-the-line|--project=shop-prod|"*"|--disable-public-ips|"*) ;; *) echo "$call" && false ;; esac
  same "$(items "$(option "$call" --parameters)")" "bigquery_dataset=other
redis_addrs=10.0.0.3:6379"
}

@test "a file is no program" {
  printf 'project=$(touch %s)\n`touch %s`=1\n' "$BATS_TEST_TMPDIR/ran" "$BATS_TEST_TMPDIR/ran" >"$BATS_TEST_TMPDIR/env"
  launch "status $job --env_file=$BATS_TEST_TMPDIR/env"
  code 2
  said "env:2: "
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "what is wrong in a file is named with its line" {
  printf 'project=shop-prod\nregoin=x\ndry_run=true\n' >"$BATS_TEST_TMPDIR/env"
  launch "status $job --env_file=$BATS_TEST_TMPDIR/env"
  code 2
  said "env:2: regoin: not an option"
  said "env:3: dry_run: only on the command line"
  launch "status $job --env_file=$BATS_TEST_TMPDIR/absent"
  code 2
  said "absent cannot be read"
}

@test "parameters come from a file too" {
  printf '# Redis\nredis_addrs=10.0.0.3:6379,10.0.0.4:6379\nbigquery_dataset=retail\nonline_store=web = shop\n' >"$BATS_TEST_TMPDIR/parameters"
  launch "run $common --parameters_file=$BATS_TEST_TMPDIR/parameters --parameter=bigquery_dataset=other"
  code 0
  same "$(items "$(option "$(given "gcloud|dataflow|flex-template|run")" --parameters)")" "bigquery_dataset=other
redis_addrs=10.0.0.3:6379,10.0.0.4:6379
online_store=web = shop"
}

@test "an option that is given twice is refused" {
  launch "status $job --region=europe-west4"
  code 2
  said "--region: given twice"
  launch "run $common $needed --parameter=bigquery_dataset=other"
  code 2
  said "bigquery_dataset: given twice"
}

@test "without gcloud, or docker, nothing begins" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  for program in bash dirname cat mktemp rm sed awk grep git; do ln -s "$(command -v $program)" "$BATS_TEST_TMPDIR/bin/$program"; done
  PATH="$BATS_TEST_TMPDIR/bin" launch "status $job"
  code 8
  said "gcloud is missing"
  ln -s "$BATS_TEST_DIRNAME/gcloud" "$BATS_TEST_TMPDIR/bin/gcloud"
  PATH="$BATS_TEST_TMPDIR/bin" launch build --project=shop-prod --image=example.com/a/b:1 --builder=docker
  code 8
  said "docker is missing"
  PATH="$BATS_TEST_TMPDIR/bin" launch "replace $common $needed $export"
  code 8
  said "bq is missing"
}

@test "the archive can be queried with the parameters of a replacement" {
  for horizon in 47h 100m 72h30m 1.5h; do
    launch "replace $common $needed $export --parameter=ledger_horizon=$horizon"
    code 2
    said "parameter ledger_horizon: \"$horizon\" is not whole hours from 48h on"
  done
  launch "export --project=shop-prod $export"
  code 2
  said 'parameter bigquery_dataset: "" is neither dataset nor project.dataset'
  launch "replace $common $needed --export_location=gs://shop-temp/it\\'s"
  code 2
  said "--export_location: \"gs://shop-temp/it's\" is not a folder"
  launch "rollback $common $needed --strategy=replace"
  code 2
  said "--export_location: rollback needs it with --strategy=replace"
}

@test "every command and option is in the help" {
  launch --help
  help=$output
  # shellcheck source=deploy/dataflow/options.sh
  . "$root/deploy/dataflow/options.sh"
  for command in build publish run update replace rollback export wait drain cancel status; do
    case $help in *"  $command "*) ;; *) echo "no $command" && false ;; esac
    for name in $(needed $command) $(taken $command); do
      case $help in *"--$name"*) ;; *) echo "no --$name" && false ;; esac
    done
  done
}

@test "the options in docs/DATAFLOW.md are taken" {
  cd "$BATS_TEST_TMPDIR"
  # shellcheck disable=SC2034 # the evaluated block uses them
  P=shop-production R=europe-west1 WORKER=w@shop.iam.gserviceaccount.com BUILDER=b@shop.iam.gserviceaccount.com REDIS=10.0.0.3:6379
  eval "$(sed -n '/^cat > dataflow.env/,/^END/p' "$root/docs/DATAFLOW.md")"
  for command in run update replace rollback; do
    launch "$command" --env_file=dataflow.env --template=gs://shop-templates/1.json --dry_run
    code 0
  done
  for command in export wait drain cancel status; do
    launch "$command" --env_file=dataflow.env --dry_run
    code 0
  done
  launch build --env_file=dataflow.env --image=europe-west1-docker.pkg.dev/a/b/c:1 --dry_run
  code 0
}
