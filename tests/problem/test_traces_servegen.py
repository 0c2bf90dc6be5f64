"""ServeGen: rates become arrivals with the right mean, the right burstiness, and one seed's bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeopt.problem.errors import InvalidOption, InvalidTrace
from edgeopt.problem.traces import load_trace, trace_statistics
from edgeopt.problem.traces.formats.renewal import renewal_arrivals

RATES = Path(__file__).parent / "traces_samples" / "client_rates.csv"
LAWS = [("gamma", 1.0), ("gamma", 0.2), ("gamma", 5.0), ("weibull", 0.5), ("weibull", 2.0), ("gamma", 0.01)]


def draw(law, shape, windows, mean_count, seed=0):
    rng = np.random.default_rng(seed)
    return renewal_arrivals(
        rng,
        np.full(windows, mean_count / 600.0),
        np.full(windows, shape),
        np.full(windows, law == "weibull"),
        600.0,
    )


@pytest.mark.parametrize(("law", "shape"), LAWS)
def test_windows_hold_rate_times_length_arrivals_on_average_even_when_few(law, shape):
    # A process that began with a full gap instead of an equilibrium one would fall far short here.
    counts = np.bincount(draw(law, shape, 20_000, 2.0)[0], minlength=20_000)
    assert counts.mean() == pytest.approx(2.0, abs=5 * counts.std() / np.sqrt(counts.size))


@pytest.mark.parametrize(
    ("law", "shape", "variation"), [("gamma", 0.25, 2.0), ("gamma", 4.0, 0.5), ("weibull", 0.5, 5**0.5)]
)
def test_gaps_have_the_variation_of_the_law(law, shape, variation):
    # CV of a Gamma law is 1 / sqrt(shape); of a Weibull law with shape 1/2 it is sqrt(5).
    gaps = np.diff(draw(law, shape, 1, 60_000.0)[1])
    assert gaps.std() / gaps.mean() == pytest.approx(variation, rel=0.06)


def test_arrivals_stay_within_their_window_and_in_order():
    window, offset = draw("weibull", 0.3, 500, 20.0)
    assert offset.min() >= 0
    assert offset.max() < 600
    assert np.all((np.diff(window) > 0) | (np.diff(offset) >= 0))


def test_rates_become_requests_of_services():
    trace = load_trace(RATES, rate_scale=1.0)
    assert trace.client_names == ("big/7", "small/1", "small/2")
    assert trace.model_names == ("big", "small")
    assert trace.accounting.rows_read == 5
    assert trace.accounting.dropped == {"zero_rate": 1}
    counts = np.bincount(trace.client)
    np.testing.assert_allclose(counts, [900, 1200, 150], rtol=0.25)
    np.testing.assert_array_equal(trace.model, np.minimum(trace.client, 1))
    assert trace.provenance.sampled


def test_rate_scale_thins_and_the_seed_decides(tmp_path):
    whole, half, again, other = (
        load_trace(RATES, rate_scale=scale, seed=seed)
        for scale, seed in [(1.0, 1), (0.5, 1), (0.5, 1), (0.5, 2)]
    )
    assert len(half) == pytest.approx(len(whole) / 2, rel=0.2)
    np.testing.assert_array_equal(half.arrived_at, again.arrived_at)
    np.testing.assert_array_equal(half.num_prefill_tokens, again.num_prefill_tokens)
    assert not np.array_equal(half.arrived_at, other.arrived_at)


def test_the_draw_does_not_depend_on_the_order_of_the_rows(tmp_path):
    header, *rows = RATES.read_text().splitlines()
    shuffled = tmp_path / "rates.csv"
    shuffled.write_text("\n".join([header, *rows[::-1]]))
    ours, theirs = load_trace(RATES, rate_scale=1.0), load_trace(shuffled, rate_scale=1.0)
    np.testing.assert_array_equal(ours.arrived_at, theirs.arrived_at)
    np.testing.assert_array_equal(ours.client, theirs.client)


def test_lengths_follow_the_percentiles_and_are_imputed_within_the_model():
    trace = load_trace(RATES, rate_scale=3.0)
    big = trace.num_prefill_tokens[trace.model == 0]
    assert np.quantile(big, [0.25, 0.5, 0.75]) == pytest.approx([200, 400, 600], rel=0.1)
    assert (big.min(), big.max()) == (100, 900)
    small = trace.model == 1  # a multimodal prompt is the sum of its parts; client 2 borrows client 1's
    assert set(trace.num_prefill_tokens[small].tolist()) == {25}
    assert set(trace.num_decode_tokens[small].tolist()) == {7}
    assert "1 of 3 clients imputed" in trace.provenance.notes[1]


def test_without_lengths_the_token_counts_are_zero_and_it_is_said(tmp_path):
    alone = tmp_path / "rates.csv"
    alone.write_bytes(RATES.read_bytes())
    trace = load_trace(alone, rate_scale=1.0)
    assert trace.num_prefill_tokens.max() == 0
    assert "no table of lengths" in trace.provenance.notes[1]


def test_a_scale_that_asks_for_too_much_or_too_little():
    with pytest.raises(InvalidOption, match="rate_scale = 0"):
        load_trace(RATES, rate_scale=0.0)
    with pytest.raises(InvalidTrace, match="larger scale"):
        load_trace(RATES, rate_scale=1e-9)


def test_full_production_rates_are_refused_with_the_scale_that_would_do(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("model,client_id,window_start_s,rate_rps,pattern,param1\na,1,0,1e6,Gamma,1\n")
    with pytest.raises(InvalidOption, match=r"use at most 0\.03"):
        load_trace(path, rate_scale=1.0)


def test_bad_windows_are_counted(tmp_path):
    path = tmp_path / "rates.csv"
    rows = [
        "0,1.0,Gamma,1",
        "0,-1,Gamma,1",
        "0,1,Zipf,1",
        "nan,1,Gamma,1",
        "0,1,Gamma,0",
        "0,nan,Gamma,1",
        "0,0,,",
    ]
    path.write_text(
        "model,client_id,window_start_s,rate_rps,pattern,param1\n" + "".join(f"a,1,{row}\n" for row in rows)
    )
    account = load_trace(path, rate_scale=1.0).accounting
    assert (account.rows_read, account.emitted) == (7, 1)
    assert account.dropped == {"malformed": 3, "negative": 1, "bad_time": 1, "zero_rate": 1}


def test_published_rates_give_the_published_number_of_requests(shared_data):
    trace = load_trace(shared_data / "servegen" / "client_rates.csv.gz", rate_scale=1e-5)
    assert trace.accounting.rows_read == 179_791
    assert len(trace) == pytest.approx(25_707, rel=0.03)  # 1e-5 x sum of rate x 600 s over the table
    assert trace_statistics(trace).clients == 392
