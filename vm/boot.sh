# SPDX-License-Identifier: GPL-2.0-only
# Start QEMU, and judge from what it left behind how the run went.

# boot_qemu INITRD CONSOLE: results to stdout, kernel messages to the file
# CONSOLE. For a process of its own: it becomes timeout, which ends its child
# and nothing else, and whose status is QEMU's, or 124 when the limit passed.
# shellcheck disable=SC2086
boot_qemu() {
	if [ -n "$interactive" ]; then
		serial="-serial mon:stdio"
	else
		serial="-chardev stdio,id=results,signal=off -serial chardev:results"
	fi
	exec timeout --foreground -k 5 "$limit" "$qemu" -accel "$accel" $qemu_machine \
		-smp "$smp" -m "$mem" -nodefaults -display none -no-reboot \
		-kernel "$kernel_dir/vmlinuz" -initrd "$1" \
		-append "console=$console loglevel=5 printk.devkmsg=on panic=-1 $append" \
		-chardev "file,id=console,path=$2" -serial chardev:console \
		$serial
}

# watch_idle PID FILE...: end PID when no FILE has grown for $idle seconds. A
# guest whose CPUs all spin with interrupts off can tell nobody.
watch_idle() {
	pid=$1
	shift
	quiet_for=0 last=''
	while kill -0 "$pid" 2>/dev/null && [ "$quiet_for" -lt "$idle" ]; do
		sleep 2
		quiet_for=$((quiet_for + 2))
		now=$(stat -c %s "$@" 2>/dev/null || :)
		[ "$now" = "$last" ] || quiet_for=0
		last=$now
	done
	kill "$pid" 2>/dev/null || :
}

# guest_status CONSOLE: what the guest's init said at its end, or nothing.
guest_status() {
	sed -n 's/.*cxl-vm: exit status \([0-9]*\).*/\1/p' "$1" | tail -n 1
}

# failed_before_ready CONSOLE: nothing of ours had run yet. The emulator is
# known to break one boot in some dozens.
failed_before_ready() {
	! grep -q 'cxl-vm: ready' "$1"
}

# show_splats CONSOLE: print each kernel complaint with its surroundings;
# succeeds when there is one.
show_splats() {
	awk -f "$vm/splats.awk" "$1"
}
