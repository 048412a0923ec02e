# SPDX-License-Identifier: GPL-2.0-only
# What the demos say meanwhile; sourced after lib.sh, which begins their time.

begin=$(date +%s)
logs=$(mktemp -d)

# progress TEXT: with the time since the start.
progress() {
	printf '[%3d s] %s\n' $(($(date +%s) - begin)) "$*"
}

# quietly LOG COMMAND...: show what it says if it fails, or with V=1.
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
