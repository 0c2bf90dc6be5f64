"""``edgeopt trace``: what a request trace looks like, and the instance that replays it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ..problem.instance import Instance
    from ..problem.traces import Trace, TraceStatistics

NAMES_SHOWN = 12


def trace(
    path: Annotated[Path, typer.Argument(help="A trace, plain or gzipped: CSV or JSON lines.")],
    format_name: Annotated[
        str,
        typer.Option(
            "--format", help="auto, azure, burstgpt, canonical (vidur), mooncake, qwen or servegen."
        ),
    ] = "auto",
    infer: Annotated[
        bool, typer.Option("--infer-sessions", help="Guess conversations from prefix blocks (heuristic).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Also build the instance and write it to this .npz or .json file.")
    ] = None,
    slot_seconds: Annotated[float, typer.Option(help="Instance: seconds per slot.")] = 60.0,
    servers: Annotated[int, typer.Option(help="Instance: number of equal servers.")] = 1,
    services: Annotated[int, typer.Option(help="Instance: number of services.")] = 24,
    models: Annotated[
        str, typer.Option(help="Instance: how many models, or names of the catalogue with commas.")
    ] = "",
    device: Annotated[str, typer.Option(help="Instance: device of the catalogue.")] = "L40S",
    group: Annotated[
        str, typer.Option(help="Instance: requests to services by auto, hash or length.")
    ] = "auto",
    scale: Annotated[
        float | None, typer.Option(help="Factor on the demand; for ServeGen on the rates (default 1/1000).")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Instance: train, validation or test part only.")] = None,
    start: Annotated[float, typer.Option(help="Instance: first second of the stretch to use.")] = 0.0,
    stop: Annotated[float | None, typer.Option(help="Instance: end of the stretch, in seconds.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn: thinning, ServeGen's arrivals.")] = 0,
    world: Annotated[int, typer.Option(help="Seed of what stays: who belongs to which service.")] = 0,
) -> None:
    """Describe a request trace, or turn it into an instance."""
    import math

    from ..problem.traces import from_trace, infer_sessions, trace_statistics
    from ..problem.traces.formats.servegen import RATE_SCALE

    loaded = _load(path, format_name, RATE_SCALE if scale is None else scale, seed, quiet=as_json)
    if infer:
        loaded = infer_sessions(loaded)
    instance = None
    if out is not None:
        instance = from_trace(
            loaded,
            slot_seconds=slot_seconds,
            servers=servers,
            models=_models(models),
            services=services,
            group=group,
            scale=scale,
            split=split,
            start=start,
            stop=math.inf if stop is None else stop,
            seed=seed,
            world=world,
            device=device,
        )
        instance.save(out)
    statistics = trace_statistics(loaded)
    if as_json:
        _print_json(loaded, statistics, instance, out)
    else:
        _print_tables(loaded, statistics, instance, out)


def _load(path: Path, format_name: str, rate_scale: float, seed: int, *, quiet: bool) -> Trace:
    from ..problem.traces import load_trace
    from .console import progress_bar

    with progress_bar(quiet=quiet) as bar:
        task = bar.add_task(f"reading {path.name} (bytes)", total=None)
        return load_trace(
            path,
            format_name,
            rate_scale=rate_scale,
            seed=seed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _models(text: str) -> int | list[str] | None:
    if not text:
        return None
    return int(text) if text.isdecimal() else [name.strip() for name in text.split(",")]


def _print_json(
    trace: Trace, statistics: TraceStatistics, instance: Instance | None, out: Path | None
) -> None:
    import json
    from dataclasses import asdict

    content: dict[str, Any] = {
        "provenance": asdict(trace.provenance),
        "accounting": asdict(trace.accounting),
        "statistics": statistics.as_dict(),
    }
    if instance is not None:
        content["instance"] = {
            "file": str(out),
            "digest": instance.digest(),
            "slots": instance.slots,
            "servers": instance.servers,
            "models": instance.models,
            "services": instance.services,
            "requests": int(instance.requests.sum()),
        }
    typer.echo(json.dumps(content, indent=2))


def _print_tables(
    trace: Trace, statistics: TraceStatistics, instance: Instance | None, out: Path | None
) -> None:
    from .console import console

    screen = console()
    screen.print(_figures(trace, statistics))
    screen.print(_rows(trace))
    for note in trace.provenance.notes:
        screen.print(f"note: {note}")
    if instance is not None:
        screen.print(f"wrote {out}: {instance!r}")


def _figures(trace: Trace, statistics: TraceStatistics) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table("figure", "value", title=escape(f"{trace.provenance.file} ({trace.provenance.format})"))
    for name, value in _lines(trace, statistics):
        table.add_row(escape(name), escape(value))
    return table


def _lines(trace: Trace, figures: TraceStatistics) -> list[tuple[str, str]]:
    absent = "-"
    lines = [
        ("requests" + (" (drawn from rates)" if trace.provenance.sampled else ""), f"{figures.requests:,}"),
        ("span", f"{figures.span_seconds:,.0f} s ({figures.span_seconds / 3600:,.2f} h)"),
        ("rate", absent if figures.rate is None else f"{figures.rate:.4g} requests/s"),
        ("burstiness (CV of gaps)", absent if figures.burstiness is None else f"{figures.burstiness:.2f}"),
    ]
    for name, tokens in (("prompt tokens", figures.prefill), ("answer tokens", figures.decode)):
        lines.append((f"{name}, mean", f"{tokens.mean:,.0f}"))
        quantiles = (tokens.percentiles[level] for level in (10, 50, 90, 99))
        lines.append((f"{name}, 10/50/90/99 %", " / ".join(f"{value:,.0f}" for value in quantiles)))
    lines += [
        (f"model {name}", f"{share:.1%}" if share >= 0.001 else "< 0.1%")
        for name, share in list(figures.models.items())[:NAMES_SHOWN]
    ]
    if len(figures.models) > NAMES_SHOWN:
        lines.append(("models", f"{len(figures.models)} in all"))
    if figures.clients is not None:
        lines.append(("clients", f"{figures.clients:,}"))
    how = "" if trace.provenance.sessions == "given" else f" ({trace.provenance.sessions})"
    lines.append((f"sessions{how}", absent if figures.sessions is None else f"{figures.sessions:,}"))
    if figures.turns_per_session is not None:
        lines.append(
            (
                "turns per session, mean/longest",
                f"{figures.turns_per_session:.2f} / {figures.longest_session}",
            )
        )
    if figures.think_seconds is not None:
        lines.append(("time between turns, median", f"{figures.think_seconds:,.0f} s"))
    if figures.prefix_hit_share is not None and figures.prefix_hit_token_share is not None:
        lines.append(("prefix blocks seen before", f"{figures.prefix_hit_share:.1%}"))
        lines.append(("prefix tokens seen before", f"{figures.prefix_hit_token_share:.1%}"))
    return lines


def _rows(trace: Trace) -> Table:
    from rich.table import Table

    from ..problem.traces.trace import DROP_REASONS

    account = trace.accounting
    table = Table("rows of the file", "number", "meaning")
    table.add_row("read", f"{account.rows_read:,}", "")
    table.add_row("taken over", f"{account.emitted:,}", "windows" if trace.provenance.sampled else "requests")
    for reason, count in account.dropped.items():
        table.add_row(f"dropped: {reason}", f"{count:,}", DROP_REASONS[reason])
    if account.reordered:
        table.add_row(
            "reordered", f"{account.reordered:,}", "stood after a later request; sorted, not dropped"
        )
    return table
