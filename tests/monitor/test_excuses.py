"""What the probe takes off a sleep, and what it must not: figures as the kernel gave them."""

from __future__ import annotations

from autograder.monitor.attribution import Sleep, Threads, attribute, tally
from autograder.monitor.sample_summary import SampleSummary, see, true_waits
from autograder.monitor.samples import Sample
from autograder.monitor.thread_stats import Reading, Times

MS = 1_000_000


def sample(at: float, switches: int, sleeps_in: bytes) -> Sample:
    """A look at a loop's thread that has computed for 1 ms; milliseconds."""
    began = int(at * MS)
    return Sample(0, began, began + 20_000, MS, 0, switches, sleeps_in, 0, 1, False)


def slept(samples: list[Sample], switches: int) -> int:
    """What remains of a sleep of 900 ms while a thread of the call waited 10 ms for a CPU."""
    base, end = Reading(0, 0, 0, 0), Reading(901 * MS, MS, 0, switches)
    seen = see(samples, base, 0, 0, end=end, in_select=False)
    sleep = Sleep(900 * MS, 0, switches, in_select=False)
    answer = attribute(sleep, seen, Threads(own_wait=10 * MS, active=1, own_cpu=MS))
    return 900 * MS - answer.certain - answer.doubt


def test_a_sleep_that_looks_found_to_be_one_is_the_codes_own() -> None:
    # As measured beside 8 hogs: one look found the loop at the GIL before it fell asleep, and so
    # the 10 ms that discord.py's heartbeat thread waited for a CPU were taken off: 890 for 900.
    samples = [sample(5, 1, b"futex_wait_queue")]
    samples += [sample(at, 2, b"hrtimer_nanosleep") for at in (8, 20, 40, 80, 300)]
    assert slept(samples, switches=2) > 892 * MS  # what was before 8 ms is doubtful


def test_a_sleep_at_a_lock_may_be_a_wait_for_a_starved_thread() -> None:
    samples = [sample(at, 1, b"futex_wait_queue") for at in (20, 40, 80, 300)]
    assert slept(samples, switches=1) == 890 * MS


def test_only_the_time_between_looks_that_saw_one_sleep_is_certain() -> None:
    # It woke between the second look and the end, and may have waited for the GIL since.
    samples = [sample(20, 1, b"hrtimer_nanosleep"), sample(40, 1, b"hrtimer_nanosleep")]
    samples += [sample(800, 2, b"futex_wait_queue")]
    assert slept(samples, switches=2) == 890 * MS


def test_a_wait_for_the_gil_after_the_sleep_is_not_the_codes() -> None:
    # Beside 18 hogs the loop woke and then waited 23 ms for a starved thread: 923 for 900.
    samples = [sample(at, 1, b"hrtimer_nanosleep") for at in (20, 40, 80, 300, 860)]
    assert slept(samples, switches=2) == 890 * MS
    assert slept(samples, switches=1) == 900 * MS


def in_select(ms_slept: float, switches: int, threads: Threads) -> tuple[float, float]:
    """What is certain and what is doubt of a select that returned so much too late; ms."""
    sleep = Sleep(int(ms_slept * MS), 0, switches, in_select=True)
    base, end = Reading(0, 0, 0, 0), Reading(int(ms_slept * MS), 0, 0, switches + 1)
    seen = see([], base, 0, 1, end=end, in_select=True, alone=False)
    answer = attribute(sleep, seen, threads)
    return (sleep.slept - answer.certain - answer.doubt) / MS, answer.doubt / MS


def test_a_thread_can_have_kept_the_gil_no_longer_than_it_ran_or_the_loop_asked_for_it() -> None:
    # json in pieces, in a thread, beside 16 hogs: the loop asked for the GIL five times in 128 ms.
    threads = Threads(own_cpu=int(3.3 * MS), own_wait=int(63.3 * MS), active=1, started=True)
    kept, doubt = in_select(128.4, 5, threads)
    assert kept < 5
    assert 60 < doubt < 65
    # It sleeps in C and keeps the GIL: the loop asks every 5 ms.
    kept, doubt = in_select(200, 39, Threads(own_cpu=MS, active=1, started=True))
    assert kept == 200
    assert doubt == 0


def test_a_loop_that_looks_found_still_in_select_was_not_woken() -> None:
    samples = [sample(98, 1, b"do_epoll_wait")]
    base, end = Reading(0, 0, 0, 0), Reading(128 * MS, 0, 0, 5)
    assert see(samples, base, 0, 1, end=end, in_select=True, alone=False).in_select == 98 * MS
    assert see(samples, base, 0, 1, end=end, in_select=False, alone=False).in_select == 0


def test_a_sampler_that_woke_late_as_well_says_that_the_machine_stood_still() -> None:
    # A tenth of a CPU: a thread's start took 134 ms, and nobody's run-queue wait explained it.
    late = sample(130, 1, b"futex_do_wait")._replace(stopped=90 * MS)
    base, end = Reading(0, 0, 0, 0), Reading(134 * MS, 0, 0, 1)
    sleep = Sleep(134 * MS, 0, 1, in_select=False)
    seen = see([late], base, 0, 0, end=end, in_select=False)
    assert attribute(sleep, seen, Threads()).doubt == 90 * MS
    # A nap is one, whoever else was late.
    nap = sample(130, 1, b"hrtimer_nanosleep")._replace(stopped=90 * MS)
    seen = see([nap], base, 0, 0, end=end, in_select=False)
    assert attribute(sleep, seen, Threads()).doubt == 0


def test_a_loop_that_let_the_sampler_look_by_going_to_sleep_slept_by_itself() -> None:
    # 8 ms of CPU and 8 ms of sleep beside 3 hogs: the sampler, asking once, waited 46 ms for a CPU.
    found = Sample(0, 57 * MS, int(57.2 * MS), 8 * MS, 38 * MS, 1, b"", 46 * MS, 2, False)
    base, end = Reading(0, 0, 0, 0), Reading(65 * MS, 8 * MS, 49 * MS, 1)
    sleep = Sleep(8 * MS, 49 * MS, 1, in_select=False)
    assert (
        attribute(sleep, see([found], base, 0, 0, end=end, in_select=False), Threads()).certain == 0
    )
    # Asked twice, it handed the GIL over, and slept until the sampler had it.
    asked = see([found._replace(own_switches=3)], base, 0, 0, end=end, in_select=False)
    assert attribute(sleep, asked, Threads()).certain == 8 * MS


def held_up(way: dict[str, int], late: float = 0) -> tuple[float, float]:
    """What is certain and what is doubt of a sleep of 20 ms, in a pass whose one look came last;
    `late`: and after it the sampler waited so many ms more for its CPU."""
    own_wait, own_switches = way["wait"] * MS, way["slept"]
    cpu = 6 * MS if late else MS
    began = 20 * MS + cpu
    found = Sample(0, began, began + 150_000, cpu, 0, 1, b"", own_wait, own_switches, False)
    more = int(late * MS)
    switches = 1 + bool(late)
    base, end = Reading(0, 0, 0, 0), Reading(began + more + 150_000, cpu, 0, switches)
    seen = see([found], base, 0, 0, end=end, in_select=False, late=more)
    answer = attribute(Sleep(20 * MS + more, 0, switches, in_select=False), seen, Threads())
    return answer.certain / MS, answer.doubt / MS


def test_one_sleep_longer_than_the_samplers_way_was_no_wait_for_the_sampler() -> None:
    # Beside 8 hogs, 6 to 10 of the 20 ms of a select were doubtful, as long as the sampler had
    # waited for its CPU on its way to a loop that nobody had asked for the GIL.
    assert held_up({"wait": 8, "slept": 2}) == (0, 0)
    assert held_up({"wait": 8, "slept": 3}) == (0, 0)


def test_a_sampler_that_waited_once_for_the_gil_did_not_ask_for_it() -> None:
    assert held_up({"wait": 25, "slept": 2}) == (0, 0)
    assert held_up({"wait": 25, "slept": 3})[1] > 15  # and here it may have


def test_a_sampler_that_lost_its_cpu_while_it_gave_the_gil_back_is_no_block() -> None:
    # 4 ms, a tick of the kernel, were blamed on one computing block in fifty beside 8 hogs. But
    # the code may have slept these 4 ms by itself.
    certain, doubt = held_up({"wait": 25, "slept": 3}, late=4)
    assert (round(certain), round(doubt)) == (0, 24)


def test_a_loop_that_asks_for_the_gil_every_5_ms_waits_for_who_sleeps_with_it() -> None:
    # A C call of 120 ms in a thread of the call, which let nobody look: 1 ms and a doubt of 119.
    threads = Threads(started=True, active=0)
    for switches, doubt in ((25, 0), (1, 120)):
        answer = attribute(
            Sleep(120 * MS, 0, switches, in_select=False), see_nothing(switches), threads
        )
        assert (answer.for_gil, answer.doubt / MS) == (switches > 1, doubt)


def test_a_sleep_with_the_gil_is_the_codes_when_the_sampler_wanted_the_gil_meanwhile() -> None:
    # A C call of 120 ms on the loop, beside a thread of the call that woke every 4 ms: 8 of 8 open.
    # A thread of the kernel may have kept the GIL while the loop waited for a thread to begin.
    for wanted, foreign, doubt in ((110, 0, 0), (30, 0, 120), (110, 100, 120)):
        threads = Threads(started=True, foreign=foreign * MS)
        summary = see_nothing(switches=2)
        summary.wanted = wanted * MS
        answer = attribute(Sleep(120 * MS, 0, 2, in_select=False), summary, threads)
        assert answer.doubt // MS == doubt


def see_nothing(switches: int) -> SampleSummary:
    base, end = Reading(0, 0, 0, 0), Reading(121 * MS, MS, 0, switches)
    return see([], base, 0, 0, end=end, in_select=False)


def test_a_long_wait_before_the_first_look_is_not_certain_if_the_code_slept_meanwhile() -> None:
    # A C call of 120 ms that kept the GIL, beside 8 hogs: Linux counted its sleep as a wait, and
    # 1 of 60 was called free. A loop that only gave the GIL to the sampler did not sleep.
    base, end = Reading(0, 0, 0, 0), Reading(121 * MS, MS, 77 * MS, 2)
    asked = sample(120, 2, b"")._replace(wait=77 * MS, own_switches=19)
    for switches, doubt in ((0, 76), (1, 0)):
        assert true_waits([asked], base, switches, end)[2] == doubt * MS
    assert true_waits([], base, 1, end)[2] == 77 * MS
    assert true_waits([], base, 2, end)[2] == 0


def test_a_sleep_that_the_kernel_counts_as_a_wait_is_not_lost() -> None:
    # As measured: 60 ms in time.sleep beside 8 hogs. The kernel kept the sleeping thread in a CPU's
    # queue, so it had no place of sleep, and its sleep was counted as a wait: 5, 8 and 19 ms.
    queued = sample(45, 1, b"")._replace(asleep=True)
    awake = sample(80, 1, b"")  # woken, and waiting for a CPU: nothing is counted until it runs
    asleep = sample(44, 1, b"hrtimer_nanosleep")
    base = Reading(0, 0, 0, 0)
    for samples in ([queued], [queued, awake], [asleep, awake], [asleep, queued, awake], [awake]):
        end = Reading(113 * MS, MS, 100 * MS, 1)
        _, end, doubt = true_waits(samples, base, 0, end)
        certain = end.wall - end.cpu - end.wait
        assert certain <= 60 * MS <= certain + doubt, samples
    # A loop that computes, and only gives the GIL to the sampler, did not sleep.
    looks = [sample(at, n, b"")._replace(own_switches=3) for n, at in enumerate((20, 50), 1)]
    assert true_waits(looks, base, 0, Reading(113 * MS, 13 * MS, 90 * MS, 2))[2] == 0


def test_a_look_that_did_not_have_to_ask_for_the_gil_explains_no_sleep() -> None:
    # httpx.get waited 450 ms for its answer, after a C call that had released the GIL: 28 ms.
    look = sample(20, 0, b"")._replace(own_switches=2)
    end = Reading(483 * MS, 28 * MS, 450 * MS, 1)
    assert true_waits([look], Reading(0, 0, 0, 0), 0, end)[2] == 450 * MS


def test_a_wait_after_a_look_that_found_the_loop_awake_was_one() -> None:
    # A sleep of 5 ms beside 8 hogs, after which the loop got no CPU for 85 ms.
    base, looks = Reading(0, 0, 0, 0), [sample(20, 1, b""), sample(60, 1, b"")]
    assert true_waits(looks, base, 0, Reading(91 * MS, MS, 85 * MS, 1))[2] == 0
    # If it slept again since, they tell nothing.
    assert true_waits(looks, base, 0, Reading(91 * MS, MS, 85 * MS, 2))[2] == 85 * MS


def test_a_wait_after_the_thread_had_lost_its_cpu_was_one() -> None:
    # As measured, six loops beside 8 hogs: 13 ms of Python, which gave the GIL away once, waited
    # for 90 ms. 61 of 300 such calls were left open.
    def doubt(waited: int, runs: int) -> int:
        end = Reading(113 * MS, 13 * MS, waited * MS, 1, runs=runs)
        return true_waits([], Reading(0, 0, 0, 0), 0, end)[2] // MS

    assert doubt(90, runs=5) == 0  # one after its sleep, four after it had lost its CPU
    assert doubt(90, runs=1) == 90  # its one sleep may have been counted as that wait
    assert doubt(120, runs=2) == 80  # losing its CPU once explains a part
    # A look that found it asleep again has one sleep more than it has runs.
    looks = [sample(100, 2, b"hrtimer_nanosleep")._replace(wait=90 * MS, runs=1)]
    end = Reading(113 * MS, MS, 90 * MS, 2, runs=2)
    assert true_waits(looks, Reading(0, 0, 0, 0), 0, end)[2] == 90 * MS


def test_a_part_of_a_wait_that_is_counted_in_advance_does_not_make_the_sleep_longer() -> None:
    # As measured: 60 ms in time.sleep were said to be 68. The kernel had counted 40 ms of a wait of
    # 108 when it had lasted for 10.
    looks = [sample(38, 1, b"hrtimer_nanosleep"), sample(71, 1, b"")._replace(wait=41 * MS)]
    known, end, doubt = true_waits(
        looks, Reading(0, 0, 0, 0), 0, Reading(169 * MS, MS, 108 * MS, 1)
    )
    assert ([one.wait for one in known], end.wait, doubt) == ([0, 0], 108 * MS, 0)


def test_a_thread_that_soon_sleeps_again_may_want_the_gil() -> None:
    # Beside 8 hogs each of its turns begins with a long wait for a CPU.
    queued = sample(45, 1, b"")._replace(asleep=True)
    for switches, doubt in ((1, 50), (9, 0)):
        end = Reading(113 * MS, MS, 50 * MS, switches)
        assert true_waits([queued], Reading(0, 0, 0, 0), 0, end)[2] == doubt * MS


def test_a_signal_handler_at_a_lock_inside_select_does_not_wait_for_the_gil() -> None:
    looks = [sample(at, 3, b"futex_wait_queue") for at in (20, 60, 100)]
    base, end = Reading(0, 0, 0, 0), Reading(150 * MS, MS, 0, 3)
    for slept, gil in ((149, False), (10, True)):
        seen = see(looks, base, 0, 1, end=end, in_select=True, alone=False)
        threads = Threads(active=1, own_cpu=MS, culprit=POOLS)
        said = attribute(Sleep(slept * MS, 0, 2, in_select=True), seen, threads)
        assert said.for_gil == gil


KERNELS, POOLS = 7, 8


def beside(kernels: Times, pools: Times, *, earlier: bool = False) -> tuple[float, float, float]:
    """What is certain of a select 1.49 s late, in which the loop waited 1 s for a CPU; what is
    doubt, and how much of that an earlier job's; ms."""
    known = {POOLS} if earlier else set()
    now = {KERNELS: kernels, POOLS: pools}
    threads = tally({tid: Times(0, 0) for tid in now}, now, {}, {KERNELS}, 0, known)
    sleep = Sleep(493 * MS, 996 * MS, 99, in_select=True)
    answer = attribute(sleep, SampleSummary(), threads)
    return (493 * MS - answer.certain - answer.doubt) / MS, answer.doubt / MS, answer.earlier / MS


def test_a_thread_of_the_kernels_that_asked_for_the_gil_all_the_time_did_not_have_it() -> None:
    # As measured beside other work (load 14 on two cores), with json in a pool made once: the
    # kernel's main thread waited 694 ms for a CPU, a few each time it woke to ask for the GIL.
    busy = Times(331 * MS, 1165 * MS, 60)
    block, doubt, _ = beside(Times(1 * MS, 694 * MS, 100), busy)
    assert block > 300
    assert doubt < 100
    # One that lost its CPU once may have had the GIL for as long as it waited.
    assert beside(Times(1 * MS, 694 * MS, 1), busy)[1] > 400


def test_what_a_job_of_before_the_call_kept_the_gil_for_is_doubt_whoever_else_waited() -> None:
    # Asleep in C, with the GIL or without it: who had it, nothing tells.
    for spent in (Times(500 * MS, 900 * MS, 60), Times(0, 0, 1)):
        block, doubt, earlier = beside(Times(0, 0), spent, earlier=True)
        assert (block, doubt) == (0, 493)
        assert earlier > 493 + 970  # while the loop waited for a CPU, the job may have had the GIL


def test_a_wait_for_the_gil_inside_a_pass_is_the_earlier_jobs_as_well() -> None:
    # Its C call began while a pass was judged: 365 ms in 73 sleeps of 5 ms, and no CPU used.
    threads = Threads(earlier=MS // 2, elder=POOLS)
    said = attribute(Sleep(365 * MS, 0, 73, in_select=False), see_nothing(73), threads)
    assert (said.doubt, said.earlier) == (365 * MS, 365 * MS)
    # One sleep of that length was the loop's own.
    said = attribute(Sleep(365 * MS, 0, 1, in_select=False), see_nothing(1), threads)
    assert said.doubt == 0


def test_a_job_that_slept_with_the_gil_while_the_loop_waited_for_a_cpu_is_doubt_of_all_that() -> (
    None
):
    # 400 ms beside other work: each of 17 times the loop woke to ask for the GIL, it had to wait.
    sleep = Sleep(86 * MS, 323 * MS, 17, in_select=True)
    # What the sampler waited made this certain, and the call free, in 5 runs of 60.
    threads = Threads(sampler=315 * MS, foreign=80 * MS, elder=POOLS)
    said = attribute(sleep, SampleSummary(), threads)
    assert said.certain == 0
    assert said.doubt + said.perhaps_kept > 360 * MS
    assert said.earlier == said.doubt + said.perhaps_kept


def test_of_two_earlier_jobs_the_one_that_only_asked_for_the_gil_is_not_named() -> None:
    # As measured: a job that slept 400 ms in C with the GIL, beside one that polls each 10 ms.
    kept, asked = Times(74_702, 42_963, 5), Times(1_377_272, 24_058_847, 76)
    sorts = Times(400_000_000, 0, 130)
    for one, other in ((kept, asked), (sorts, asked), (sorts, kept)):
        for now in ({POOLS: one, KERNELS: other}, {KERNELS: other, POOLS: one}):
            before = {tid: Times(0, 0) for tid in now}
            assert tally(before, now, {}, set(), 0, list(now)).elder == POOLS


def test_a_look_at_uvloops_own_select_tells_nothing_of_the_wait_for_the_gil_before_it() -> None:
    # uvloop slept 5 ms more before its overdue timer rang; the block was called a sleep in 6 of 12.
    base, end = Reading(0, 0, 0, 0), Reading(121 * MS, MS, 0, 24)
    threads = Threads(active=1, own_cpu=120 * MS, culprit=POOLS)
    sleep = Sleep(120 * MS, 0, 24, in_select=False)
    for idle in (True, False):  # False: the code itself sleeps there, in a loop of its own
        found = Sample(
            0, 118 * MS, 118 * MS, MS, 0, 24, b"do_epoll_wait", 0, 1, False, idle=idle
        )  # fmt: skip
        summary = see([found], base, 0, 0, end=end, in_select=False, alone=False)
        assert attribute(sleep, summary, threads).for_gil == idle


def test_an_earlier_job_that_got_no_cpu_did_not_take_the_gil() -> None:
    # C code of the call that sleeps and keeps the GIL, beside threads that wait for their locks.
    before = {POOLS: Times(MS, MS, 3), KERNELS: Times(MS, MS, 3)}
    for runs, elder in [(3, 0), (4, POOLS)]:
        now = {**before, POOLS: Times(MS, MS, runs)}
        assert tally(before, now, {}, set(), 0, [KERNELS, POOLS]).elder == elder
    assert tally(before, {}, {}, set(), 0, [POOLS]).elder == POOLS  # it has ended


def doubted_wait(sleeps_in: bytes, waited: float) -> float:
    """How much is doubtful of a wait that began after a sample had found the loop asleep; ms."""
    samples = [sample(at, 1, sleeps_in) for at in (20, 42)]
    base, last = Reading(0, 0, 0, 0), Reading(120 * MS, MS, int(waited * MS), 1)
    read, end, doubt = true_waits(samples, base, 0, last)
    assert read == samples
    assert end.wait == int(waited * MS)
    return doubt / MS


def test_a_long_wait_of_a_loop_that_looks_found_asleep_is_not_certain() -> None:
    # A sleep of 120 ms beside 8 hogs that filled memory: 43 ms were counted as sleep, and it was
    # called free.
    assert doubted_wait(b"hrtimer_nanosleep", 77) == 77
    assert doubted_wait(b"hrtimer_nanosleep", 10) == 0
    assert doubted_wait(b"futex_wait_queue", 77) == 0  # it was woken by who released the GIL


def test_a_sampler_that_loses_its_cpu_on_the_way_to_the_figures_makes_no_sleep_of_a_wait() -> None:
    # getaddrinfo: a sleep until 25 ms, a wait for a CPU until 100 ms, and another sleep. The second
    # sample begins at 41 ms, and its figures are read at 103 ms: of the wait, 55 ms became a sleep.
    first = sample(21, 1, b"do_poll")
    late = sample(41, 2, b"do_poll")._replace(cpu=int(1.1 * MS), wait=75 * MS)
    base, end = Reading(0, 0, 0, 0), Reading(121 * MS, 2 * MS, 75 * MS, 2)
    seen, waited = true_waits([first, late._replace(looked=103 * MS)], base, 0, end)[:2]
    assert (seen[1].wait, waited.wait) == (75 * MS, 75 * MS)
    assert true_waits([first, late], base, 0, end)[1].wait < 25 * MS  # its figures read at 41 ms


def test_a_nap_is_certain_only_from_when_the_figures_that_showed_it_were_read() -> None:
    base, end = Reading(0, 0, 0, 0), Reading(200 * MS, MS, 0, 1)
    for read_by, asleep in [(0, 199), (150, 50)]:
        found = sample(20, 1, b"do_poll")._replace(looked=read_by * MS)
        summary = see([found], base, 0, 1, end=end, in_select=False)
        assert asleep - 20 <= summary.asleep / MS <= asleep


def test_a_thread_of_the_kernels_that_gets_no_cpu_may_keep_a_loop_that_hands_the_gil_over() -> None:
    # The loop has computed for 45 ms, and prints: the thread that shows it wants the GIL, is given
    # it after 5 ms, and waits for a CPU for 70 ms. The loop sleeps until that one has had it.
    threads = Threads(foreign=70 * MS, foreign_wait=70 * MS)
    sleep = Sleep(70 * MS, 0, 2, in_select=False, computed=45 * MS)
    assert attribute(sleep, see_nothing(2), threads).doubt == 70 * MS
    # Code that has not computed is not asked for the GIL: a lock, a socket.
    at_lock = Sleep(70 * MS, 0, 2, in_select=False, computed=MS)
    assert attribute(at_lock, see_nothing(2), threads).doubt < 6 * MS
    # Nor is a longer sleep than that wait explained.
    long = Sleep(300 * MS, 0, 2, in_select=False, computed=45 * MS)
    assert attribute(long, see_nothing(2), threads).doubt < 76 * MS


def test_a_sampler_that_lost_its_cpu_while_it_gave_the_gil_back_may_have_kept_the_loop() -> None:
    # It slept 75 ms after the sample before this one, and was asked for the GIL meanwhile.
    first = Sample(0, 20 * MS, 21 * MS, 19 * MS, 0, 1, b"", 0, 3, False)
    late = Sample(
        0, 120 * MS, 121 * MS, 43 * MS, 0, 3, b"", 5 * MS, 3, False, released_late=75 * MS
    )  # fmt: skip
    base, end = Reading(0, 0, 0, 0), Reading(125 * MS, 47 * MS, 0, 3)
    summary = see([first, late], base, 0, 0, end=end, in_select=False)
    sleep = Sleep(78 * MS, 0, 3, in_select=False, computed=47 * MS)
    answer = attribute(sleep, summary, Threads())
    assert answer.certain + answer.doubt > 74 * MS
