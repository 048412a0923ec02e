# SPDX-License-Identifier: GPL-2.0-only
# Progress messages of the demos; sourced after lib.sh, which starts their
# clock.

begin=$(date +%s)
logs=$(mktemp -d)

# progress TEXT: print it with the time since the start.
progress() {
	printf '[%3d s] %s\n' $(($(date +%s) - begin)) "$*"
}

# quietly LOG COMMAND...: show its output if it fails, or with V=1.
quietly() {
	log=$logs/$1
	shift
	if [ -n "${V-}" ]; then
		"$@"
		return
	fi
	"$@" >"$log" 2>&1 || {
		cat "$log" >&2
		return 1
	}
}
