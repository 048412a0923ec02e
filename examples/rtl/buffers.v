// SPDX-License-Identifier: GPL-2.0-only
//
// The data of commands: a line is two beats of 64 bytes, byte 0 at the left of
// beat 0. The copy's lines are in a memory, by slot and beat; the work descriptor
// and its status are registers of the engine.
//
// brlat tells the PSL how late the fetched data come:
//
//	cycle		0		1		2
//	PSL		brvalid, brad
//	here				out of memory	brdata, brpar
//
// The PSL may deliver data twice; the last delivery counts. Parity of delivered
// data comes a cycle later.
`default_nettype none

module buffers (
	input  wire		clock,
	input  wire		reset,
	// The PSL reads
	input  wire		brvalid,
	input  wire [7:0]	brtag,
	input  wire		brtagpar,
	input  wire [5:0]	brad,
	output wire [3:0]	brlat,
	output reg  [511:0]	brdata,
	output reg  [7:0]	brpar,
	// The PSL writes
	input  wire		bwvalid,
	input  wire [7:0]	bwtag,
	input  wire		bwtagpar,
	input  wire [5:0]	bwad,
	input  wire [511:0]	bwdata,
	input  wire [7:0]	bwpar,
	output wire		bad_brtag,
	output wire		bad_bwtag,
	output reg		bad_bwdata,
	// The CRC reads
	input  wire [4:0]	sum_slot,
	input  wire		sum_beat,
	output reg  [511:0]	sum_data,
	// For the engine
	output reg  [511:0]	descriptor,
	input  wire [511:0]	status_line
);

`include "commands.vh"

// odd_parity: one bit for each 64 bits, the leftmost first
function [7:0] odd_parity(input [511:0] data);
	integer i;

	for (i = 0; i < 8; i = i + 1)
		odd_parity[i] = ~^data[64 * i +: 64];
endfunction

reg [511:0]	memory [0:63];
reg [511:0]	fetched;
reg		fetched_valid;
reg [7:0]	expected_par;
reg		expected_valid;

assign brlat = 4'd1;
assign bad_brtag = brvalid && !reset && brtagpar != ~^brtag;
assign bad_bwtag = bwvalid && !reset && bwtagpar != ~^bwtag;

always @(posedge clock) begin
	fetched_valid <= brvalid;
	if (brvalid)
		fetched <= brtag == TAG_ENGINE ? status_line : memory[{brtag[4:0], brad[0]}];
	if (fetched_valid) begin
		brdata <= fetched;
		brpar <= odd_parity(fetched);
	end

	expected_valid <= bwvalid;
	if (bwvalid) begin
		expected_par <= odd_parity(bwdata);
		if (bwtag < 8'd32)
			memory[{bwtag[4:0], bwad[0]}] <= bwdata;
		else if (bwtag == TAG_ENGINE && !bwad[0])
			descriptor <= bwdata;
	end
	bad_bwdata <= expected_valid && bwpar != expected_par;

	sum_data <= memory[{sum_slot, sum_beat}];

	if (reset) begin
		fetched_valid <= 1'b0;
		expected_valid <= 1'b0;
		bad_bwdata <= 1'b0;
	end
end

// A line has only two beats.
wire unused = &{1'b0, brad[5:1], bwad[5:1]};

endmodule
