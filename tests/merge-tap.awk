# SPDX-License-Identifier: GPL-2.0-only
# Make one TAP stream from the output of several programs, each between the
# lines "cxl-check: begin NAME" and "cxl-check: end STATUS". A program that
# stops short of its plan, or fails without naming a test, counts as the failed
# test SUBJECT.completes. The counts go to the file `counts`.

function result(ok, name, directive) {
	total++
	if (!ok)
		failed[++failures] = name
	else if (directive != "")
		skips++
	else
		passes++
	print (ok ? "ok " : "not ok ") total " - " name directive
	fflush()
}

function end_program(why) {
	if (planned != seen || why != "" || planned < 0) {
		if (why == "")
			why = "it did not complete its plan"
		print "# " subject ": " why " (planned: " \
			(planned < 0 ? "nothing" : planned) ", ran: " seen ")"
		result(0, subject ".completes", "")
	}
	subject = ""
}

{
	sub(/\r$/, "")
}

/^cxl-check: begin / {
	if (subject != "")
		end_program("ended with the guest")
	subject = $3
	sub(/\..*/, "", subject)
	planned = -1
	seen = failures_here = 0
	trouble = ""
	next
}

/^cxl-check: end / {
	if ($3 == 137)
		trouble = "killed, its time limit was over"
	else if ($3 != 0 && !failures_here && trouble == "")
		trouble = "exit status " $3
	end_program(trouble)
	next
}

/^TAP version / {
	next
}

/^1\.\.[0-9]+/ {
	planned = substr($1, 4) + 0
	next
}

/^Bail out!/ {
	trouble = $0
	next
}

/^(not )?ok( |$)/ {
	ok = $1 == "ok"
	name = $0
	sub(/^(not )?ok *[0-9]* *(- )?/, "", name)
	directive = ""
	if (match(name, / # [Ss][Kk][Ii][Pp].*/)) {
		directive = substr(name, RSTART)
		name = substr(name, 1, RSTART - 1)
	}
	seen++
	if (!ok)
		failures_here++
	result(ok, name, directive)
	next
}

{
	print (/^#/ ? "" : "# ") $0
	fflush()
}

END {
	if (subject != "")
		end_program("ended with the guest")
	print "1.." total + 0
	for (i = 1; i <= failures; i++)
		print "# failed: " failed[i]
	print passes + 0, failures + 0, skips + 0 > counts
}
