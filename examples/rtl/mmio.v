// SPDX-License-Identifier: GPL-2.0-only
//
// The AFU descriptor (mmcfg = 1), and the registers of the problem state area:
//
//	00 IDENT	"COPYCRC" and the version
//	08 STATUS	bit 0: running; 1: busy; 2: a doorbell came while busy, and was lost
//	10 DOORBELL	write the address of a work descriptor to start a chain
//	18 ADDRESS	of the current work descriptor, or of the last one
//	20 RESULT	of the last one, as in its status
//	28 LINES	of the current one that are done
//	30 CYCLES	since the current one began
//	38 RESTARTS	after a fault, since the AFU was started
//
// mmad counts words of 4 bytes. A write of 32 bits has its word in both halves of
// the data, and a read of 32 bits is answered in the same way.
`default_nettype none

module mmio (
	input  wire		clock,
	input  wire		reset,
	input  wire		mmval,
	input  wire		mmcfg,
	input  wire		mmrnw,
	input  wire		mmdw,
	input  wire [23:0]	mmad,
	input  wire		mmadpar,
	input  wire [63:0]	mmdata,
	input  wire		mmdatapar,
	output reg		ack,
	output reg  [63:0]	data,
	output reg		datapar,
	output reg		bad_mmio,
	output reg		doorbell,	// for one cycle
	output reg  [63:0]	doorbell_address,
	input  wire		running,
	input  wire		busy,
	input  wire [63:0]	last_address,
	input  wire [63:0]	last_status,
	input  wire [56:0]	lines_done,
	input  wire [63:0]	cycles,
	input  wire [63:0]	restarts
);

localparam IDENT = 64'h434f_5059_4352_4301;	// "COPYCRC", 1

localparam DOORBELL = 23'h02;			// in words of 8 bytes

reg lost;

// 2 interrupts, 1 process, no configuration record, dedicated mode
function [63:0] descriptor(input [22:0] index);
	case (index)
	23'h00:	descriptor = 64'h0002_0001_0000_8010;
	23'h06:	descriptor = 64'h0100_0000_0000_0000;	// it has a problem state area
	default: descriptor = 64'd0;
	endcase
endfunction

reg [63:0] register;

always @* begin
	case (mmad[23:1])
	23'h00:	register = IDENT;
	23'h01:	register = {61'd0, lost, busy, running};
	23'h02:	register = doorbell_address;
	23'h03:	register = last_address;
	23'h04:	register = last_status;
	23'h05:	register = {7'd0, lines_done};
	23'h06:	register = cycles;
	23'h07:	register = restarts;
	default: register = 64'd0;
	endcase
end

wire [63:0] whole = mmcfg ? descriptor(mmad[23:1]) : register;
wire [31:0] half = mmad[0] ? whole[31:0] : whole[63:32];
wire [63:0] answer = !mmrnw ? 64'd0 : mmdw ? whole : {half, half};
wire bad_address = mmadpar != ~^mmad;
wire bad_data = !mmrnw && mmdatapar != ~^mmdata;

initial begin
	ack = 1'b0;
	data = 64'd0;
	datapar = 1'b1;
	bad_mmio = 1'b0;
	doorbell = 1'b0;
	doorbell_address = 64'd0;
	lost = 1'b0;
end

// If the doorbell is written as two words, it rings with the second, the lower half.
always @(posedge clock) begin
	ack <= 1'b0;
	doorbell <= 1'b0;
	bad_mmio <= 1'b0;

	if (mmval) begin
		ack <= 1'b1;
		data <= answer;
		datapar <= ~^answer;
		bad_mmio <= bad_address || bad_data;
	end

	if (reset) begin
		doorbell_address <= 64'd0;
		lost <= 1'b0;
	end else if (mmval && !mmrnw && !mmcfg && mmad[23:1] == DOORBELL &&
		     !bad_address && !bad_data) begin
		if (busy || doorbell || !running) begin
			lost <= 1'b1;
		end else begin
			if (mmdw || !mmad[0])
				doorbell_address[63:32] <= mmdata[63:32];
			if (mmdw || mmad[0]) begin
				doorbell_address[31:0] <= mmdata[31:0];
				doorbell <= 1'b1;
			end
		end
	end
end

endmodule
