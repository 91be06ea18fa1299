#!/bin/sh
# pueue by the name of lab: written by `lab shim pueue`, safe to delete.
# Maps pueue's common words to lab's; what has no counterpart is refused in one sentence, never guessed.
refuse() {
  echo "pueue (lab's shim): $*" >&2
  exit 2
}

verb=${1:-status}
[ $# -gt 0 ] && shift
case $verb in
  add | clean | edit | enqueue | env | group | kill | log | parallel | pause | remove | reset | restart | send | start | stash | status | switch | wait) ;;
  follow | fo) verb=follow ;;
  rm) verb=remove ;;
  shutdown) refuse "shutdown kills running tasks in pueue; 'lab down' ends the daemon and lets jobs go on" ;;
  completions) refuse "use 'lab completions'" ;;
  --help | -h | help) exec lab --help ;;
  --version | -V) exec lab --version ;;
  -*) refuse "$verb before the verb has no counterpart" ;;
  *) refuse "there is no '$verb' in lab" ;;
esac

# "env set" and "group add" have a word of their own before the options; it passes as any other word.
if [ "$verb" = add ]; then
  folder= escape= words=0
  # The options end at the first word of the command.
  count=$#
  while [ "$count" -gt 0 ]; do
    word=$1
    case $word in
      --) shift; count=$((count - 1)); break ;;
      -w | --working-directory) folder=$2; shift 2; count=$((count - 2)); continue ;;
      --working-directory=*) folder=${word#*=}; shift; count=$((count - 1)); continue ;;
      -e | --escape) escape=1; shift; count=$((count - 1)); continue ;;
      -p | --print-task-id) set -- "$@" --print-number ;;
      -i | --immediate) set -- "$@" --immediate ;;
      -s | --stashed) set -- "$@" --stashed ;;
      -d | --delay | -g | --group | -o | --priority | -l | --label)
        case $word in
          -d) long=--delay ;; -g) long=--group ;; -o) long=--priority ;; -l) long=--label ;; *) long=$word ;;
        esac
        set -- "$@" "$long=$2"
        shift 2; count=$((count - 2)); continue
        ;;
      --delay=* | --group=* | --priority=* | --label=* | --after=*) set -- "$@" "$word" ;;
      -a | --after)
        shift; count=$((count - 1))
        while [ "$count" -gt 0 ]; do
          case $1 in
            '' | *[!0-9]*) break ;;
          esac
          set -- "$@" "--after=$1"
          shift; count=$((count - 1))
        done
        continue
        ;;
      --follow) refuse "'add --follow' is 'lab add' and then 'lab follow <number>'" ;;
      -*) refuse "'add' knows no $word here" ;;
      *) break ;;
    esac
    shift; count=$((count - 1))
  done
  [ "$count" -gt 0 ] || refuse "'add' needs a command"
  # What is left of the old words is the command; pueue joins it with spaces and gives it to a shell.
  command=
  while [ "$count" -gt 0 ]; do
    word=$1
    [ -z "$escape" ] || word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
    command="${command:+$command }$word"
    shift; count=$((count - 1))
  done
  [ -z "$folder" ] || cd "$folder" || exit 1
  exec lab add "$@" -- "$command"
fi

# Where nobody says which tasks, these two are about the default group in pueue.
named=1
case $verb in kill | log) named= ;; esac
value=
count=$#
while [ "$count" -gt 0 ]; do
  word=$1
  shift; count=$((count - 1))
  # The word after an option that takes one is that, whatever it looks like.
  if [ -n "$value" ]; then
    value=
    set -- "$@" "$word"
    continue
  fi
  case $word in
    [0-9]* | --all | --group | --group=* | -[!-]*[ag]* | -[ag]*) named=1 ;;
  esac
  case $verb:$word in
    log:-l | log:--lines | kill:-s | kill:--signal) value=1 ;;
  esac
  case $verb:$word in
    *:-g) word=--group ;;
    *:-a) word=--all ;;
    status:-j | log:-j | group:-j) word=--json ;;
    wait:-q | wait:--quiet) continue ;;
    group:-p | group:--parallel) word=--slots ;;
    clean:-s | clean:--successful-only) word=--successful ;;
    pause:-w) word=--wait ;;
    restart:-k | restart:--immediate) word=--start ;;
    restart:-i) word=--in-place ;;
    restart:-s) word=--stashed ;;
    restart:-e) word=--edit ;;
    restart:--all-failed) word=--failed ;;
    restart:-g | restart:--failed-in-group) word=--group ;;
    restart:--not-in-place) continue ;;
    reset:-f) word=--force ;;
    kill:-s) word=--signal ;;
    stash:-d | enqueue:-d) word=--delay ;;
    wait:-s | wait:--status) refuse "the words of 'wait --status' differ: 'lab wait --help' shows lab's; its exit code is the jobs' fate without it" ;;
    status:columns=* | status:status=* | status:label* | status:command* | status:start* | status:end* | status:order_by | status:first | status:last)
      refuse "lab has no query language: 'lab status --help' shows its filters" ;;
  esac
  [ "$verb:$word" = restart:--all ] && word=--failed
  set -- "$@" "$word"
done
[ -n "$named" ] || set -- "$@" --group default
if [ "$verb" = kill ]; then
  case " $* " in
    *" --signal "* | *" --signal="*) ;;
    # pueue's kill has no grace period.
    *) set -- --now "$@" ;;
  esac
fi
exec lab "$verb" "$@"
