// SPDX-License-Identifier: GPL-2.0-only
//
// The job interface: the PSL resets the AFU first, then starts it.
//
//	jcom	80 reset	-> jrunning = 0, jdone for one cycle
//		90 start, WED	-> jrunning = 1
//		45 LLCMD	-> jcack for one cycle; of no use in dedicated mode
//
// The AFU itself ends its job only when it can no longer trust the PSL: jrunning
// falls, jdone is 1 for one cycle, and jerror says which signal was wrong.
`default_nettype none

module job (
	input  wire		clock,
	input  wire		jval,
	input  wire [7:0]	jcom,
	input  wire		jcompar,
	input  wire [63:0]	jea,
	input  wire		jeapar,
	output reg		jrunning,
	output reg		jdone,
	output reg		jcack,
	output reg  [63:0]	jerror,
	input  wire [6:0]	fatal,	// one bit for each kind
	output wire		reset,
	output reg		start,	// for one cycle
	output wire		running,
	output reg  [63:0]	wed,
	output wire		bad_job
);

localparam RESET = 8'h80, START = 8'h90, LLCMD = 8'h45;

// Cycles that a reset takes: longer than the longest pipeline
localparam RESET_CYCLES = 4'd8;

reg [3:0] resetting = 4'd0;
reg was_reset = 1'b0;

// Nothing must move before the first reset, either.
assign reset = resetting != 4'd0 || !was_reset;
assign running = jrunning;
assign bad_job = jval && (jcompar != ~^jcom || jeapar != ~^jea);

initial begin
	jrunning = 1'b0;
	jdone = 1'b0;
	jcack = 1'b0;
	jerror = 64'd0;
	start = 1'b0;
	wed = 64'd0;
end

always @(posedge clock) begin
	jdone <= 1'b0;
	jcack <= 1'b0;
	start <= 1'b0;

	if (resetting != 4'd0) begin
		resetting <= resetting - 4'd1;
		if (resetting == 4'd1)
			jdone <= 1'b1;
	end

	if (jrunning && fatal != 7'd0) begin
		jrunning <= 1'b0;
		jdone <= 1'b1;
		jerror <= {57'd0, fatal};
	end

	if (jval) begin
		case (jcom)
		RESET: begin
			was_reset <= 1'b1;
			resetting <= RESET_CYCLES;
			jrunning <= 1'b0;
			jdone <= 1'b0;
			jerror <= 64'd0;
		end
		START: begin
			jrunning <= 1'b1;
			start <= 1'b1;
			wed <= jea;
		end
		LLCMD:
			jcack <= 1'b1;
		default: ;
		endcase
	end
end

endmodule
