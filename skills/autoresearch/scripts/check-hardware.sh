#!/bin/sh
# Prints as JSON what trains here: cards with memory, driver, CUDA or another accelerator, processor, memory; and the limits that hold.
# Works before anything is set up. Changes nothing.
set -eu

case ${1:-} in
  '') ;;
  -h | --help) echo 'usage: check-hardware.sh'; exit 0 ;;
  *) echo 'usage: check-hardware.sh' >&2; exit 2 ;;
esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
told=$(sh "$here/lab.sh" autoresearch intake --json)
printf '%s\n' "$told" | node -e '
  const { hardware, constraints, state, notes } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  console.log(JSON.stringify({ hardware, constraints, accelerator: state?.accelerator ?? null, platform: state?.platform ?? null, notes }, null, 2));
'
