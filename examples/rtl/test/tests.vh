// SPDX-License-Identifier: GPL-2.0-only
//
// The tests of bench.v, by subject.

task descriptor;
	begin
		reset;
		access(1, 1, 1, 24'h00, 0, 0, 0);
		expect64("interrupts, processes, model", got, 64'h0002_0001_0000_8010);
		access(1, 1, 1, 24'h30, 0, 0, 0);
		expect64("problem state area", got, 64'h0100_0000_0000_0000);
		access(1, 1, 0, 24'h04, 0, 0, 0);
		expect64("its second half", got, 64'h0000_8010_0000_8010);
		result("has_a_descriptor_of_dedicated_mode");
	end
endtask

task job_control;
	begin
		jdones = 0;
		job(8'h80, 0, 0);
		repeat (20)
			@(posedge clock);
		expect64("jdone of a reset", jdones, 1);
		expect64("jrunning", {63'd0, jrunning}, 0);
		start(0);
		expect64("jrunning", {63'd0, jrunning}, 1);
		load(24'h00);
		expect64("IDENT", got, 64'h434f_5059_4352_4301);
		load(24'h08);
		expect64("STATUS", got, 1);
		jcacks = 0;
		job(8'h45, 64'h0005_0000_0000_0001, 0);
		@(posedge clock);
		expect64("jcack", jcacks, 1);
		reset;
		expect64("jrunning after a reset", {63'd0, jrunning}, 0);
		result("starts_after_a_reset");
	end
endtask

task copies;
	begin
		reset;
		fill_source(64 * 128);
		describe(WED, SOURCE, DESTINATION, 64 * 128, 1, 0, 0);
		start(WED);
		wait_idle;
		expect_status(WED, 0, 64 * 128);
		expect_copy(0, 64 * 128);
		expect64("crc", word(WED + 64'h50), {32'd0, crc_of(SOURCE, 64 * 128, 0)});
		expect64("interrupts", psl.interrupts[1], 1);
		if (psl.most_in_flight < 16)
			expect64("commands in flight", psl.most_in_flight, 16);
		result("copies_lines_and_computes_their_crc");

		reset;
		psl.credits = 3;
		repeat (2)
			@(posedge clock);
		psl.idle;
		fill_source(20 * 128);
		describe(WED, SOURCE, DESTINATION, 20 * 128, 0, 0, 0);
		start(WED);
		wait_idle;
		expect_status(WED, 0, 20 * 128);
		expect_copy(0, 20 * 128);
		expect64("most in flight", psl.most_in_flight, 3);
		expect64("interrupts", psl.interrupts[1], 0);
		result("uses_no_more_credits_than_it_has");

		reset;
		fill_source(5 * 128);
		set_word(DESTINATION, 64'h1234);
		describe(WED, SOURCE, 64'd1, 5 * 128, 2, 0, 0);
		start(WED);
		wait_idle;
		expect_status(WED, 0, 5 * 128);
		expect64("crc", word(WED + 64'h50), {32'd0, crc_of(SOURCE, 5 * 128, 0)});
		expect64("destination", word(DESTINATION), 64'h1234);
		result("computes_the_crc_only");
	end
endtask

task chains;
	begin
		reset;
		fill_source(40 * 128);
		describe(WED, SOURCE, DESTINATION, 3 * 128, 1, WED + 128, 0);
		describe(WED + 128, SOURCE + 3 * 128, DESTINATION + 3 * 128, 37 * 128, 1, 0,
			 {32'd0, crc_of(SOURCE, 3 * 128, 0)});
		start(WED);
		wait_idle;
		expect_status(WED, 0, 3 * 128);
		expect_status(WED + 128, 0, 37 * 128);
		expect_copy(0, 40 * 128);
		expect64("crc of both", word(WED + 128 + 64'h50),
			 {32'd0, crc_of(SOURCE, 40 * 128, 0)});
		expect64("interrupts", psl.interrupts[1], 2);
		describe(WED, SOURCE, DESTINATION, 0, 0, 0, 64'h5678);
		store(24'h10, WED);
		wait_idle;
		expect_status(WED, 0, 0);
		expect64("crc of nothing", word(WED + 64'h50), 64'h5678);
		result("follows_a_chain_and_goes_on_with_its_crc");
	end
endtask

task faults;
	begin
		reset;
		psl.paged_percent = 10;
		psl.bogus_percent = 30;
		fill_source(100 * 128);
		describe(WED, SOURCE, DESTINATION, 100 * 128, 1, 0, 0);
		start(WED);
		wait_idle;
		expect_status(WED, 0, 100 * 128);
		expect_copy(0, 100 * 128);
		expect64("crc", word(WED + 64'h50), {32'd0, crc_of(SOURCE, 100 * 128, 0)});
		expect64("interrupts", psl.interrupts[1], 1);
		if (psl.restarts == 0)
			expect64("restarts", 0, 1);
		load(24'h38);
		expect64("RESTARTS", got, psl.restarts);
		result("goes_on_after_faults");
	end
endtask

task one_error(input [63:0] line, input [7:0] code);
	reg [63:0] done;

	begin
		reset;
		fill_source(64 * 128);
		psl.bad_line = line;
		psl.bad_response = code;
		describe(WED, SOURCE, DESTINATION, 64 * 128, 1, WED + 128, 0);
		describe(WED + 128, SOURCE, DESTINATION, 128, 1, 0, 0);
		start(WED);
		wait_idle;
		done = word(WED + 64'h48);
		expect_status(WED, code, done);
		expect_copy(0, done[31:0]);
		if (done > 40 * 128)
			expect64("bytes done", done, 40 * 128);
		expect64("address", word(WED + 64'h58), line);
		expect64("status of the next", word(WED + 128 + 64'h40), 0);
		expect64("interrupts", psl.interrupts[1], 1);
		load(24'h20);
		expect64("RESULT", got, {1'b1, 55'd0, code});
		// Another one works.
		psl.bad_line = 0;
		store(24'h10, WED + 128);
		wait_idle;
		expect_status(WED + 128, 0, 128);
	end
endtask

task errors;
	begin
		one_error(SOURCE + 40 * 128, 8'd1);
		one_error(DESTINATION + 40 * 128, 8'd1);
		result("reports_an_address_error");
		one_error(SOURCE + 40 * 128, 8'd3);
		result("reports_a_data_error");
		one_error(DESTINATION + 40 * 128, 8'd7);
		one_error(SOURCE, 8'd4);
		one_error(SOURCE + 40 * 128, 8'd11);
		result("reports_other_responses");
	end
endtask

task invalid;
	begin
		reset;
		describe(WED, SOURCE, DESTINATION, 100, 1, 0, 0);
		start(WED);
		wait_idle;
		expect_status(WED, 8'h80, 0);
		describe(WED, SOURCE + 1, DESTINATION, 128, 1, 0, 0);
		store(24'h10, WED);
		wait_idle;
		expect_status(WED, 8'h80, 0);
		describe(WED, SOURCE, DESTINATION + 64, 128, 1, 0, 0);
		store(24'h10, WED);
		wait_idle;
		expect_status(WED, 8'h80, 0);
		expect64("interrupts", psl.interrupts[1], 3);
		result("rejects_what_is_not_aligned");

		reset;
		start(64'h1000);
		wait_idle;
		expect64("interrupts 2", psl.interrupts[2], 1);
		load(24'h18);
		expect64("ADDRESS", got, 64'h1000);
		load(24'h20);
		expect64("RESULT", got, 64'h8000_0000_0000_0007);
		store(24'h10, WED + 64);
		wait_idle;
		load(24'h20);
		expect64("RESULT", got, 64'h8000_0000_0000_0080);
		expect64("interrupts 2", psl.interrupts[2], 2);
		result("tells_of_a_descriptor_that_cannot_be_read");
	end
endtask

task doorbells;
	begin
		reset;
		fill_source(8 * 128);
		describe(WED, SOURCE, DESTINATION, 8 * 128, 1, 0, 0);
		store(24'h10, WED);
		load(24'h08);
		expect64("rung before the start", got, 4);
		reset;
		start(0);
		access(0, 0, 0, 24'h10, {2{WED[63:32]}}, 0, 0);
		access(0, 0, 0, 24'h14, {2{WED[31:0]}}, 0, 0);
		store(24'h10, WED);
		load(24'h08);
		expect64("rung while it was busy", got, 7);
		wait_idle;
		expect_status(WED, 0, 8 * 128);
		expect64("interrupts", psl.interrupts[1], 1);
		result("is_started_by_a_doorbell");
	end
endtask

task expect_end(input [63:0] error);
	begin
		for (i = 0; i < 2000 && jdones == 0; i = i + 1)
			@(posedge clock);
		expect64("jrunning", {63'd0, jrunning}, 0);
		expect64("jdone", jdones, 1);
		expect64("jerror", jerror, error);
	end
endtask

task begin_copy;
	begin
		reset;
		fill_source(8 * 128);
		describe(WED, SOURCE, DESTINATION, 8 * 128, 1, 0, 0);
	end
endtask

task parity;
	begin
		reset;
		start(0);
		job(8'h45, 0, 1);
		expect_end(64'h01);
		begin_copy;
		start(0);
		access(0, 1, 1, 24'h00, 0, 1, 0);
		expect_end(64'h02);
		begin_copy;
		start(0);
		access(0, 0, 1, 24'h10, WED, 0, 1);
		expect_end(64'h02);
		begin_copy;
		psl.spoil_rtag = 1;
		start(WED);
		expect_end(64'h04);
		begin_copy;
		psl.spoil_brtag = 1;
		start(WED);
		expect_end(64'h08);
		begin_copy;
		psl.spoil_bwtag = 1;
		start(WED);
		expect_end(64'h10);
		begin_copy;
		psl.spoil_bwdata = 1;
		start(WED);
		expect_end(64'h20);
		begin_copy;
		start(WED);
		wait_idle;
		expect_status(WED, 0, 8 * 128);
		result("ends_the_job_when_parity_is_wrong");
	end
endtask

task reset_in_mid_transfer;
	begin
		reset;
		fill_source(64 * 128);
		describe(WED, SOURCE, DESTINATION, 64 * 128, 1, 0, 0);
		start(WED);
		repeat (300)
			@(posedge clock);
		psl.paused = 1;
		repeat (100)
			@(posedge clock);
		reset;
		repeat (300)
			@(posedge clock);
		expect64("status", word(WED + 64'h40), 0);
		expect64("interrupts", psl.interrupts[1], 0);
		start(WED);
		wait_idle;
		expect_status(WED, 0, 64 * 128);
		expect_copy(0, 64 * 128);
		result("begins_anew_after_a_reset_in_mid_transfer");
	end
endtask
