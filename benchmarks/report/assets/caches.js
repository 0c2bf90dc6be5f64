// What the caches hold, model by model: demand, prices, and one lane for each plan. Hovering tells a slot.

const ROW = 10; // height of a model's row in the drawing's own units; a slot is 1 wide
const SHADES = 12;

// Returns one value a slot of a line such as "-*3 0 4*2"; a dash is a model outside the cache: null.
function readLine(line) {
  return line.split(" ").flatMap((part) => {
    const [value, times] = part.split("*");
    return Array(Number(times ?? 1)).fill(value === "-" ? null : Number(value));
  });
}

function cachesFigure(figure, entry) {
  const world = entry.caches;
  let server = world.server;
  const shown = new Set(world.plans.filter((plan) => plan.shown).map((plan) => plan.name));
  const extra = new Set(world.prices ? ["prices"] : []);
  const lanes = make("div", { class: "lanes" });
  const caption = make(
    "figcaption",
    {},
    make("span", { class: "key" }, make("i", { class: "ramp" }), "cached: stronger colour, fuller context"),
    make("span", { class: "key" }, make("i", { class: "loss" }), "evicted, context lost"),
  );
  const names = world.plans.map((plan) => plan.name);
  const switches = [...toggles([...extra], extra, redraw), ...toggles(names, shown, redraw)];
  if (world.servers.length > 1) switches.unshift(serverList());
  figure.append(caption, make("div", { class: "chips" }, ...switches), lanes);

  function serverList() {
    const list = make("select", { "aria-label": "server" });
    world.servers.forEach((name, place) => list.append(make("option", { value: place }, name)));
    list.value = server;
    list.addEventListener("change", () => {
      server = Number(list.value);
      redraw();
    });
    return list;
  }

  function redraw() {
    const demand = world.demand[server].map(readLine);
    const cost = world.prices && world.prices[server].map(readLine);
    const state = {
      world,
      server,
      demand,
      cost,
      slots: demand[0].length,
      lines: [],
    };
    const drawn = [lane(state, "Demand", "requests for each model", demand, "demand", null)];
    if (extra.has("prices"))
      drawn.push(lane(state, "Prices", "of a slot in the cache, which prove the bound", cost, "price", null));
    for (const plan of world.plans.filter(({ name }) => shown.has(name))) {
      const held = plan.context[server].map(readLine);
      const served = plan.served[server].map(readLine);
      const note = `loads: ${count(held, loaded)}, contexts lost: ${count(held, lost)}`;
      drawn.push(lane(state, plan.title, note, held, "cache", served));
    }
    const ticks = [0, 1, 2, 3, 4].map((part) =>
      make("span", {}, String(Math.round((state.slots * part) / 4))),
    );
    const foot = make("div", { class: "ticks" }, make("span", {}, "slot"), make("div", {}, ...ticks));
    lanes.replaceChildren(...drawn, foot);
  }

  redraw();
}

const loaded = (now, before) => now !== null && before === null;
const lost = (now, before) => now === null && before > 0;

function count(rows, happened) {
  const inRow = (row) => row.filter((now, slot) => happened(now, slot ? row[slot - 1] : null)).length;
  return rows.reduce((sum, row) => sum + inRow(row), 0);
}

function lane(state, title, note, rows, kind, served) {
  const { world, slots } = state;
  const shade = shadeOf(state, rows, kind);
  const label = `${title}: ${note}`;
  const svg = draw("svg", {
    class: `strip ${kind}`,
    viewBox: `0 0 ${slots} ${ROW * rows.length}`,
    preserveAspectRatio: "none",
    role: "img",
    tabindex: 0,
    "aria-label": label,
    style: `--rows:${rows.length}`,
  });
  rows.forEach((row, model) => {
    if (model % 2 === 0)
      svg.append(draw("rect", { class: "band", x: 0, y: ROW * model, width: slots, height: ROW }));
  });
  svg.append(...marks(rows, kind, shade));
  const line = draw("path", { class: "cross", d: "" });
  svg.append(line);
  state.lines.push(line);
  const cross = (slot) => {
    for (const each of state.lines)
      each.setAttribute("d", slot === null ? "" : `M${slot + 0.5} 0V${ROW * rows.length}`);
  };
  const tell = (slot, model, x, y) => {
    cross(slot);
    const parts = { demand: toldDemand, price: toldPrices, cache: toldCache }[kind](
      state,
      slot,
      rows,
      served,
    );
    const cells = (tag, words) => words.map((word) => make(tag, {}, word));
    const lines = parts.rows.map(([which, ...words]) =>
      make("tr", which === model ? { class: "here" } : {}, ...cells("td", [world.models[which], ...words])),
    );
    const head = make("tr", {}, ...cells("th", ["", ...parts.columns]));
    showTip(
      x,
      y,
      make("b", {}, `slot ${slot}: ${parts.title}`),
      ...(lines.length ? [make("table", {}, head, ...lines)] : []),
    );
  };
  follow(
    svg,
    (event) => {
      const box = svg.getBoundingClientRect();
      const slot = inside(((event.clientX - box.left) / box.width) * slots, slots);
      tell(
        slot,
        inside(((event.clientY - box.top) / box.height) * rows.length, rows.length),
        event.clientX,
        event.clientY,
      );
    },
    () => cross(null),
  );
  withArrows(svg, slots, tell);
  svg.addEventListener("blur", () => {
    cross(null);
    hideTip();
  });
  const names = make("div", { class: "names" }, ...world.models.map((name) => make("span", {}, name)));
  const heading = make("h4", {}, title, " ", make("small", {}, note));
  return make("div", { class: "lane" }, heading, names, svg);
}

function inside(value, count) {
  return Math.min(Math.max(Math.floor(value), 0), count - 1);
}

// The arrow keys step through the slots of a lane that has the focus.
function withArrows(svg, slots, tell) {
  let slot = 0;
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    slot = inside(slot + step, slots);
    const box = svg.getBoundingClientRect();
    tell(slot, null, box.left + ((slot + 0.5) / slots) * box.width, box.top + box.height / 2);
  });
}

// Returns the function from a value to a shade from 0 to SHADES; null draws nothing.
function shadeOf({ world }, rows, kind) {
  if (kind === "cache") {
    return (value, model) => (value === null ? null : share(value, world.room[model]));
  }
  const most = Math.max(...rows.map((row) => row.reduce((a, b) => Math.max(a, b), 0)));
  return (value) => (value > 0 ? Math.max(1, share(value, most)) : null);
}

function share(value, most) {
  return most > 0 ? Math.round((SHADES * value) / most) : 0;
}

// Draws all boxes of one shade as one path, and the lines where a context is lost as another: a page with
// long lanes stays small.
function marks(rows, kind, shade) {
  const faintest = kind === "cache" ? 0.22 : 0;
  const boxes = new Map();
  let losses = "";
  rows.forEach((row, model) => {
    const top = ROW * model;
    for (let slot = 0, end; slot < row.length; slot = end) {
      const level = shade(row[slot], model);
      end = slot + 1;
      while (end < row.length && shade(row[end], model) === level) end += 1;
      if (level !== null) {
        const box = `M${slot} ${top + 1}h${end - slot}v${ROW - 2}H${slot}z`;
        boxes.set(level, (boxes.get(level) ?? "") + box);
      } else if (kind === "cache" && slot > 0 && lost(row[slot], row[slot - 1])) {
        losses += `M${slot} ${top}v${ROW}`;
      }
    }
  });
  const opacity = (level) => (faintest + ((1 - faintest) * level) / SHADES).toFixed(2);
  const drawn = [...boxes].map(([level, d]) =>
    draw("path", { class: "box", d, "fill-opacity": opacity(level) }),
  );
  return losses ? [...drawn, draw("path", { class: "loss", d: losses })] : drawn;
}

// What a lane tells of a slot: a title, headings, and for each model its number and a word under each heading.

function toldDemand({ world }, slot, rows) {
  const asked = world.models.map((name, model) => [model, String(rows[model][slot])]);
  return { title: "demand", columns: ["requests"], rows: asked.filter(([model]) => rows[model][slot] > 0) };
}

function toldPrices({ world }, slot, rows) {
  const priced = world.models.map((name, model) => [model, String(rows[model][slot])]);
  return {
    title: "being cached costs",
    columns: ["price"],
    rows: priced.filter(([model]) => rows[model][slot] > 0),
  };
}

function toldCache({ world, server, demand, cost }, slot, rows, served) {
  const held = world.models.map((name, model) => model).filter((model) => rows[model][slot] !== null);
  const used = held.reduce((sum, model) => sum + world.footprint[model], 0);
  const said = held.map((model) => [
    model,
    `${rows[model][slot]} of ${world.room[model]}`,
    `${served[model][slot]} of ${demand[model][slot]}`,
    ...(cost ? [String(cost[model][slot])] : []),
  ]);
  const title = `memory ${bytes(used)} of ${bytes(world.memory[server])}`;
  return { title, columns: ["context", "served", ...(cost ? ["price"] : [])], rows: said };
}

function bytes(value) {
  return value >= 1e8 ? `${(value / 1e9).toFixed(1)} GB` : String(Number(value.toPrecision(4)));
}
