#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# demo-rtl.sh FILE WAVES: copy FILE through the AFU of examples/rtl, in plain words,
# and leave the first part of its signals' history in WAVES. "make demo-rtl"
# runs it in the guest, in the folder with the programs.

set -eu
file=$1
waves=$2
copy=$(mktemp)
log=$(mktemp)
simulator=''
trap clean_up EXIT

# The number of cycles to record: enough to see a piece begin and end
cycles=20000

clean_up() {
	[ -z "$simulator" ] || kill "$simulator" 2>/dev/null || :
	rm -f "$copy" "$log" "$log.simulator"
}

fail() {
	echo "demo-rtl: FAILED: $*"
	exit 1
}

echo "This machine runs Linux $(uname -r), unchanged; the drivers are modules."
./copycrc +psl-card=rtl "+waves=$waves" "+waves-cycles=$cycles" 2>"$log.simulator" &
simulator=$!
tries=0
until device=/dev/cxl/afu$(cat /sys/kernel/config/cxl-sim/rtl/num 2>/dev/null).0d && [ -e "$device" ]; do
	tries=$((tries + 1))
	[ "$tries" -lt 100 ] || fail "there is no card after $((tries / 10)) s: $(cat "$log.simulator")"
	sleep 0.1
done
echo "It has an accelerator whose AFU is Verilog, run by Verilator: $device."
echo
echo "Now rtl-cp, a program that uses libcxl, copies a file through it:"
echo "  file     $file"
echo "  size     $(stat -c %s "$file") bytes"
echo
echo "Both files are mapped. The AFU reads one mapping and writes the other, in lines of"
echo "128 bytes; after each MiB it raises an interrupt. What it says:"
echo
./rtl-cp "$device" "$file" "$copy" >"$log" || fail "rtl-cp ended with status $?: $(tail -n 3 "$log")"
sed 's/^/  /' "$log"
echo

echo "Is the copy right? Another program compares the checksums:"
want=$(sha256sum <"$file")
have=$(sha256sum <"$copy")
echo "  file     ${want%% *}"
echo "  copy     ${have%% *}"
echo
[ "$want" = "$have" ] || fail "the copy differs"

kill -TERM "$simulator"
wait "$simulator" || fail "the simulator ended with status $?: $(cat "$log.simulator")"
simulator=''
said=$(cat "$log.simulator")
echo "The simulator: $said"
case $said in *" 0 rules broken"*) ;; *) fail "the AFU broke rules of the bus" ;; esac

events=$(grep -c '^event [0-9]*: ' "$log") || fail "no events"
bytes=$(stat -c %s "$copy")
tail -n 1 "$log" | grep -qx "$bytes bytes copied by RTL and verified, $events events, 0 lost" ||
	fail "$events events arrived, but: $(tail -n 1 "$log")"
echo "demo-rtl: OK: $(tail -n 1 "$log")"
