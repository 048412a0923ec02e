# SPDX-License-Identifier: GPL-2.0-only
# What the kernel has allocated and forgotten; for kernels that keep track of it.

kmemleak=/sys/kernel/debug/kmemleak

# find_leaks: fail if there are any. They go to the kernel log, where they are a
# complaint. A second look at them finds elsewhere what a CPU had in a register;
# younger objects are not looked at.
find_leaks() {
	leaked=
	sleep 6
	echo scan >$kmemleak || return 1
	[ -z "$(head -c 1 $kmemleak)" ] || echo scan >$kmemleak || return 1
	while read -r line; do
		echo "<4>$line" >/dev/kmsg
		leaked=1
	done <$kmemleak
	echo clear >$kmemleak
	[ -z "$leaked" ]
}
