# SPDX-License-Identifier: GPL-2.0-only
# Instructions per operation; data, svg and kernel come from the command line.
set terminal svg size 900,700 noenhanced font "sans,11"
set output svg
set title "Instructions per operation, Linux ".kernel
set style fill solid 0.7
set boxwidth 0.7
set logscale x
set xlabel "instructions"
set xrange [10:*]
set yrange [*:*] reverse
set grid x
unset key
plot data using ($2*0.5):0:($2*0.5):(0.35):ytic(1) with boxxyerror lc rgb "#4477aa", \
     data using 2:0:(sprintf(" %.0f", $2)) with labels left
