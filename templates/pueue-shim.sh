#!/bin/sh
# pueue by the name of lab: written by `lab shim pueue`, safe to delete.
# Maps the words of pueue 4 to lab's; what has no counterpart is refused in one sentence, never guessed.
refuse() {
  printf '%s\n' "pueue (lab's shim): $*" >&2
  exit 2
}

# Sets `verb`: pueue has more names for some.
name_verb() {
  case $1 in
    cleanup | clear) verb=clean ;;
    fo) verb=follow ;;
    re) verb=restart ;;
    rm) verb=remove ;;
    *) verb=$1 ;;
  esac
}

set_color() {
  case $1 in
    auto) ;;
    always)
      unset NO_COLOR
      export FORCE_COLOR=1
      ;;
    never) export NO_COLOR=1 ;;
    *) refuse "--color got '$1', expected auto, always or never" ;;
  esac
}

# Options before the verb. "-v" would tell more: lab tells it anyway.
while :; do
  case ${1-} in
    -v | -vv | -vvv | --verbose) shift ;;
    --color=*)
      set_color "${1#*=}"
      shift
      ;;
    --color)
      [ $# -gt 1 ] || refuse "--color needs a value"
      set_color "$2"
      shift 2
      ;;
    -h | --help) exec lab --help ;;
    -V | --version) exec lab --version ;;
    -c* | --config | --config=* | -p* | --profile | --profile=*)
      refuse "$1 has no counterpart: a lab is a folder, and outside any lab commands act on your own one" ;;
    -*) refuse "there is no $1 before the verb" ;;
    *) break ;;
  esac
done

name_verb "${1:-status}"
[ $# -eq 0 ] || shift
case $verb in
  add | clean | edit | enqueue | env | follow | group | kill | log | parallel | pause | remove | reset | restart | send) ;;
  start | stash | status | switch | wait) ;;
  help)
    [ $# -gt 0 ] || exec lab --help
    name_verb "$1"
    exec lab "$verb" --help
    ;;
  shutdown) refuse "shutdown kills running tasks in pueue; 'lab down' ends the daemon and lets jobs go on" ;;
  completions) refuse "use 'lab completions'" ;;
  *) refuse "there is no '$verb' in lab" ;;
esac

# Sets `to`, the name in lab of an option of the verb, and `takes` where a value follows it. A colon: this script sees to it; an empty
# name: lab does so anyway.
map() {
  to='' takes=''
  case $verb:$1 in
    *:-h | *:--help) to=:help ;;
    add:-w | add:--working-directory) to=:folder takes=1 ;;
    add:-e | add:--escape) to=:escape ;;
    add:--follow) to=:follow ;;
    add:-i | add:--immediate) to=immediate ;;
    add:-a | add:--after) to=after takes=1 ;;
    add:-o | add:--priority) to=priority takes=1 ;;
    add:-l | add:--label) to=label takes=1 ;;
    add:-p | add:--print-task-id) to=print-number ;;
    add:-s | add:--stashed | restart:-s | restart:--stashed) to=stashed ;;
    add:-d | add:--delay | enqueue:-d | enqueue:--delay | stash:-d | stash:--delay) to=delay takes=1 ;;
    restart:-a | restart:--all-failed) to=failed ;;
    restart:-g | restart:--failed-in-group) to=group takes=1 ;;
    restart:-k | restart:--start-immediately) to=start ;;
    restart:-i | restart:--in-place) to=in-place ;;
    restart:--not-in-place) ;;
    restart:-e | restart:--edit) to=edit ;;
    clean:-s | clean:--successful-only) to=successful ;;
    group:-p | group:--parallel) to=slots takes=1 ;;
    kill:-s | kill:--signal) to=signal takes=1 ;;
    log:-l | log:--lines) to=lines takes=1 ;;
    log:-f | log:--full) to=full ;;
    pause:-w | pause:--wait) to=wait ;;
    reset:-f | reset:--force) to=force ;;
    reset:-g | reset:--groups) to=:groups takes=1 ;;
    wait:-q | wait:--quiet) to=:quiet ;;
    wait:-s | wait:--status) to=:stage takes=1 ;;
    enqueue:-a | kill:-a | log:-a | pause:-a | start:-a | stash:-a | wait:-a) to=all ;;
    enqueue:--all | kill:--all | log:--all | pause:--all | start:--all | stash:--all | wait:--all) to=all ;;
    add:-g | clean:-g | enqueue:-g | kill:-g | log:-g | parallel:-g | pause:-g | start:-g | stash:-g | status:-g | wait:-g)
      to=group takes=1 ;;
    add:--group | clean:--group | enqueue:--group | kill:--group | log:--group | parallel:--group | pause:--group)
      to=group takes=1 ;;
    start:--group | stash:--group | status:--group | wait:--group) to=group takes=1 ;;
    follow:-l | follow:--lines)
      refuse "'follow' begins at the start of the log: 'lab log <number> -n 20' shows its end" ;;
    status:-j | status:--json | log:-j | log:--json | group:-j | group:--json)
      refuse "lab's JSON is another one than pueue's: 'lab $verb --json' prints it" ;;
    *) refuse "'$verb' knows no $1 here" ;;
  esac
}

# Every word is taken from the front; what it becomes goes to the back. `count` says how many of the old ones are left.
count=$#
folder='' escape='' follow='' groups='' named='' now=--now quiet='' stage=done words=''
while [ "$count" -gt 0 ]; do
  word=$1
  case $word in
    --) break ;;
    -?*) ;;
    *)
      # The options of "add" end with the first word of its command.
      [ "$verb" != add ] || break
      named=1 words=1
      set -- "$@" "$word"
      shift
      count=$((count - 1))
      continue
      ;;
  esac
  shift
  count=$((count - 1))
  joined='' given=''
  case $word in
    --*=*)
      joined=name
      option=${word%%=*}
      given=${word#*=}
      ;;
    --* | -?) option=$word ;;
    *)
      joined=letter
      given=${word#-?}
      option=${word%"$given"}
      ;;
  esac
  map "$option"
  if [ -n "$takes" ]; then
    case $joined in
      letter) given=${given#=} ;;
      '')
        [ "$count" -gt 0 ] || refuse "'$verb $option' needs a value"
        given=$1
        shift
        count=$((count - 1))
        ;;
    esac
  else
    case $joined in
      name) refuse "'$verb $option' takes no value" ;;
      letter)
        # The other letters of "-is" are options too.
        set -- "-$given" "$@"
        count=$((count + 1))
        ;;
    esac
  fi
  case $to in
    '') ;;
    :help) exec lab "$verb" --help ;;
    :folder) folder=$given ;;
    :escape) escape=1 ;;
    :follow) follow=1 ;;
    :quiet) quiet=1 ;;
    :stage) stage=$given ;;
    :groups)
      case $given in
        '' | *[!A-Za-z0-9_.-]*) refuse "'$given' is no group's name" ;;
      esac
      groups="$groups $given"
      ;;
    *)
      case $to in
        all | group) named=1 ;;
        signal) now='' ;;
      esac
      if [ -n "$takes" ]; then set -- "$@" "--$to=$given"; else set -- "$@" "--$to"; fi
      # "-a 3 4": as many numbers as there are.
      while [ "$to" = after ] && [ -z "$joined" ] && [ "$count" -gt 0 ]; do
        case $1 in
          '' | *[!0-9]*) break ;;
        esac
        set -- "$@" "--after=$1"
        shift
        count=$((count - 1))
      done
      ;;
  esac
done

if [ "$verb" = add ]; then
  if [ "$count" -gt 0 ] && [ "$1" = -- ]; then
    shift
    count=$((count - 1))
  fi
  [ "$count" -gt 0 ] || refuse "'add' needs a command"
  # What is left of the old words is the command; pueue joins it with spaces and gives it to a shell.
  command=
  while [ "$count" -gt 0 ]; do
    word=$1
    [ -z "$escape" ] || word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
    command="${command:+$command }$word"
    shift
    count=$((count - 1))
  done
  [ -z "$folder" ] || CDPATH='' cd -- "$folder" || exit 1
  # Every task of pueue has an open standard input for "send".
  [ -n "$follow" ] || exec lab add --stdin "$@" -- "$command"
  number=$(lab add --stdin --print-number "$@" -- "$command") || exit
  exec lab follow "$number"
fi

# What follows "--" are words, however they look.
if [ "$count" -gt 0 ]; then
  shift
  count=$((count - 1))
  case $verb in
    env | send) set -- "$@" -- ;;
  esac
  while [ "$count" -gt 0 ]; do
    named=1 words=1
    set -- "$@" "$1"
    shift
    count=$((count - 1))
  done
fi

case $verb in
  # Where nobody says which tasks, pueue takes the default group.
  enqueue | kill | log | stash | wait) [ -n "$named" ] || set -- "$@" --group=default ;;
  status) [ -z "$words" ] || refuse "lab has no query language: 'lab status --help' shows its filters" ;;
esac
case $verb in
  edit)
    [ $# -gt 0 ] || refuse "'edit' needs the number of a task"
    for number in "$@"; do lab edit "$number" || exit; done
    exit
    ;;
  # Neither "kill" nor "reset" of pueue has a grace period.
  kill) [ -z "$now" ] || set -- --now "$@" ;;
  reset)
    [ -n "$groups" ] || exec lab reset --now "$@"
    for group in $groups; do lab reset --now "$@" "--group=$group" || exit; done
    exit
    ;;
  send) set -- --raw "$@" ;;
  wait)
    case $stage in
      done | Done) set -- "$@" --status=ended ;;
      success | Success) ;;
      queued | Queued) set -- "$@" --status=queued ;;
      running | Running) set -- "$@" --status=running ;;
      *) refuse "'wait --status' got '$stage', expected done, success, queued or running" ;;
    esac
    [ -z "$quiet" ] || exec lab wait "$@" >/dev/null
    ;;
esac
exec lab "$verb" "$@"
