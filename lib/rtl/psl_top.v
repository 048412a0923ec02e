// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The top module to simulate an AFU with Icarus Verilog, as the AFU of a software
// card.
//
//	iverilog -g2012 -s psl_top -o my-afu.vvp psl_top.v *.v
//	vvp -n -M FOLDER -m psl my-afu.vvp +psl-card=mine
//
// FOLDER is the folder of psl.vpi. The arguments are those of <psl_card.h>, and
//
//	+waves=FILE		write all signals to FILE; "vvp ... -fst" makes it FST
//
// psl.vpi finds the signals by their names here.
`default_nettype none
`timescale 1ns / 1ns

module psl_top;

reg		ha_pclock = 1'b0;

reg		ha_jval, ha_jcompar, ha_jeapar;
reg  [0:7]	ha_jcom;
reg  [0:63]	ha_jea;
wire		ah_jrunning, ah_jdone, ah_jcack, ah_jyield, ah_tbreq, ah_paren;
wire [0:63]	ah_jerror;

reg  [0:7]	ha_croom;
wire		ah_cvalid, ah_ctagpar, ah_compar, ah_ceapar;
wire [0:7]	ah_ctag;
wire [0:12]	ah_com;
wire [0:2]	ah_cabt;
wire [0:63]	ah_cea;
wire [0:15]	ah_cch;
wire [0:11]	ah_csize;

reg		ha_brvalid, ha_brtagpar;
reg  [0:7]	ha_brtag;
reg  [0:5]	ha_brad;
wire [0:3]	ah_brlat;
wire [0:511]	ah_brdata;
wire [0:7]	ah_brpar;

reg		ha_bwvalid, ha_bwtagpar;
reg  [0:7]	ha_bwtag;
reg  [0:5]	ha_bwad;
reg  [0:511]	ha_bwdata;
reg  [0:7]	ha_bwpar;

reg		ha_rvalid, ha_rtagpar;
reg  [0:7]	ha_rtag, ha_response;
reg  [0:8]	ha_rcredits;
reg  [0:1]	ha_rcachestate;
reg  [0:12]	ha_rcachepos;

reg		ha_mmval, ha_mmcfg, ha_mmrnw, ha_mmdw, ha_mmadpar, ha_mmdatapar;
reg  [0:23]	ha_mmad;
reg  [0:63]	ha_mmdata;
wire		ah_mmack, ah_mmdatapar;
wire [0:63]	ah_mmdata;

afu afu (
	.ha_pclock(ha_pclock),
	.ha_jval(ha_jval), .ha_jcom(ha_jcom), .ha_jcompar(ha_jcompar), .ha_jea(ha_jea),
	.ha_jeapar(ha_jeapar), .ah_jrunning(ah_jrunning), .ah_jdone(ah_jdone),
	.ah_jcack(ah_jcack), .ah_jerror(ah_jerror), .ah_jyield(ah_jyield),
	.ah_tbreq(ah_tbreq), .ah_paren(ah_paren),
	.ha_croom(ha_croom), .ah_cvalid(ah_cvalid), .ah_ctag(ah_ctag),
	.ah_ctagpar(ah_ctagpar), .ah_com(ah_com), .ah_compar(ah_compar), .ah_cabt(ah_cabt),
	.ah_cea(ah_cea), .ah_ceapar(ah_ceapar), .ah_cch(ah_cch), .ah_csize(ah_csize),
	.ha_brvalid(ha_brvalid), .ha_brtag(ha_brtag), .ha_brtagpar(ha_brtagpar),
	.ha_brad(ha_brad), .ah_brlat(ah_brlat), .ah_brdata(ah_brdata), .ah_brpar(ah_brpar),
	.ha_bwvalid(ha_bwvalid), .ha_bwtag(ha_bwtag), .ha_bwtagpar(ha_bwtagpar),
	.ha_bwad(ha_bwad), .ha_bwdata(ha_bwdata), .ha_bwpar(ha_bwpar),
	.ha_rvalid(ha_rvalid), .ha_rtag(ha_rtag), .ha_rtagpar(ha_rtagpar),
	.ha_response(ha_response), .ha_rcredits(ha_rcredits),
	.ha_rcachestate(ha_rcachestate), .ha_rcachepos(ha_rcachepos),
	.ha_mmval(ha_mmval), .ha_mmcfg(ha_mmcfg), .ha_mmrnw(ha_mmrnw), .ha_mmdw(ha_mmdw),
	.ha_mmad(ha_mmad), .ha_mmadpar(ha_mmadpar), .ha_mmdata(ha_mmdata),
	.ha_mmdatapar(ha_mmdatapar), .ah_mmack(ah_mmack), .ah_mmdata(ah_mmdata),
	.ah_mmdatapar(ah_mmdatapar)
);

reg [8*4096-1:0] waves;			// a path of any length
integer waves_file;

initial begin
	if ($value$plusargs("waves=%s", waves)) begin
		// If it cannot, $dumpfile ends the simulation with status 0.
		waves_file = $fopen(waves, "w");
		if (!waves_file)
			$fatal(1, "+waves=%0s: cannot be written", waves);
		$fclose(waves_file);
		$dumpfile(waves);
		$dumpvars(0, afu);
	end
	// 250 MHz. Sample what the AFU drives before the edge, and drive what it sees
	// after it, so that the order of events at the edge does not matter.
	forever begin
		#1 $psl_sample;
		#1 ha_pclock = 1'b1;
		#1 $psl_drive;
		#1 ha_pclock = 1'b0;
	end
end

endmodule
