// What policies pay over time, relative to the best plans over the same slots.

const COLOURS = 8;

function curvesFigure(figure, entry) {
  const { edges, best, marks } = entry.curves;
  const seen = (name) => entry.clairvoyant.includes(name);
  const names = Object.keys(entry.curves.ratios).sort((a, b) => seen(a) - seen(b)); // keeps the order of costs
  const colour = (name) => names.indexOf(name) % COLOURS;
  const dashed = (name) => names.indexOf(name) >= COLOURS;
  const shown = new Set(entry.curves.shown);
  let kind = "ratios";

  const place = make("div", { class: "place" });
  const caption =
    "Cost over the best plans' cost in the same slots, summed over the test seeds; 1 is the best plans' own cost.";
  const kinds = choices({ ratios: "window by window", so_far: "from the start" }, kind, (chosen) => {
    kind = chosen;
    redraw();
  });
  const policies = toggles(names, shown, () => redraw());
  policies.forEach((chip, index) => chip.classList.add(`line-${colour(names[index])}`));
  figure.append(make("figcaption", {}, caption), make("div", { class: "chips" }, kinds, ...policies), place);

  function redraw(width = place.clientWidth) {
    const lines = names.filter((name) => shown.has(name)).map((name) => [name, entry.curves[kind][name]]);
    const values = lines.flatMap(([, line]) => line).filter((value) => value !== null);
    const low = Math.min(1, ...values);
    const high = Math.max(1, ...values);
    const pad = 0.06 * (high - low) || 0.05;
    const chart = axes({
      width,
      height: width < 500 ? 240 : 300,
      x: [0, edges.at(-1)],
      y: [low - pad, high + pad],
      xLabel: "slot",
      yLabel: "cost / best plans' cost",
      label: `${entry.name}: cost over time relative to the best plans`,
    });
    chart.svg.append(
      draw("path", { class: "one", d: `M${chart.across(0)} ${chart.down(1)}H${chart.across(edges.at(-1))}` }),
    );
    for (const [slot, word] of marks) {
      chart.svg.append(
        draw("path", { class: "shift", d: `M${chart.across(slot)} ${chart.top}V${chart.bottom}` }),
        draw("text", { class: "shift", x: chart.across(slot) + 4, y: chart.top + 10 }, word),
      );
    }
    for (const [name, line] of lines) {
      const dash = dashed(name) ? " dashed" : "";
      chart.svg.append(
        draw("path", {
          class: `line line-${colour(name)}${dash}`,
          "data-policy": name,
          d: steps(edges, line, chart.across, chart.down),
        }),
      );
    }
    follow(chart.svg, (event) => told(event, chart, lines), chart.hideCross);
    place.replaceChildren(chart.svg);
  }

  function told(event, chart, lines) {
    const slot = Math.min(Math.max(chart.valueAt(event), 0), edges.at(-1) - 1e-9);
    const window_ = edges.findIndex((edge, index) => slot >= edge && slot < edges[index + 1]);
    const from = kind === "ratios" ? edges[window_] : 0;
    chart.showCross((from + edges[window_ + 1]) / 2);
    const rows = lines
      .map(([name, line]) => [name, line[window_]])
      .sort((a, b) => (a[1] ?? Infinity) - (b[1] ?? Infinity))
      .map(([name, value]) =>
        make(
          "div",
          { class: "pair" },
          make("i", { class: `swatch line-${colour(name)}` }),
          make("span", {}, name),
          make("span", {}, asRatio(value)),
        ),
      );
    const until = edges[window_ + 1] - 1;
    const title = from === until ? `slot ${from}` : `slots ${from} to ${until}`;
    const pays = `best plans: ${Number(best[window_].toPrecision(4))} a slot`;
    showTip(
      event.clientX,
      event.clientY,
      make("b", {}, title),
      make("div", { class: "soft" }, pays),
      ...rows,
    );
  }

  onWidth(place, redraw);
}
