#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The AFU of examples/rtl, without a card: its test bench, run by both simulators.

. tests/lib/tap.sh

out=${BUILD:-build}/${ARCH:-amd64}-$KERNEL

need_simulator() {
	[ "${ARCH:-amd64}" = amd64 ] || skip "simulators are run on the build machine's own architecture"
	command -v "$1" >/dev/null || skip "$1 is not there; './run check' installs it"
}

lint_is_silent() {
	need_simulator verilator
	need_simulator iverilog
	said=$(make -s -C examples/rtl lint 2>&1) || fail "$said"
	[ -z "$said" ] || fail "$said"
}

# bench_passes COMMAND...: all of its tests, of which there is a plan
bench_passes() {
	said=$("$@" 2>&1) || fail "$said"
	echo "$said" | grep -qx '1\.\.[1-9][0-9]*' || fail "no plan: $said"
	tests=$(echo "$said" | sed -n 's/^1\.\.//p')
	passed=$(echo "$said" | grep -c '^ok ') || :
	[ "$passed" -eq "$tests" ] || fail "$passed of $tests passed: $said"
	! echo "$said" | grep '^not ok' || fail "not all passed"
}

bench_passes_by_verilator() {
	need_simulator verilator
	bench_passes "$out/rtl/bench"
}

bench_passes_by_icarus() {
	need_simulator vvp
	bench_passes vvp -n "$out/rtl/bench.vvp"
}

tap_run rtl lint_is_silent bench_passes_by_verilator bench_passes_by_icarus
