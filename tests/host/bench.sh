#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What events cost, in instructions, compared with bench/baseline and with the
# promised figures (Documentation/performance.md). The guest's clock counts
# instructions, so a busy machine does not matter.

. tests/lib/tap.sh

rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

# Costs differ between kernels: the baseline is for this one.
measured() {
	[ "${ARCH-}-${KERNEL-}" = amd64-6.1 ] ||
		skip "the baseline is that of 6.1 on amd64"
	[ -s "$rows" ] || bench/run-bench --guard >"$rows" || fail "no figures"
}

nothing_costs_more_than_it_did() {
	measured
	awk '
		$1 !~ /cxl|doorbell|user|sim|mmio/ { next }
		NR == FNR { base[$1] = $2; next }
		{ seen[$1] = 1 }
		$1 in base && $2 > base[$1] * 1.05 {
			printf "%s: %d instructions, %d in bench/baseline (\"make bench-accept\" makes that the new one)\n",
				$1, $2, base[$1]
			bad = 1
		}
		END {
			for (row in base) {
				if (!(row in seen)) {
					print row " was not measured"
					bad = 1
				}
			}
			exit bad
		}' bench/baseline "$rows" || fail "see above"
}

# at_most ROW LIMIT [FACTOR OTHER_ROW]: ROW <= LIMIT + FACTOR * OTHER_ROW
at_most() {
	awk -v row="$1" -v limit="$2" -v factor="${3-0}" -v other="${4-}" '
		{ cost[$1] = $2 }
		END {
			if (!(row in cost) || (other != "" && !(other in cost))) {
				print row " or " other " was not measured"
				exit 1
			}
			most = limit + factor * (other == "" ? 0 : cost[other])
			if (cost[row] > most) {
				printf "%s: %s instructions, at most %s are promised\n", row, cost[row], most
				exit 1
			}
		}' "$rows"
}

promised_figures_are_kept() {
	measured
	bad=
	at_most cxl_event_read_1 850 || bad=1
	at_most cxl_event_read_1 0 0.8 pipe_read_40 || bad=1
	at_most cxl_event_read_100 90 || bad=1
	at_most cxl_event_queue_read_100 75 || bad=1
	at_most cxl_irq_event_read 1250 || bad=1
	at_most cxl_event_stamped_read_1 1000 || bad=1
	at_most cxl_event_stamped_read_100 60 1 cxl_event_read_100 || bad=1
	at_most cxl_events_pending_idle 40 || bad=1
	at_most cxl_event_queue_send_32 150 || bad=1
	at_most wake_cxl 0 1.05 wake_eventfd || bad=1
	at_most doorbell_wake 0 1.2 pipe_wake_process || bad=1
	at_most mmio_trapped 0 1.3 pipe_roundtrip || bad=1
	at_most user_pread_64k 0 1.25 process_vm_readv_64k || bad=1
	at_most user_copy_1m 0 1.05 sim_copy_1m || bad=1
	at_most sim_copy_1m 0 16 process_vm_readv_64k || bad=1
	# 70 % of the speed of a program that has the kernel's registers
	at_most sim_copy_1m 0 1.428 memcpy_words_1m || bad=1
	[ -z "$bad" ] || fail "see above"
}

tap_run bench nothing_costs_more_than_it_did promised_figures_are_kept
