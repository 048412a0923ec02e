// SPDX-License-Identifier: GPL-2.0-only
//
// What the bench needs of a PSL: 64 KiB of memory at MEMORY, commands answered in
// any order, and everything that can go wrong. It counts the AFU's mistakes.
`default_nettype none
`timescale 1ns / 1ps

/* verilator lint_off LITENDIAN */
/* verilator lint_off BLKSEQ */
/* verilator lint_off WIDTH */
module psl (
	input  wire		clock,
	output reg  [0:7]	croom,
	input  wire		cvalid,
	input  wire [0:7]	ctag,
	input  wire		ctagpar,
	input  wire [0:12]	com,
	input  wire		compar,
	input  wire [0:63]	cea,
	input  wire		ceapar,
	input  wire [0:11]	csize,
	output reg		brvalid,
	output reg  [0:7]	brtag,
	output reg		brtagpar,
	output reg  [0:5]	brad,
	input  wire [0:3]	brlat,
	input  wire [0:511]	brdata,
	input  wire [0:7]	brpar,
	output reg		bwvalid,
	output reg  [0:7]	bwtag,
	output reg		bwtagpar,
	output reg  [0:5]	bwad,
	output reg  [0:511]	bwdata,
	output reg  [0:7]	bwpar,
	output reg		rvalid,
	output reg  [0:7]	rtag,
	output reg		rtagpar,
	output reg  [0:7]	response,
	output reg  [0:8]	rcredits
);

localparam [63:0] MEMORY = 64'h0000_7fff_0000_0000;

// Set by the bench
reg [511:0]	memory [0:1023];
integer		credits = 64;
integer		paged_percent = 0;
integer		bogus_percent = 0;
reg [63:0]	bad_line = 0;		// commands there are answered with
reg [7:0]	bad_response = 0;
reg		paused = 0;		// answer nothing
reg		spoil_brtag = 0, spoil_bwtag = 0, spoil_bwdata = 0, spoil_rtag = 0;

// Looked at by the bench
integer		mistakes = 0;
integer		interrupts [1:2];
integer		restarts = 0;
integer		most_in_flight = 0;

reg		pending [0:255];
reg [12:0]	code_of [0:255];
reg [63:0]	address_of [0:255];
reg [11:0]	size_of [0:255];
integer		in_flight = 0;
reg		flushing = 0;
reg		executing = 0;
integer		i;

function [7:0] odd_parity(input [511:0] data);
	integer word;

	for (word = 0; word < 8; word = word + 1)
		odd_parity[word] = ~^data[64 * word +: 64];
endfunction

task mistake(input [255:0] what);
	begin
		$display("# %0t: %0s", $time, what);
		mistakes = mistakes + 1;
	end
endtask

function integer dice(input integer percent);
	dice = ($random & 32'h7fffffff) % 100 < percent ? 1 : 0;
endfunction

task idle;
	begin
		croom = credits[7:0];
		{brvalid, bwvalid, rvalid} = 3'b000;
		{brtag, brtagpar, brad} = 15'd0;
		{bwtag, bwtagpar, bwad, bwdata, bwpar} = 535'd0;
		{rtag, rtagpar, response, rcredits} = 26'd0;
	end
endtask

// forget: drop all that the AFU has sent, as a PSL does when it resets the AFU
task forget;
	begin
		for (i = 0; i < 256; i = i + 1)
			pending[i] = 1'b0;
		in_flight = 0;
		flushing = 0;
		interrupts[1] = 0;
		interrupts[2] = 0;
		restarts = 0;
		most_in_flight = 0;
		credits = 64;
		paged_percent = 0;
		bogus_percent = 0;
		bad_line = 0;
		paused = 0;
		{spoil_brtag, spoil_bwtag, spoil_bwdata, spoil_rtag} = 4'd0;
		idle;
	end
endtask

initial
	forget;

// What the AFU sends
always @(posedge clock) if (cvalid) begin
	if (ctagpar != ~^ctag || compar != ~^com || ceapar != ~^cea)
		mistake("parity of a command");
	if (pending[ctag])
		mistake("a tag is used twice");
	if (com == 13'h0a00 || com == 13'h0d00) begin
		if (csize == 0 || csize > 128 || (csize & (csize - 1)) != 0 ||
		    (cea & ({52'd0, csize} - 1)) != 0)
			mistake("size or alignment");
	end
	pending[ctag] = 1'b1;
	code_of[ctag] = com;
	address_of[ctag] = cea;
	size_of[ctag] = csize;
	in_flight = in_flight + 1;
	if (in_flight > credits)
		mistake("no credit");
	if (in_flight > most_in_flight)
		most_in_flight = in_flight;
end

task deliver(input [7:0] tag, input [511:0] first, input [511:0] second);
	integer beat;

	for (beat = 0; beat < 2; beat = beat + 1) begin
		bwvalid <= 1'b1;
		bwtag <= tag;
		bwtagpar <= ~^tag ^ spoil_bwtag;
		bwad <= beat[5:0];
		bwdata <= beat == 0 ? first : second;
		@(posedge clock);
		bwvalid <= 1'b0;
		// One cycle late
		bwpar <= odd_parity(beat == 0 ? first : second) ^ {7'd0, spoil_bwdata};
	end
endtask

// fetch: fetch both beats, and store what belongs to the command
task fetch(input [7:0] tag);
	integer beat, at;
	reg [1023:0] line;

	begin
		for (beat = 0; beat < 2; beat = beat + 1) begin
			brvalid <= 1'b1;
			brtag <= tag;
			brtagpar <= ~^tag ^ spoil_brtag;
			brad <= beat[5:0];
			@(posedge clock);
			brvalid <= 1'b0;
			repeat ({28'd0, brlat} + 1)
				@(posedge clock);
			if (brpar != odd_parity(brdata))
				mistake("parity of data");
			line = {line[511:0], brdata};
		end
		for (beat = 0; beat < {20'd0, size_of[tag]}; beat = beat + 1) begin
			at = address_of[tag][15:0] + beat;
			memory[at / 64][504 - at % 64 * 8 +: 8] =
				line[1016 - at % 128 * 8 +: 8];
		end
	end
endtask

task answer(input [7:0] tag, input [7:0] code);
	begin
		repeat (2)
			@(posedge clock);
		pending[tag] = 1'b0;
		in_flight = in_flight - 1;
		if (code == 1 || code == 3 || code == 10)
			flushing = 1;
		rvalid <= 1'b1;
		rtag <= tag;
		rtagpar <= ~^tag ^ spoil_rtag;
		response <= code;
		rcredits <= 9'd1;
		@(posedge clock);
		rvalid <= 1'b0;
	end
endtask

task execute(input [7:0] tag);
	reg [63:0] address;
	reg [9:0] at;

	begin
		address = address_of[tag];
		at = {address[15:7], 1'b0};
		if (code_of[tag] == 13'h0001) begin
			flushing = 0;
			restarts = restarts + 1;
			answer(tag, 0);
		end else if (flushing) begin
			answer(tag, 6);
		end else if (dice(paged_percent) != 0) begin
			answer(tag, 10);
		end else if (code_of[tag] == 13'h0000) begin
			if (address == 1 || address == 2)
				interrupts[address[1:0]] = interrupts[address[1:0]] + 1;
			answer(tag, address == 1 || address == 2 ? 0 : 8);
		end else if (bad_line != 0 && address[63:7] == bad_line[63:7]) begin
			answer(tag, bad_response);
		end else if (address[63:16] != MEMORY[63:16]) begin
			answer(tag, 7);
		end else if (code_of[tag] == 13'h0d00) begin
			fetch(tag);
			answer(tag, 0);
		end else begin
			if (dice(bogus_percent) != 0)
				deliver(tag, {16{32'hdeadbeef}}, {16{32'hdeadbeef}});
			deliver(tag, memory[at], memory[at + 1]);
			answer(tag, 0);
		end
	end
endtask

// The order of answers cannot be foreseen: the next is the first waiting command
// from a random tag on.
reg [7:0] turn;

always begin
	@(posedge clock);
	turn = $random;
	for (i = 0; i < 256 && !pending[turn]; i = i + 1)
		turn = turn + 1;
	if (pending[turn] && !paused) begin
		executing = 1;
		execute(turn);
		executing = 0;
	end
end

endmodule
