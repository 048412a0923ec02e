# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the scripts of tests/flash that run in a guest.

# wait_for SECONDS COMMAND...: wait until COMMAND succeeds.
wait_for() {
	until_s=$(($(date +%s) + $1 * ${CXL_TIME_SCALE:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -le "$until_s" ] || return 1
		sleep 0.1
	done
}
