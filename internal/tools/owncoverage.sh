#!/usr/bin/env bash
# Compiles for fuzzing as `go test -toolexec` has it, with coverage of this module's
# packages alone: what the standard library and others do is not to be explored, and the
# counters of theirs, six in seven, cost each execution more than most targets do.
# usage: go test -toolexec internal/tools/owncoverage.sh -fuzz ...
set -euo pipefail
tool=$1
shift
case $tool in
*/compile) ;;
*) exec "$tool" "$@" ;;
esac
if [ "${1:-}" = -V=full ]; then # the compiler's name for the build cache: what it makes differs
	echo "$("$tool" "$@") of own packages"
	exit
fi
arguments=()
for argument in "$@"; do
	case ${TOOLEXEC_IMPORTPATH:-} in
	cleartap*) arguments+=("$argument") ;;
	*) [ "$argument" = -d=libfuzzer ] || arguments+=("$argument") ;;
	esac
done
exec "$tool" "${arguments[@]}"
