// Axes of a chart with lines, drawn in the pixels of its place so that letters keep their size.

// Returns steps of 1, 2 or 5 times a power of ten that divide a stretch into about `count` parts.
function niceTicks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => rough <= factor * power) ?? 10);
  const ticks = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + 1e-9 * step; place += 1)
    ticks.push(place * step);
  return { ticks, decimals: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// Returns an SVG with axes, and where values lie on it.
function axes({ width, height, x, y, xLabel, yLabel, label }) {
  const edge = { left: 46, right: 12, top: 22, bottom: 34 };
  const across = (value) => edge.left + ((value - x[0]) / (x[1] - x[0])) * (width - edge.left - edge.right);
  const down = (value) =>
    height - edge.bottom - ((value - y[0]) / (y[1] - y[0])) * (height - edge.top - edge.bottom);
  const svg = draw("svg", {
    class: "chart",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "aria-label": label,
  });
  const vertical = niceTicks(...y, 5);
  for (const tick of vertical.ticks) {
    svg.append(
      draw("path", { class: "grid", d: `M${edge.left} ${down(tick)}H${width - edge.right}` }),
      draw(
        "text",
        { x: edge.left - 6, y: down(tick) + 4, "text-anchor": "end" },
        tick.toFixed(vertical.decimals),
      ),
    );
  }
  for (const tick of niceTicks(...x, Math.min(8, width / 70)).ticks.filter(Number.isInteger)) {
    svg.append(
      draw("text", { x: across(tick), y: height - edge.bottom + 16, "text-anchor": "middle" }, String(tick)),
    );
  }
  svg.append(
    draw("text", { class: "label", x: edge.left, y: 12 }, yLabel),
    draw("text", { class: "label", x: width - edge.right, y: height - 4, "text-anchor": "end" }, xLabel),
  );
  // where a pointer is on the horizontal axis
  const valueAt = (event) => {
    const box = svg.getBoundingClientRect();
    return x[0] + ((event.clientX - box.left - edge.left) / (width - edge.left - edge.right)) * (x[1] - x[0]);
  };
  const cross = draw("path", { class: "cross", d: "" });
  svg.append(cross);
  const showCross = (value) =>
    cross.setAttribute("d", `M${across(value)} ${edge.top}V${height - edge.bottom}`);
  const hideCross = () => cross.setAttribute("d", "");
  return { svg, across, down, valueAt, showCross, hideCross, top: edge.top, bottom: height - edge.bottom };
}

// Returns the path of a line that keeps each value from one edge to the next; null leaves a gap.
function steps(edges, values, across, down) {
  let path = "";
  values.forEach((value, place) => {
    if (value === null) return;
    const joined = place > 0 && values[place - 1] !== null;
    path += `${joined ? "V" : `M${across(edges[place])} `}${down(value)}H${across(edges[place + 1])}`;
  });
  return path;
}
