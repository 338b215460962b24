#!/usr/bin/env bash
# Runs the fuzz targets of the module, one after the other, and says how long each took.
# usage: fuzz.sh TIME|COUNTx [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

amount=${1:?usage: fuzz.sh TIME|COUNTx [TARGET...]}
shift
export GOGC=200 # of the small heap of a target
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
	export TMPDIR=/dev/shm # some targets read files
fi
# Of a number of executions each worker is given its share in advance: when only shares are
# left, others wait for them. With more workers than processors nothing stands still.
workers=8
targets=$(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | wc -l)
done=0
for file in $(grep -rlE --include='*_test.go' '^func Fuzz' . | sort); do
	package=$(dirname "$file")
	for target in $(grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | cut -d' ' -f2); do
		done=$((done + 1))
		if [ $# -gt 0 ] && [[ " $* " != *" $target "* ]]; then
			continue
		fi
		begin=$(date +%s)
		echo "fuzz: $done of $targets: $package $target"
		go test -toolexec "$PWD/internal/tools/owncoverage.sh" "$package" -run '^$' -fuzz "^$target\$" \
			-fuzztime "$amount" -fuzzminimizetime 20x -parallel "$workers" -timeout 0 |
			awk '/^fuzz: elapsed/ { last = $0; next } last != "" { print last; last = "" } { print }'
		echo "fuzz: $target took $(($(date +%s) - begin)) s"
	done
done
