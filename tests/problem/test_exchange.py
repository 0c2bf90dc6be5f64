"""Instances and plans in other tools' forms: exact there and back, and malformed ones refused in one line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeopt.problem import EdgeoptError, Instance, InvalidFile, InvalidInstance, InvalidPlan, Plan
from edgeopt.problem.exchange import (
    INSTANCE_SUFFIXES,
    from_long_table,
    from_xarray,
    load_instance,
    load_netcdf,
    load_plan_csv,
    load_table,
    save_instance,
    save_plan_csv,
    to_long_table,
    to_xarray,
)
from strategies import instances, instances_with_plans

FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)


@st.composite
def odd_instances(draw: Any) -> Instance:
    """Instances with names that break naive files, and the numbers at the edges of float64."""
    instance = draw(instances(max_slots=4, max_models=3, max_services=3))
    names = {
        f"{axis}_names": draw(st.lists(NAMES, min_size=count, max_size=count, unique=True))
        for axis, count in (
            ("server", instance.servers), ("model", instance.models), ("service", instance.services),
        )
    }  # fmt: skip
    requests = instance.requests.copy()
    requests[-1] = draw(st.sampled_from([0, 10**9]))
    cost = draw(st.sampled_from([5e-324, -0.0, 0.1, 1 / 3, 1e100]))
    return instance.replace(requests=requests, cloud_cost=cost, **names)


@FEW
@given(odd_instances())
def test_xarray_and_pandas_are_exact(instance: Instance) -> None:
    assert from_xarray(to_xarray(instance)) == instance
    assert from_long_table(to_long_table(instance)) == instance


@FEW
@given(odd_instances(), st.randoms(use_true_random=False))
def test_order_of_dimensions_and_of_requests_does_not_matter(instance: Instance, random: Any) -> None:
    dataset = to_xarray(instance)
    dimensions = list(dataset.dims)
    random.shuffle(dimensions)
    assert from_xarray(dataset.transpose(*dimensions)) == instance
    table = to_long_table(instance)
    requests = table[table["array"] == "requests"].sample(frac=1, random_state=random.randrange(2**31))
    others = table[table["array"] != "requests"]
    assert from_long_table(pd.concat([requests, others])) == instance


@pytest.mark.parametrize("suffix", INSTANCE_SUFFIXES)
@FEW
@given(instance=odd_instances())
def test_files_are_exact_and_equal_bytes_for_equal_instances(
    tmp_path: Path, suffix: str, instance: Instance
) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    save_instance(instance, first)
    assert load_instance(first) == instance
    save_instance(instance, second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("suffix", INSTANCE_SUFFIXES)
def test_names_that_break_naive_files_survive(tmp_path: Path, suffix: str) -> None:
    names = ["a\rb", "a\r\nb", '"', ",", "NA", "", " ", "nan", "1", "é 火", "\ufeff", "\x1a", "null", "#"]
    instance = Instance(
        requests=np.ones((2, len(names))),
        service_model=np.arange(len(names)),
        memory=1,
        footprint=np.ones(len(names)),
        cloud_cost=1,
        server_names=[""],
        model_names=names,
        service_names=names[::-1],
    )
    save_instance(instance, tmp_path / f"odd{suffix}")
    assert load_instance(tmp_path / f"odd{suffix}").model_names == tuple(names)
    assert load_instance(tmp_path / f"odd{suffix}") == instance
    plan = Plan(np.ones((2, 1, len(names))), np.ones((2, 1, len(names))))
    save_plan_csv(plan, instance, tmp_path / "plan.csv")
    assert load_plan_csv(tmp_path / "plan.csv", instance) == plan


SMALL = Instance(
    requests=[[[3, 0]], [[0, 2]]],
    service_model=[0, 1],
    memory=4,
    footprint=[2, 3],
    cloud_cost=1,
    model_names=["llama", "qwen"],
)


def test_dataset_has_units_names_and_dimensions() -> None:
    dataset = to_xarray(SMALL)
    assert dataset["requests"].dims == ("slot", "server", "service")
    assert dataset["footprint"].attrs["units"] == "bytes"
    assert float(dataset["footprint"].sel(model="qwen")) == 3
    assert dict(dataset.sizes) == {"slot": 2, "server": 1, "service": 2, "model": 2, "context": 1}


def test_what_xarray_selects_is_an_instance_again() -> None:
    part = from_xarray(to_xarray(SMALL).isel(slot=slice(1, 2)))
    assert part == SMALL.window_slots(1, 2)


def test_a_dataset_may_leave_out_defaults_names_and_dimensions() -> None:
    dataset = xr.Dataset(
        {
            "requests": (("service", "slot"), np.array([[3, 0], [0, 2]])),
            "service_model": ("service", [0, 1]),
            "memory": ((), 4.0),
            "footprint": ("model", [2.0, 3.0]),
            "cloud_cost": ("server", [1.0]),
        },
        coords={"model": ["llama", "qwen"]},
    )
    assert from_xarray(dataset) == SMALL


def test_long_table_by_hand() -> None:
    table = to_long_table(SMALL)
    requests = table[table["array"] == "requests"]
    found = requests[["slot", "server", "service", "value"]].to_numpy().tolist()
    assert found == [
        [0, "server-0", "service-0", 3.0],
        [1, "server-0", "service-0", 0.0],
        [1, "server-0", "service-1", 2.0],
    ]


def test_a_table_by_hand_takes_defaults(tmp_path: Path) -> None:
    (tmp_path / "site.csv").write_text(
        "array,slot,server,model,service,context,value\n"
        "memory,,server-0,,,,4\n"
        "footprint,,,llama,,,2\nfootprint,,,qwen,,,3\n"
        "service_model,,,,service-0,,0\nservice_model,,,,service-1,,1\n"
        "cloud_cost,,server-0,,service-0,,1\ncloud_cost,,server-0,,service-1,,1\n"
        "requests,1,server-0,,service-1,,2\nrequests,0,server-0,,service-0,,3\n"
    )
    assert load_table(tmp_path / "site.csv") == SMALL


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="value"), "column 'value' is missing"),
        (lambda table: table[table["array"] != "memory"], "array 'memory' is missing"),
        (lambda table: pd.concat([table, table[-1:]]), "two rows for the same place"),
        (lambda table: table[:-1], "cloud_cost has no row for server number 0, service number 1"),
        (lambda table: table.assign(array="weight"), "unknown array 'weight'"),
        (lambda table: table.assign(slot=10**12), "must be a whole number from 0"),
        (lambda table: table.assign(slot=10**8), "at most 200,000,000"),
        (lambda table: table.assign(value="many"), "something other than numbers"),
        (lambda table: table.assign(value=math.nan), "must be a number"),
        (lambda table: table.assign(server=table["model"]), "memory"),
    ],
)
def test_wrong_tables_are_refused(change: Any, said: str) -> None:
    with pytest.raises(InvalidInstance, match=said):
        from_long_table(change(to_long_table(SMALL)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.drop_vars("memory"), "'memory' is missing"),
        (lambda data: data.assign(weight=1), "unknown variable 'weight'"),
        (lambda data: data.rename(slot="time"), "dimension 'time'"),
        (lambda data: data.assign_coords(server=[7]), "coordinate 'server'"),
        (lambda data: data.assign(memory=data["memory"] * np.nan), r"memory\[0\] = nan"),
        (lambda data: data.assign(memory=data["memory"].astype(str)), "expected numbers"),
        (lambda data: data.assign_attrs(slot_seconds="long"), "slot_seconds"),
    ],
)
def test_wrong_datasets_are_refused(change: Any, said: str) -> None:
    with pytest.raises(InvalidInstance, match=said):
        from_xarray(change(to_xarray(SMALL)))


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "four.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(InvalidFile, match="nccopy"):
        load_netcdf(tmp_path / "four.nc")
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(tmp_path / "other.nc", engine="scipy")
    with pytest.raises(InvalidFile, match="expected 'instance/1'"):
        load_netcdf(tmp_path / "other.nc")
    pd.DataFrame({"array": [["a", "list"]]}).to_parquet(tmp_path / "list.parquet")
    with pytest.raises(InvalidFile, match="is of type"):
        load_table(tmp_path / "list.parquet")
    for suffix in INSTANCE_SUFFIXES:
        for content in (b"", b"CDF\x02", b"PAR1", b"a,b\n1", b"{}", bytes(range(256))):
            (tmp_path / f"bad{suffix}").write_bytes(content)
            with pytest.raises(EdgeoptError) as caught:
                load_instance(tmp_path / f"bad{suffix}")
            assert "\n" not in str(caught.value)
        with pytest.raises(InvalidFile, match="cannot be read"):
            load_instance(tmp_path / f"none{suffix}")


@FEW
@given(case=instances_with_plans(max_slots=5))
def test_plans_as_csv_are_exact(tmp_path: Path, case: tuple[Instance, Plan]) -> None:
    instance, plan = case
    save_plan_csv(plan, instance, tmp_path / "plan.csv")
    assert load_plan_csv(tmp_path / "plan.csv", instance) == plan


HEAD = "decision,slot,server,name,value\n"


def test_plan_csv_by_hand(tmp_path: Path) -> None:
    plan = Plan(cached=[[[1, 0]], [[0, 0]]], served=[[[2, 0]], [[0, 0]]])
    save_plan_csv(plan, SMALL, tmp_path / "plan.csv")
    text = (tmp_path / "plan.csv").read_text()
    assert text == HEAD + "cached,0,server-0,llama,1\nserved,0,server-0,service-0,2\n"


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("cached,0,server-0,gpt,1", InvalidFile, "line 2: 'gpt' is no name"),
        ("loaded,0,server-0,llama,1", InvalidFile, "line 2: 'loaded'"),
        ("cached,2,server-0,llama,1", InvalidFile, "only slots 0 to 1"),
        ("cached,-1,server-0,llama,1", InvalidFile, "only slots 0 to 1"),
        ("cached,0,server-0,llama", InvalidFile, "no line of a plan"),
        ("cached,0,server-0,llama,yes", InvalidFile, "no line of a plan"),
        ("cached,0,server-0,llama,1\ncached,0,server-0,llama,1", InvalidFile, "line 3: no line.*same place"),
        ("cached,0,server-0,llama,2", InvalidPlan, "whole number from 0 to 1"),
        ("served,0,server-0,service-0," + "9" * 30, InvalidFile, "no line of a plan"),
        ('"cached,0', InvalidFile, "no line of a plan"),
    ],
)
def test_wrong_plan_lines_are_refused(tmp_path: Path, line: str, error: type[Exception], said: str) -> None:
    (tmp_path / "plan.csv").write_text(HEAD + line + "\n")
    with pytest.raises(error, match=said):
        load_plan_csv(tmp_path / "plan.csv", SMALL)


def test_a_plan_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPlan, match="does not fit the instance"):
        save_plan_csv(Plan.cloud_only(1, 1, 2, 2), SMALL, tmp_path / "plan.csv")
    (tmp_path / "plan.csv").write_text("a,b\n")
    with pytest.raises(InvalidFile, match="the first line must be"):
        load_plan_csv(tmp_path / "plan.csv", SMALL)
