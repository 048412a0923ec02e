#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The AFU of examples/rtl, without a card: its test bench, run by both simulators.

. tests/lib/tap.sh

out=${BUILD:-build}/${ARCH:-amd64}-$KERNEL
bench=${BUILD:-build}/${ARCH:-amd64}-rtl

need_simulator() {
	[ "${ARCH:-amd64}" = amd64 ] || skip "simulators are run on the build machine's own architecture"
	command -v "$1" >/dev/null || skip "$1 is not there; './run check' installs it"
}

lint_is_silent() {
	need_simulator verilator
	need_simulator iverilog
	said=$(make -s --no-print-directory -C examples/rtl lint 2>&1) || fail "$said"
	# New versions of Verilator report on themselves.
	said=$(echo "$said" | grep -v '^- ') || :
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
	bench_passes "$bench/bench"
}

bench_passes_by_icarus() {
	need_simulator vvp
	bench_passes vvp -n "$bench/bench.vvp"
}

# at_least ROW LIMIT: MiB/s, and all lines in as many cycles as the buses need
at_least() {
	echo "$said" | awk -v rate="copy_rtl_$1_mib_s" -v cycles="rtl_$1_cycles_per_line" -v limit="$2" '
		$2 == rate { fast = $3 >= limit; print "# " $2, $3 }
		$2 == cycles { busy = $3 >= 2 && $3 < 2.5; print "# " $2, $3 }
		END { exit !(fast && busy) }' || fail "$1: less than $2 MiB/s, or the buses are not busy: $said"
}

# Without a card: what the simulator and the PSL can do by themselves.
copies_on_the_machine() {
	need_simulator verilator
	said=$("$out/host/lib/rtl-machine" "$out/tests/lib/rtl-simulator" 2>&1) || fail "$said"
	at_least machine 2
	at_least machine_socket 0.3
}

# The demo, and of its waveform the signals that afu.gtkw shows
demo_copies_a_file() {
	slow
	need_simulator verilator
	rm -f "$out/rtl/waves.fst"
	said=$(env -u MAKEFLAGS -u MFLAGS WAVES= make -s demo-rtl 2>&1) || fail "$said"
	echo "$said" | grep -qE '^demo-rtl: OK: [1-9][0-9]* bytes copied by RTL and verified, [1-9][0-9]* events, 0 lost$' ||
		fail "$said"
	[ -s "$out/rtl/waves.fst" ] || fail "no waveform"
}

waveform_has_what_is_shown() {
	[ -s "$out/rtl/waves.fst" ] || skip "there is none; ./run demo-rtl makes it"
	command -v fst2vcd >/dev/null || skip "fst2vcd, of gtkwave, is not there"
	fst2vcd "$out/rtl/waves.fst" 2>/dev/null | awk '
		/^\$scope/ { scope = scope $3 "." }
		/^\$upscope/ { sub(/[^.]*\.$/, "", scope) }
		/^\$var/ { print scope $5 }' >"$out/rtl/signals"
	sed -n 's/^\(afu\.[^[]*\).*/\1/p' examples/rtl/afu.gtkw | while read -r signal; do
		grep -qxF "$signal" "$out/rtl/signals" || echo "$signal"
	done >"$out/rtl/signals.missing"
	[ ! -s "$out/rtl/signals.missing" ] || fail "not in the waveform: $(cat "$out/rtl/signals.missing")"
	grep -qxF afu.ah_cch "$out/rtl/signals" || fail "no process element"
}

# Byte 0 of a beat is the most significant one, on machines of either byte order.
words_of_verilator_are_numbers() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	cat >"$work/words.cpp" <<-'END'
		#include "psl_verilator.hpp"

		int main()
		{
			uint32_t words[PSL_BEAT_WORDS] = {};
			uint8_t beat[PSL_BEAT];

			words[PSL_BEAT_WORDS - 1] = 0x01020304;
			psl_beat_from_words(beat, words);
			if (beat[0] != 1 || beat[3] != 4)
				return 1;
			beat[0] = 5;
			psl_beat_to_words(words, beat);
			return words[PSL_BEAT_WORDS - 1] != 0x05020304;
		}
	END
	g++ -Wall -Wextra -Werror -Ilib/include -Ilib/rtl -o "$work/words" "$work/words.cpp" || fail
	"$work/words" || fail 'on this machine'
	for command in s390x-linux-gnu-g++ qemu-s390x-static; do
		command -v "$command" >/dev/null || skip "no $command, for a big-endian machine"
	done
	s390x-linux-gnu-g++ -static -Ilib/include -Ilib/rtl -o "$work/words" "$work/words.cpp" || fail
	qemu-s390x-static "$work/words" || fail 'on s390x'
}

# In a folder whose path is long, and in one that is not there; without a card
icarus_writes_waves_where_it_should() {
	need_simulator vvp
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	iverilog -g2012 -Wall -Wno-timescale -s psl_top -o "$work/top.vvp" lib/rtl/psl_top.v \
		tests/psl/contexts.v >"$work/said" 2>&1 || fail "$(cat "$work/said")"
	folder=$(printf '%s/%0200d/%0200d' "$work" 1 2)
	mkdir -p "$folder"
	vvp -n -M "$out/lib" -m psl "$work/top.vvp" +psl-node=/nowhere +psl-cycles=20 \
		+waves="$folder/waves.vcd" >"$work/said" 2>&1 || fail "$(cat "$work/said")"
	grep -q ' ha_pclock ' "$folder/waves.vcd" || fail "$(cat "$work/said")"
	! vvp -n -M "$out/lib" -m psl "$work/top.vvp" +psl-node=/nowhere +psl-cycles=20 \
		+waves="$folder/nowhere/waves.vcd" >"$work/said" 2>&1 || fail "$(cat "$work/said")"
	grep -q "nowhere/waves.vcd: cannot be written" "$work/said" || fail "$(cat "$work/said")"
}

# What Icarus makes of the same Verilog, in a guest, which is slow.
# shellcheck disable=SC2016
icarus_copies_a_file() {
	slow
	need_simulator vvp
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	top=$PWD
	head -c 20000 /dev/urandom >"$work/file" || fail
	(cd "$work" && timeout 200 "$top/guest" sh -c '
		vvp -n -M "$1/lib" -m psl "$1/rtl/copycrc.vvp" +psl-card=rtl >simulator 2>&1 &
		until [ -e /dev/cxl/afu1.0d ]; do sleep 0.2; done
		"$1/rtl/rtl-cp" /dev/cxl/afu1.0d file copy
		result=$?
		kill $!
		exit $result' sh "$out") >"$work/said" 2>&1 || fail "$(cat "$work/said" "$work/simulator")"
	tail -n 1 "$work/said" | grep -q '^20000 bytes copied by RTL and verified, 1 events, 0 lost$' ||
		fail "$(cat "$work/said")"
	cmp "$work/file" "$work/copy" || fail "the copy differs"
}

# Directed mode: four contexts at a time through one AFU in Verilog
# shellcheck disable=SC2016
icarus_serves_four_contexts() {
	slow
	need_simulator vvp
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	top=$PWD
	iverilog -g2012 -Wall -Wno-timescale -s psl_top -o "$work/contexts.vvp" lib/rtl/psl_top.v \
		tests/psl/contexts.v >"$work/said" 2>&1 || fail "$(cat "$work/said")"
	gcc -Wall -Wextra -Ilib/include -Iinclude/uapi -static -pthread -o "$work/contexts" \
		tests/psl/contexts.c "$out/lib/libcxl.a" || fail
	(cd "$work" && timeout 200 "$top/guest" sh -c '
		vvp -n -M "$1/lib" -m psl contexts.vvp +psl-card=rtl >simulator 2>&1 &
		until ./contexts /dev/cxl/afu1.0s; do sleep 0.2; done
		kill $!
		wait' sh "$out") >"$work/said" 2>&1 || fail "$(cat "$work/said" "$work/simulator")"
	tail -n 1 "$work/said" | grep -qx '4 contexts served' || fail "$(cat "$work/said")"
	grep -q '^[1-9][0-9]* cycles, 0 rules broken$' "$work/simulator" || fail "$(cat "$work/simulator")"
}

tap_run rtl lint_is_silent bench_passes_by_verilator bench_passes_by_icarus copies_on_the_machine \
	demo_copies_a_file waveform_has_what_is_shown words_of_verilator_are_numbers \
	icarus_writes_waves_where_it_should icarus_copies_a_file icarus_serves_four_contexts
