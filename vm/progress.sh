# SPDX-License-Identifier: GPL-2.0-only
# Progress messages of the demos; sourced after lib.sh, which starts their
# clock.

begin=$(date +%s)
logs=$(mktemp -d)
background=''

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

# in_background LOG COMMAND...: the same, until await. It is a process group,
# $background: a ^C does not reach it, and it may have children.
in_background() {
	background_log=$logs/$1
	shift
	if [ -n "${V-}" ]; then
		setsid "$@" &
	else
		setsid "$@" >"$background_log" 2>&1 &
	fi
	background=$!
}

await() {
	wait "$background" || {
		[ -n "${V-}" ] || cat "$background_log" >&2
		return 1
	}
	background=''
}
