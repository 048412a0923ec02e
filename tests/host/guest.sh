#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ./guest: a command in the guest behaves like one here.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
top=$PWD
work=$(mktemp -d)
# Not below /tmp, which a compiler with a root of its own sees
elsewhere=$(mktemp -d -p /var/tmp)
folder="$work/a folder "
trap 'rm -rf "$work" "$elsewhere"' EXIT

# guest [OPTION]... COMMAND...: in $folder; its output is $work/out, $work/err.
guest() {
	mkdir -p "$folder"
	rc=0
	(cd "$folder" && "$top/guest" "$@") >"$work/out" 2>"$work/err" || rc=$?
}

# prints LINE...: these and nothing else
prints() {
	printf '%s\n' "$@" | diff - "$work/out" || fail "$(cat "$work/err")"
}

native() {
	[ -z "${cross_compile-}" ] || skip "this machine's programs are not for $ARCH"
}

streams_status_and_arguments_are_the_commands() {
	native
	printf 'one\ntwo' >"$work/in"
	export OF_THE_TEST='a  b'
	# shellcheck disable=SC2016
	guest sh -c 'cat; echo error >&2; echo "$OF_THE_TEST"; printf "<%s>" "$@"; echo; pwd; exit 7' \
		sh 'x  y' "it's" '' '$HOME' <"$work/in"
	[ "$rc" -eq 7 ] || fail "exit status $rc: $(cat "$work/err")"
	prints one 'twoa  b' "<x  y><it's><><\$HOME>" "$folder"
	[ "$(cat "$work/err")" = error ] || fail "standard error: $(cat "$work/err")"
}

# Also if the root is not this machine's
only_the_folder_is_written() {
	ln -sfn nowhere "$BUILD/guest"
	guest sh -c 'afuctl list >list && echo 1 >here; echo 2 >../beside && cat ../beside; ! echo 3 2>/dev/null >/etc/cxl-afu-test'
	[ "$rc" -eq 0 ] || fail "exit status $rc: $(cat "$work/err")"
	prints 2
	[ "$(readlink "$BUILD/guest")" = "${out##*/}" ] || fail "build/guest is not what it used"
	[ "$(cat "$folder/here")" = 1 ] || fail "what it wrote to the folder is not there"
	grep -q '^card0 ' "$folder/list" || fail "there is no card"
	[ ! -e "$work/beside" ] || fail "it wrote to /tmp of this machine"
	[ ! -e /etc/cxl-afu-test ] || fail "it wrote to the root of this machine"
}

# Linked like ordinary programs: with the C library and libcxl as shared
# libraries.
own_program_finds_the_card() {
	native
	mkdir -p "$folder"
	cat >"$folder/program.c" <<'EOF'
#include <libcxl.h>

int main(void)
{
	struct cxl_afu_h *afu;

	cxl_for_each_afu(afu)
		puts(cxl_afu_dev_name(afu));
	return 0;
}
EOF
	gcc -Ilib/include -Iinclude/uapi -o "$folder/a.out" "$folder/program.c" -L"$out/lib" -lcxl ||
		fail "it does not build"
	guest --card 'afuctl create second' ./a.out
	[ "$rc" -eq 0 ] || fail "exit status $rc: $(cat "$work/err")"
	prints afu0.0 afu1.0
}

signals_reach_the_command() {
	native
	mkdir -p "$folder"
	mkfifo "$work/said"
	# In a session of its own, as if a terminal sent a ^C.
	# shellcheck disable=SC2016
	(cd "$folder" && exec setsid "$top/guest" sh -c \
		'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done') >"$work/said" 2>"$work/err" &
	guest=$!
	{
		read -r line
		[ "$line" = ready ] || fail "it says '$line': $(cat "$work/err")"
		kill -INT "-$guest"
		read -r line
		[ "$line" = caught ] || fail "it says '$line'"
	} <"$work/said"
	rc=0
	wait "$guest" || rc=$?
	[ "$rc" -eq 9 ] || fail "exit status $rc"
}

# Nobody reads any more: the command gets a SIGPIPE, and everything ends.
closed_output_ends_the_command() {
	native
	mkdir -p "$folder"
	[ "$(cd "$folder" && "$top/guest" yes | head -n 1)" = y ] || fail "no output"
}

what_cannot_run_is_told() {
	native
	guest --card 'exit 3' true
	[ "$rc" -eq 125 ] || fail "a card that cannot be made: exit status $rc"
	grep -q "'exit 3' failed" "$work/err" || fail "$(cat "$work/err")"
	guest ./nonesuch
	[ "$rc" -eq 127 ] || fail "not found: exit status $rc"
}

what_cannot_be_started_is_told() {
	for wrong in '--kernel' '--nonesuch' '--memory much true' '--cpus many true' \
		'--module /nonesuch true' '--kernel 1.0 true' '--arch nonesuch true' '--trace /nonesuch/trace true'; do
		# shellcheck disable=SC2086
		guest $wrong
		[ "$rc" -eq 125 ] || fail "$wrong: exit status $rc"
		[ -s "$work/err" ] || fail "$wrong: no message"
	done
	mkdir "$work/no-qemu"
	ln -s "$kernel_dir" "$work/no-qemu"
	export CXL_AFU_CACHE="$work/no-qemu" CXL_AFU_MIRROR=http://127.0.0.1:9/debian
	guest true
	[ "$rc" -eq 125 ] || fail "no QEMU: exit status $rc"
	grep -q 'no network' "$work/err" || fail "$(cat "$work/err")"
	export TMPDIR="$work/a b"
	guest true
	[ "$rc" -eq 125 ] || fail "TMPDIR: exit status $rc"
	grep -q "TMPDIR='$TMPDIR'" "$work/err" || fail "$(cat "$work/err")"
}

# What the command prints does not become its input.
streams_may_be_closed() {
	native
	mkdir -p "$folder"
	rc=0
	(cd "$folder" && "$top/guest" sh -c 'trap "" PIPE; echo error >&2; echo output; cat >copy' \
		<&- >&- 2>&-) || rc=$?
	[ "$rc" -eq 0 ] || fail "exit status $rc"
	[ -e "$folder/copy" ] || fail "it did not run"
	[ ! -s "$folder/copy" ] || fail "its input: $(cat "$folder/copy")"
}

# Only other commands make the folder of logs.
dead_kernel_is_told() {
	native
	export BUILD="$work/without-log"
	own=$BUILD/${out##*/}
	mkdir -p "$own"
	for part in "$out"/*; do
		[ "${part##*/}" = log ] || ln -s "$part" "$own"
	done
	guest sh -c 'echo c >/proc/sysrq-trigger'
	[ "$rc" -eq 99 ] || fail "exit status $rc"
	grep -q 'sysrq triggered crash' "$work/err" || fail "$(cat "$work/err")"
	grep -q 'sysrq triggered crash' "$own/log/guest.console" || fail "the log is not kept"
}

# Owned by an ordinary user, who has no access to root's cache.
ordinary_user_can_use_it() {
	native
	[ "$(id -u)" -eq 0 ] || skip "it is one who runs the tests"
	mkdir -p "$work/cache" "$folder"
	for part in "$(dirname "$("$vm/fetch-qemu")")" "$(dirname "$("$vm/fetch-virtiofsd")")" "$kernel_dir"; do
		cp -al "$part" "$work/cache" 2>/dev/null || cp -a "$part" "$work/cache"
	done
	chmod 755 "$work"
	chown 65534:65534 "$folder"
	rc=0
	(cd "$folder" && CXL_AFU_CACHE="$work/cache" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$top/guest" sh -c 'id -u; echo 1 >made; ! cat /etc/shadow') >"$work/out" 2>"$work/err" || rc=$?
	[ "$rc" -eq 0 ] || fail "exit status $rc: $(cat "$work/err")"
	prints 0
	[ "$(stat -c %u "$folder/made")" = 65534 ] || fail "the file is not the user's"
}

debugger_stops_in_a_module() {
	slow
	native
	command -v gdb >/dev/null || skip "no gdb"
	rm -f "$out/gdb/attach"
	guest --gdb cat /sys/class/cxl/afu0.0/irqs_min &
	guest=$!
	until [ -f "$out/gdb/attach" ]; do
		kill -0 "$guest" 2>/dev/null || fail "it ended: $(cat "$work/err")"
		sleep 0.2
	done
	gdb -q -batch -x "$out/gdb/attach" -ex 'break irqs_min_show' -ex 'break vfs_write' -ex continue \
		-ex 'delete 2' -ex continue -ex backtrace -ex 'delete' -ex detach >"$work/gdb" 2>&1
	wait "$guest" || fail "exit status $?: $(cat "$work/err")"
	grep -q 'Breakpoint 2, .* in vfs_write' "$work/gdb" || fail "the kernel has no names: $(cat "$work/gdb")"
	grep -q "Breakpoint 1, irqs_min_show .*drivers/misc/cxl/sysfs_afu.c" "$work/gdb" || fail "the module has no lines: $(cat "$work/gdb")"
}

trace_has_the_events_of_the_command() {
	native
	guest --trace trace sh -c 'head -c 100000 /dev/zero >file; afu-cp file copy'
	[ "$rc" -eq 0 ] || fail "exit status $rc: $(cat "$work/err")"
	for event in cxl_attach cxl_event_fetch cxl_detach; do
		grep -q "afu-cp.* $event: afu0.0 " "$folder/trace" || fail "no $event: $(cat "$folder/trace")"
	done
}

first_programs_run_as_the_readme_has_it() {
	native
	gcc -Wall -Wextra -Werror -Ilib/include -Iinclude/uapi -o "$work/first" examples/first.c -L"$out/lib" -lcxl ||
		fail "it does not build"
	gcc -Wall -Wextra -Werror -Ilib/include -Iinclude/uapi -o "$work/square" examples/afu/square.c \
		-L"$out/lib" -lafu || fail "square does not build"
	guest --card 'afuctl create mine afu0/model=user' sh -c "
		$work/first; /usr/bin/python3 $top/examples/first.py
		for afu in $work/square '/usr/bin/python3 $top/examples/afu/square_afu.py'; do
			\$afu /dev/cxl-sim/mine.afu0 &
			until /usr/bin/python3 $top/examples/afu/square.py 2>/dev/null; do sleep 0.2; done
			kill \$!
			wait \$! || :
		done"
	[ "$rc" -eq 0 ] || fail "exit status $rc: $(cat "$work/err")"
	prints 'event: afu_interrupt 1' 'status 0x80: Hello from the accelerator' \
		'event: interrupt 1' 'status 0x80: Hello from the accelerator' \
		'Interrupt(process_element=0, stamp=None, number=1)' 144 \
		'Interrupt(process_element=0, stamp=None, number=1)' 144
}

afu_driver_is_built_and_loaded() {
	native
	make -s -C examples/afu-driver echo
	cp -R examples/afu-driver "$elsewhere/an AFU driver"
	guest --module "$elsewhere/an AFU driver" "$top/examples/afu-driver/echo" 7 8
	[ "$rc" -eq 0 ] || fail "exit status $rc: $(cat "$work/err")"
	prints 'driver event: 7' 'driver event: 8'
}

# A structure of ours that changes changes the version of what is given it. A module
# that was built before would not load with the old one.
module_follows_the_versions_of_symbols() {
	grep -q '^0x0*[1-9a-f].*cxl_get_fd' "$out/modules/Module.symvers" ||
		skip "this kernel's symbols have no versions"
	own=$work/versions/$ARCH-$KERNEL
	mkdir -p "$own/modules"
	for version in 0x11111111 0x22222222; do
		sed "s/^0x[0-9a-f]*\(.cxl_get_fd.\)/$version\1/" "$out/modules/Module.symvers" \
			>"$own/modules/Module.symvers"
		module=$(env ARCH="$ARCH" KERNEL="$KERNEL" BUILD="$work/versions" \
			vm/build-module examples/afu-driver 2>"$work/err") || fail "$(cat "$work/err")"
		PATH=$PATH:/usr/sbin:/sbin modprobe --dump-modversions "$module" | grep cxl_get_fd >"$work/out"
		grep -q "^$version" "$work/out" || fail "not $version: $(cat "$work/out")"
	done
}

# milliseconds COMMAND...
milliseconds() {
	begin=$(date +%s%N)
	"$@" >/dev/null 2>&1 || fail "$*: exit status $?"
	echo $((($(date +%s%N) - begin) / 1000000))
}

# best BEFORE NOW
best() {
	if [ "$1" -le "$2" ]; then echo "$1"; else echo "$2"; fi
}

# The best of some runs, made in turn, because the machine does other things,
# too.
boots_nearly_as_fast_as_the_minimum() {
	slow
	native
	minimum=1000000 ours=1000000
	for _ in 1 2 3; do
		minimum=$(best "$minimum" "$(milliseconds "$vm/run-guest" --name minimum --load 'cxl cxl-sim cxl-copy' true)")
		ours=$(best "$ours" "$(milliseconds ./guest true)")
	done
	echo "# minimal guest $minimum ms, ./guest $ours ms"
	[ $((ours * 2)) -le $((minimum * 3)) ] || fail "more than 1.5 times as long"
}

help_and_manual_name_each_option() {
	./guest --help >"$work/help"
	for option in $(sed -n 's/^	\(--[a-z-]*\)[ )].*/\1/p; s/^	\(--module | [^)]*\)).*/\1/p' guest | tr -d '|' | tr ' ' '\n' | sort -u); do
		grep -q -- "  $option" "$work/help" || fail "no $option in the help"
		grep -q -- "^\.It Fl -${option#--}" vm/guest.1 || fail "no $option in the manual"
		grep -q -- "$option " vm/completion.bash || fail "no $option in the completion"
	done
}

tap_run guest streams_status_and_arguments_are_the_commands only_the_folder_is_written \
	own_program_finds_the_card signals_reach_the_command closed_output_ends_the_command \
	what_cannot_run_is_told what_cannot_be_started_is_told streams_may_be_closed \
	dead_kernel_is_told ordinary_user_can_use_it first_programs_run_as_the_readme_has_it \
	afu_driver_is_built_and_loaded module_follows_the_versions_of_symbols \
	debugger_stops_in_a_module trace_has_the_events_of_the_command \
	boots_nearly_as_fast_as_the_minimum help_and_manual_name_each_option
