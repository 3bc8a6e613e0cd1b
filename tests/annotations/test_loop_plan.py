"""[retrain]'s times, and what the loop decides from them: a pure function, so every rule is asked directly."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsam_annotate.annotations.project_config import ProjectConfig, read_config, write_config
from semsam_annotate.annotations.retrain_config import RetrainConfig
from semsam_annotate.annotations.retraining.plan import ATTEMPTS, Decision, Situation, decide
from semsam_annotate.annotations.retraining.quiet import DAYS, QuietHours
from semsam_annotate.api import BadInput

MONDAY = datetime(2026, 11, 30, 12, 0)
times = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1))
hours = st.builds(lambda h, m: f"{h:02d}:{m:02d}", st.integers(0, 23), st.integers(0, 59))
spans = st.builds(lambda a, b: f"{a}-{b}", hours, hours).filter(lambda it: it[:5] != it[6:])


def _minutes_to(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


@given(spans, times)
def test_quiet_hours_hold_between_their_ends_over_midnight_too(span, now):
    begin, end = map(_minutes_to, span.split("-"))
    at = now.hour * 60 + now.minute
    inside = begin <= at < end if begin < end else at >= begin or at < end
    until = QuietHours.parse(span).until(now)
    assert (until is not None) == inside
    if until is not None:
        assert until.hour * 60 + until.minute == end
        assert timedelta() < until - now <= timedelta(days=1)


@given(spans, st.sampled_from(DAYS), st.sampled_from(DAYS), times)
def test_days_that_are_not_named_are_free_but_for_the_morning_after(span, first, last, now):
    quiet = QuietHours.parse(f"{first}-{last} {span}")
    named = (now.weekday() - DAYS.index(first)) % 7 <= (DAYS.index(last) - DAYS.index(first)) % 7
    daily = QuietHours.parse(span)
    if named and now.time() >= datetime.strptime(span[:5], "%H:%M").time():
        assert (quiet.until(now) is None) == (daily.until(now) is None)
    if quiet.until(now) is not None:
        assert daily.until(now) is not None


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers())))
@pytest.mark.parametrize("key", ["schedule", "quiet", "gpu", "keep", "threads", "minutes"])
def test_nonsense_is_refused_as_such_or_can_be_used(key, value):
    try:
        config = RetrainConfig(**{key: value})
    except BadInput:
        return
    decide(1, config, Situation(1, 1, since=MONDAY), MONDAY)
    assert set(config.environment) <= {"CUDA_VISIBLE_DEVICES"}


CRON = st.from_regex(r"\A([0-9*/,LMON-]{1,6} ){4}[0-9*/,-]{1,4}\Z")


@given(CRON)
def test_a_schedule_that_is_taken_always_has_a_next_time(text):
    try:
        config = RetrainConfig(schedule=text)
    except BadInput:
        return
    assert config.next_time(MONDAY) > MONDAY


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("schedule", "every night", "cron expression"),
        ("schedule", "0 0 30 2 *", "cron expression"),
        ("quiet", "8-18", "spans"),
        ("quiet", "00:00-24:00", "no time to train"),
        ("quiet", "mon-sun 00:00-12:00, 12:00-24:00", "no time to train"),
        ("quiet", "someday 08:00-09:00", "spans"),
        ("quiet", "sum 08:00-09:00", "is no day"),
        ("quiet", "08:00-25:00", "no time of a day"),
        ("gpu", "-1", "gpu"),
        ("gpu", True, "gpu"),
        ("keep", -1, "keep"),
    ],
)
def test_the_line_says_what_is_wrong(tmp_path, key, value, told):
    with pytest.raises(BadInput, match=told):
        RetrainConfig(**{key: value})
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
    (tmp_path / "project.toml").write_text(f"[retrain]\n{key} = {shown}\n")
    with pytest.raises(BadInput, match=r"project\.toml"):
        read_config(tmp_path / "project.toml")


def test_all_of_it_survives_what_the_program_writes(tmp_path):
    chosen = RetrainConfig(schedule="0 2 * * mon-fri", quiet="mon-fri 08:00-18:00", gpu=1, keep=3, threads=2)
    write_config(tmp_path / "project.toml", ProjectConfig(retrain=chosen, retrain_after=50))
    read = read_config(tmp_path / "project.toml")
    assert (read.retrain, read.retrain_after) == (chosen, 50)
    assert chosen.environment == {"CUDA_VISIBLE_DEVICES": "1"}
    assert RetrainConfig(gpu="none").environment == {"CUDA_VISIBLE_DEVICES": ""}


NIGHTLY = RetrainConfig(schedule="0 2 * * *", quiet="08:00-18:00")
COUNTED = RetrainConfig()
EVENING = MONDAY.replace(hour=19)


@pytest.mark.parametrize(
    ("after", "config", "found", "now", "act", "words"),
    [
        (0, COUNTED, Situation(99, 99), MONDAY, "wait", "only people"),
        (50, COUNTED, Situation(49, 99), MONDAY, "wait", "49 masks are new, 50 are waited for"),
        (50, COUNTED, Situation(50, 99), MONDAY, "start", "50 masks are new"),
        (50, COUNTED, Situation(50, 0), MONDAY, "wait", "nothing to learn from"),
        (50, NIGHTLY, Situation(50, 99, since=MONDAY), MONDAY, "wait", "quiet hours until 18:00"),
        (50, NIGHTLY, Situation(50, 99, since=MONDAY), EVENING, "start", "50 masks are new"),
        (0, NIGHTLY, Situation(1, 99, since=MONDAY), EVENING, "wait", "the next time is Tue 2026-12-01 02:00"),
        (0, NIGHTLY, Situation(1, 9, since=MONDAY), EVENING + timedelta(hours=7), "start", "its time has come"),
        (0, NIGHTLY, Situation(0, 9, since=MONDAY), EVENING + timedelta(hours=7), "wait", "the next time"),
        (0, NIGHTLY, Situation(5, 9, since=MONDAY - timedelta(days=9)), EVENING, "start", "its time has come"),
        (0, NIGHTLY, Situation(5, 9, since=MONDAY - timedelta(days=1)), MONDAY, "wait", "quiet hours"),
        (50, COUNTED, Situation(0, 9, unfinished=True), MONDAY, "start", "interrupted"),
        (50, NIGHTLY, Situation(0, 9, unfinished=True), MONDAY, "wait", "quiet hours"),
        (50, COUNTED, Situation(0, 9, unfinished=True, attempts=ATTEMPTS), MONDAY, "wait", "interrupted 3 times"),
        (50, COUNTED, Situation(50, 9, running=True, ours=True), MONDAY, "wait", "one goes on"),
        (50, NIGHTLY, Situation(50, 9, running=True, ours=True), MONDAY, "pause", "goes on at 18:00"),
        (50, NIGHTLY, Situation(50, 9, running=True), MONDAY, "wait", "one goes on"),
    ],
)
def test_every_rule(after, config, found, now, act, words):
    decision = decide(after, config, found, now)
    assert decision.act == act
    assert words in decision.reason
    assert Decision.from_json(decision.to_json()) == Decision(act, decision.reason, decision.at)


def test_a_time_with_nothing_to_learn_is_let_pass_too():
    later = EVENING + timedelta(hours=7)
    assert decide(0, NIGHTLY, Situation(0, 0, since=MONDAY), later).passed
    assert not decide(0, NIGHTLY, Situation(0, 0, since=MONDAY), EVENING).passed


def test_a_time_with_nothing_new_is_let_pass_once_and_not_made_up_for():
    at = EVENING + timedelta(hours=7)
    assert decide(0, NIGHTLY, Situation(0, 9, since=MONDAY), at).passed
    later = decide(0, NIGHTLY, Situation(1, 9, since=at), at + timedelta(hours=2))
    assert (later.act, later.passed) == ("wait", False)
    assert later.at == at.replace(hour=2) + timedelta(days=1)


@given(
    st.integers(0, 100), st.sampled_from(["", "0 2 * * *", "*/5 * * * *"]), st.sampled_from(["", "22:00-06:00"]),
    st.builds(Situation, st.integers(0, 200), st.integers(0, 9), st.booleans(), st.booleans(), st.booleans(),
              st.integers(0, 5), st.one_of(st.none(), times)),
    times,
)  # fmt: skip
def test_it_never_starts_beside_another_in_quiet_hours_or_without_anything_to_learn(after, schedule, quiet, found, now):
    config = RetrainConfig(schedule=schedule, quiet=quiet)
    decision = decide(after, config, found, now)
    if decision.act == "start":
        assert not found.running
        assert found.learn
        assert config.quiet_hours.until(now) is None
        assert after or schedule
    if decision.act == "pause":
        assert found.running
        assert found.ours
    if decision.act == "wait" and decision.at is not None:
        assert decision.at > now
        assert config.quiet_hours.until(decision.at) is None
    assert decide(after, config, found, now) == decision


@given(
    st.one_of(st.none(), st.text(), st.dictionaries(st.sampled_from(["act", "reason", "at"]), st.text()), st.just([]))
)
def test_damaged_decisions_are_none(value):
    found = Decision.from_json(value)
    assert found is None or found.act in ("start", "pause", "wait")
