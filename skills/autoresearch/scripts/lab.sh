#!/bin/sh
# Runs the lab command with the given words: `lab` on PATH, `nightlab` on PATH, or the package of this folder through npx.
# The other scripts of this folder call it. Nothing is downloaded.
set -eu

# Other programs are called lab too.
if command -v lab >/dev/null 2>&1 && lab --help 2>/dev/null | grep 'research lab' >/dev/null; then
  exec lab "$@"
fi
if command -v nightlab >/dev/null 2>&1; then
  exec nightlab "$@"
fi
if command -v npx >/dev/null 2>&1 && npx --no -- nightlab --version >/dev/null 2>&1; then
  exec npx --no -- nightlab "$@"
fi
echo 'error: the lab command was not found, neither as lab nor as nightlab, and npx knows no nightlab here' >&2
echo 'hint: npm install --global nightlab' >&2
exit 127
