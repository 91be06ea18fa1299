#!/bin/sh
# Shows the best kept experiments of a session and the counts. Reads only.
set -eu

usage() {
  cat <<'TEXT'
usage: show-results.sh [--top N] [--tag TAG | --file FILE]
  --top N      so many kept rows, the best first (default: 10)
  --tag TAG    this session (default: the newest; without a lab results.tsv here)
  --file FILE  any results.tsv of the field
TEXT
}

fail() {
  echo "error: $1" >&2
  shift
  for hint in "$@"; do echo "hint: $hint" >&2; done
  exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
lab() { sh "$here/lab.sh" "$@"; }

top=10
tag=
file=
while [ $# -gt 0 ]; do
  case $1 in
    --top) [ $# -ge 2 ] || fail '--top needs a number'; top=$2; shift 2 ;;
    --top=*) top=${1#*=}; shift ;;
    --tag) [ $# -ge 2 ] || fail '--tag needs a word'; tag=$2; shift 2 ;;
    --tag=*) tag=${1#*=}; shift ;;
    --file) [ $# -ge 2 ] || fail '--file needs a path'; file=$2; shift 2 ;;
    --file=*) file=${1#*=}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
case $top in
  '' | *[!0-9]* | 0*) fail "--top got \"$top\", expected a whole number of at least 1" ;;
esac

told=$(lab autoresearch results --json ${tag:+--tag "$tag"} ${file:+--file "$file"})
printf '%s\n' "$told" | TOP=$top node -e '
  const { tag, metric, rows, counts, gains, picture } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const sign = metric.direction === "higher" ? -1 : 1;
  // A number that is too good to be true does not lead the list.
  const odd = (row) => Number(row.verdict === "anomaly");
  const kept = [...gains].sort((one, other) => odd(one) - odd(other) || sign * (one.metric - other.metric));
  const each = Object.entries(counts).map(([status, count]) => count + " " + status).join(", ");
  console.log([tag + ": " + rows + " rows: " + each, metric.name + ", " + metric.direction + " is better"].join("; "));
  for (const row of kept.slice(0, Number(process.env.TOP))) {
    const memory = typeof row.memoryGb === "number" ? row.memoryGb.toFixed(1) + " GB" : "";
    const cells = [(row.commit ?? "").padEnd(8), row.metric.toFixed(6), memory.padStart(8), row.verdict.padEnd(12), row.description];
    console.log(cells.join("  ").trimEnd());
  }
  if (kept.length === 0) console.log("nothing was kept");
  if (picture) console.error("picture " + picture);
'
