#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# examples/events.py, with the driver: in a guest that gets the few files it
# needs of this machine's Python.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
python=$(readlink -f /usr/bin/python3 || :)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# stage: below $work/root, what goes into the guest
stage() {
	version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
	library=$("$python" -c 'import os; print(os.path.dirname(os.__file__))')
	mkdir -p "$work/root/usr/lib/$version" "$work/root/usr/bin"
	cp "$python" "$work/root/usr/bin/python3"
	cp -r "$library/encodings" "$library/struct.py" "$work/root/usr/lib/$version"
	cp "$library/os.py" "$work/root/usr/lib/$version"
	ldd "$python" | grep -o '/[^ ]*' | while read -r file; do
		mkdir -p "$work/root/${file%/*}"
		cp -L "$file" "$work/root/$file"
	done
}

# guest COMMAND: its output is in $work/out.
guest() {
	vm/run-guest --name python --load 'cxl-sim cxl-copy' --add examples/events.py:/events.py \
		--add "$work/root/usr:/usr" --add "$work/root/lib:/lib/python" \
		--add "$work/root/lib64:/lib64" "$1" >"$work/out" 2>"$work/err" ||
		fail "exit status $?: $(cat "$work/out" "$work/err")"
}

events_are_read_without_the_library() {
	[ -x "$python" ] || skip "no /usr/bin/python3"
	[ -z "${cross_compile-}" ] || skip "this machine's Python is not the guest's"
	stage
	# shellcheck disable=SC2016
	guest '
		export LD_LIBRARY_PATH=$(echo /lib/python/*) PYTHONHOME=/usr
		afu=/sys/kernel/debug/cxl-afu/card0/afu0
		: >/tmp/out
		/usr/bin/python3 -S /events.py /dev/cxl/afu0.0s 3 >/tmp/out 2>&1 &
		program=$!
		until grep -q fault /tmp/out; do sleep 0.2; done
		pe=$(sed -n "s/process element \([0-9]*\):.*/\1/p" /tmp/out)
		echo "$pe 7" >$afu/inject_error
		sleep 1
		echo "$pe 3" >$afu/inject_irq
		wait $program || exit
		cat /tmp/out
		/usr/bin/python3 -S /events.py /dev/null
		[ $? = 1 ]'
	sed 's/[0-9]*:/N:/' "$work/out" >"$work/got"
	cat >"$work/wanted" <<-END
		process element N: fault at 0x0, DSISR 0x4000000040000000
		process element N: AFU error 0x7
		process element N: interrupt 3
	END
	head -n 3 "$work/got" | diff "$work/wanted" - || fail "$(cat "$work/out")"
}

# A driver event, and the events that share a read() with it, from a pipe
events_of_one_read_are_told_apart() {
	[ -x "$python" ] || skip "no /usr/bin/python3"
	"$python" -c '
import struct, sys
sys.stdout.buffer.write(struct.pack("=HHHH", 4, 13, 9, 0) + b"hello" +
    struct.pack("=HHHHHHI", 1, 16, 9, 0, 0, 2, 0) + struct.pack("=HHHHI", 77, 12, 9, 0, 0x01010101))
' | "$python" examples/events.py - >"$work/got"
	cat >"$work/wanted" <<-END
		process element 9: driver event 68 656c6c6f
		process element 9: interrupt 2
		process element 9: type 77 01010101
	END
	diff "$work/wanted" "$work/got"
}

tap_run lib_python events_of_one_read_are_told_apart events_are_read_without_the_library
