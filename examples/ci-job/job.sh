#!/bin/sh
# $COUNTERSIGN_WORKLOAD: the secret. Arguments: the agent, which starts the MCP server that follows its name.
set -eu
umask 077
workload=$(mktemp)
trap 'rm -f "$workload"' EXIT
printf '%s' "$COUNTERSIGN_WORKLOAD" >"$workload"
unset COUNTERSIGN_WORKLOAD
"$@" countersign mcp files --agent ci --mandate "$workload"
