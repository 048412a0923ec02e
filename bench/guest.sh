# SPDX-License-Identifier: GPL-2.0-only
# guest.sh GROUP...: run these groups of rows, with the cards they need: card0 as
# it comes; bench with the AFU of cxl_bench and room for 10000 contexts; models
# with two AFUs that are programs, and the CRC model of the kernel; rtl for the AFU
# of examples/rtl. Waits 3 s first: early rounds of newer kernels cost more.

set -eu
config=/sys/kernel/config/cxl-sim

make_cards() {
	card=$config/bench
	mkdir "$card"
	for slice in 0 1 2; do
		mkdir "$card/afu$slice"
		echo 4000 >"$card/afu$slice/num_procs"
	done
	echo 0xbe4c >"$card/afu0/cr_device"
	echo 1 >"$card/live"
	card=$config/models
	mkdir "$card" "$card/afu0" "$card/afu1" "$card/afu2"
	echo user >"$card/afu0/model"
	echo crc >"$card/afu1/model"
	echo user >"$card/afu2/model"
	echo trapped >"$card/afu2/mmio"
	echo 1 >"$card/live"
	card=$config/rtl
	mkdir "$card" "$card/afu0"
	echo user >"$card/afu0/model"
	echo trapped >"$card/afu0/mmio"
	echo dedicated >"$card/afu0/modes"
	echo 2 >"$card/afu0/irqs_min"
	echo 1 >"$card/live"
}

for module in cxl_bench uio evdev cxl_bench_peers; do
	modprobe "$module" || echo "# $module cannot be loaded"
done
make_cards
i=0
until [ -c /dev/cxl-bench ] || [ "$i" -ge 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
sleep 3
exec /bench "$@"
