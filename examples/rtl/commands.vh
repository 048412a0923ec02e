// SPDX-License-Identifier: GPL-2.0-only
//
// The PSL's codes that this AFU uses, and the AFU's tags.

/* verilator lint_off UNUSEDPARAM */
localparam [12:0]	READ_CL_NA = 13'h0a00, WRITE_NA = 13'h0d00, RESTART = 13'h0001,
			INTREQ = 13'h0000;

localparam [7:0]	DONE = 8'd0, AERROR = 8'd1, DERROR = 8'd3, FLUSHED = 8'd6, PAGED = 8'd10;

// Tags 0 to 31 are the lines'.
localparam [7:0]	TAG_ENGINE = 8'h20, TAG_RESTART = 8'h21;
/* verilator lint_on UNUSEDPARAM */
