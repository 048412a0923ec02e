// SPDX-License-Identifier: GPL-2.0-only
//
// Test bench of the AFU, for Verilator and Icarus: prints TAP to stdout.
`default_nettype none
`timescale 1ns / 1ps

/* verilator lint_off LITENDIAN */
/* verilator lint_off BLKSEQ */
/* verilator lint_off WIDTH */
/* verilator lint_off UNUSEDSIGNAL */
module bench;

localparam [63:0] MEMORY = 64'h0000_7fff_0000_0000;
localparam [63:0] SOURCE = MEMORY + 64'h1000, DESTINATION = MEMORY + 64'h8000, WED = MEMORY;

reg		clock = 0;

always #2 clock = !clock;

reg		jval = 0, jcompar = 1, jeapar = 1;
reg [0:7]	jcom = 0;
reg [0:63]	jea = 0;
reg		mmval = 0, mmcfg = 0, mmrnw = 0, mmdw = 0, mmadpar = 1, mmdatapar = 1;
reg [0:23]	mmad = 0;
reg [0:63]	mmdata = 0;

wire		jrunning, jdone, jcack, mmack, mmdatapar_back;
wire [0:63]	jerror, mmdata_back;
wire		cvalid, ctagpar, compar, ceapar, brvalid, brtagpar, bwvalid, bwtagpar;
wire		rvalid, rtagpar;
wire [0:7]	croom, ctag, brtag, brpar, bwtag, bwpar, rtag, response;
wire [0:12]	com;
wire [0:63]	cea;
wire [0:11]	csize;
wire [0:5]	brad, bwad;
wire [0:3]	brlat;
wire [0:511]	brdata, bwdata;
wire [0:8]	rcredits;

/* verilator lint_off PINCONNECTEMPTY */
afu afu (
	.ha_pclock(clock),
	.ha_jval(jval), .ha_jcom(jcom), .ha_jcompar(jcompar), .ha_jea(jea), .ha_jeapar(jeapar),
	.ah_jrunning(jrunning), .ah_jdone(jdone), .ah_jcack(jcack), .ah_jerror(jerror),
	.ah_jyield(), .ah_tbreq(), .ah_paren(),
	.ha_croom(croom), .ah_cvalid(cvalid), .ah_ctag(ctag), .ah_ctagpar(ctagpar),
	.ah_com(com), .ah_compar(compar), .ah_cabt(), .ah_cea(cea), .ah_ceapar(ceapar),
	.ah_cch(), .ah_csize(csize),
	.ha_brvalid(brvalid), .ha_brtag(brtag), .ha_brtagpar(brtagpar), .ha_brad(brad),
	.ah_brlat(brlat), .ah_brdata(brdata), .ah_brpar(brpar),
	.ha_bwvalid(bwvalid), .ha_bwtag(bwtag), .ha_bwtagpar(bwtagpar), .ha_bwad(bwad),
	.ha_bwdata(bwdata), .ha_bwpar(bwpar),
	.ha_rvalid(rvalid), .ha_rtag(rtag), .ha_rtagpar(rtagpar), .ha_response(response),
	.ha_rcredits(rcredits), .ha_rcachestate(2'd0), .ha_rcachepos(13'd0),
	.ha_mmval(mmval), .ha_mmcfg(mmcfg), .ha_mmrnw(mmrnw), .ha_mmdw(mmdw), .ha_mmad(mmad),
	.ha_mmadpar(mmadpar), .ha_mmdata(mmdata), .ha_mmdatapar(mmdatapar),
	.ah_mmack(mmack), .ah_mmdata(mmdata_back), .ah_mmdatapar(mmdatapar_back)
);
/* verilator lint_on PINCONNECTEMPTY */

psl psl (
	.clock(clock), .croom(croom), .cvalid(cvalid), .ctag(ctag), .ctagpar(ctagpar),
	.com(com), .compar(compar), .cea(cea), .ceapar(ceapar), .csize(csize),
	.brvalid(brvalid), .brtag(brtag), .brtagpar(brtagpar), .brad(brad), .brlat(brlat),
	.brdata(brdata), .brpar(brpar), .bwvalid(bwvalid), .bwtag(bwtag),
	.bwtagpar(bwtagpar), .bwad(bwad), .bwdata(bwdata), .bwpar(bwpar),
	.rvalid(rvalid), .rtag(rtag), .rtagpar(rtagpar), .response(response),
	.rcredits(rcredits)
);

// TAP: 'failures' are those of the running test
integer		tests = 0, failures = 0, all_failures = 0;
integer		i, jdones = 0, jcacks = 0;

always @(posedge clock) begin
	if (jdone)
		jdones = jdones + 1;
	if (jcack)
		jcacks = jcacks + 1;
end

task expect64(input [319:0] what, input [63:0] got, input [63:0] want);
	if (got !== want) begin
		$display("# %0s: %h, expected %h", what, got, want);
		failures = failures + 1;
	end
endtask

task result(input [511:0] name);
	begin
		expect64("mistakes of the AFU", psl.mistakes, 0);
		tests = tests + 1;
		if (failures != 0)
			$write("not ");
		$display("ok %0d - rtl_bench.%0s", tests, name);
		all_failures = all_failures + failures;
		failures = 0;
		psl.mistakes = 0;
	end
endtask

// Job
task job(input [7:0] code, input [63:0] address, input bad);
	begin
		jval <= 1'b1;
		jcom <= code;
		jcompar <= ~^code ^ bad;
		jea <= address;
		jeapar <= ~^address;
		@(posedge clock);
		jval <= 1'b0;
		@(posedge clock);
	end
endtask

task reset;
	begin
		jdones = 0;
		job(8'h80, 0, 0);
		while (jdones == 0)
			@(posedge clock);
		jdones = 0;
		while (psl.executing)
			@(posedge clock);
		psl.forget;
		@(posedge clock);
	end
endtask

task start(input [63:0] wed);
	job(8'h90, wed, 0);
endtask

// MMIO
reg [63:0] got;

task access(input config_space, input read, input whole, input [23:0] address,
	    input [63:0] data, input bad_address, input bad_data);
	reg [23:0] word;

	begin
		word = address >> 2;
		mmval <= 1'b1;
		mmcfg <= config_space;
		mmrnw <= read;
		mmdw <= whole;
		mmad <= word;
		mmadpar <= ~^word ^ bad_address;
		mmdata <= data;
		mmdatapar <= ~^data ^ bad_data;
		@(posedge clock);
		mmval <= 1'b0;
		while (!mmack)
			@(posedge clock);
		got = mmdata_back;
		if (read)
			expect64("parity of MMIO data", {63'd0, mmdatapar_back},
				 {63'd0, ~^mmdata_back});
	end
endtask

task load(input [23:0] address);
	access(0, 1, 1, address, 0, 0, 0);
endtask

task store(input [23:0] address, input [63:0] data);
	access(0, 0, 1, address, data, 0, 0);
endtask

// Memory
function [63:0] word(input [63:0] address);
	word = psl.memory[address[15:6]][448 - address[5:3] * 64 +: 64];
endfunction

task set_word(input [63:0] address, input [63:0] value);
	psl.memory[address[15:6]][448 - address[5:3] * 64 +: 64] = value;
endtask

task describe(input [63:0] at, input [63:0] source, input [63:0] destination,
	      input [63:0] length, input [63:0] control, input [63:0] next,
	      input [63:0] seed);
	begin
		set_word(at, source);
		set_word(at + 64'h08, destination);
		set_word(at + 64'h10, length);
		set_word(at + 64'h18, control);
		set_word(at + 64'h20, next);
		set_word(at + 64'h28, seed);
		for (i = 64; i < 128; i = i + 8)
			set_word(at + {32'd0, i}, 0);
	end
endtask

task fill_source(input integer length);
	for (i = 0; i < length; i = i + 8) begin
		set_word(SOURCE + {32'd0, i}, {$random, $random});
		set_word(DESTINATION + {32'd0, i}, 0);
	end
endtask

// The textbook's CRC, bit by bit
function [31:0] crc_of(input [63:0] from, input integer length, input [31:0] begin_with);
	integer at, bit_of;
	reg [63:0] data;

	begin
		crc_of = ~begin_with;
		for (at = 0; at < length; at = at + 1) begin
			data = word(from + {32'd0, at});
			crc_of = crc_of ^ {24'd0, data[56 - at % 8 * 8 +: 8]};
			for (bit_of = 0; bit_of < 8; bit_of = bit_of + 1)
				crc_of = crc_of >> 1 ^ (crc_of[0] ? 32'hedb88320 : 0);
		end
		crc_of = ~crc_of;
	end
endfunction

task expect_copy(input integer from, input integer length);
	for (i = from; i < from + length; i = i + 8)
		expect64("copied data", word(DESTINATION + {32'd0, i}),
			 word(SOURCE + {32'd0, i}));
endtask

task expect_status(input [63:0] at, input [7:0] code, input [63:0] done);
	begin
		expect64("status", word(at + 64'h40), {1'b1, 55'd0, code});
		expect64("bytes done", word(at + 64'h48), done);
	end
endtask

// wait_idle: wait for the end of a chain, for a limited time
task wait_idle;
	begin
		got = 64'd2;
		for (i = 0; i < 2000 && got[1]; i = i + 1)
			load(24'h08);
		expect64("busy", {63'd0, got[1]}, 0);
	end
endtask

`include "tests.vh"

// Not "initial": in all that is called there, Verilator 5.006 would take "<=" for "=".
always begin
	if ($test$plusargs("waves")) begin
		$dumpfile("bench.fst");
		$dumpvars(0, bench);
	end
	repeat (4)
		@(posedge clock);
	descriptor;
	job_control;
	copies;
	chains;
	faults;
	errors;
	invalid;
	doorbells;
	parity;
	reset_in_mid_transfer;
	$display("1..%0d", tests);
	$finish;
	forever
		@(posedge clock);
end

// A test that hangs has failed, too.
initial begin
	#4000000;
	$display("Bail out! the bench hangs in test %0d", tests + 1);
	$finish;
end

endmodule
