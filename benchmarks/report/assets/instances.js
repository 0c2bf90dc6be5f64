// A click on a test instance opens its rows of the results under it.

const TERMS = ["switching", "transmission", "computation", "accuracy", "cloud"];

function startInstances() {
  for (const button of document.querySelectorAll("button.open")) {
    button.addEventListener("click", () => openInstance(button));
  }
}

function openInstance(button) {
  const row = button.closest("tr");
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", open);
  if (!open) {
    row.nextElementSibling.remove();
    return;
  }
  for (const stale of row.parentElement.querySelectorAll(":scope > tr.opened[hidden]")) stale.remove();
  const entry = DATA.cases[button.dataset.case];
  const found = instanceTable(entry, Number(button.dataset.seed));
  startSorting(found);
  row.after(make("tr", { class: "opened" }, make("td", { colspan: row.cells.length }, found)));
}

function instanceTable(entry, seed) {
  const place = Object.fromEntries(entry.columns.map((name, index) => [name, index]));
  const rows = entry.rows.filter((row) => row[place.seed] === seed);
  rows.sort((a, b) => a[place.cost] - b[place.cost]);
  const columns = [
    ["cost", (row) => row[place.cost], (value) => asCost(value, entry.decimals)],
    [
      "× best",
      (row) => (row[place.best_known] > 0 ? row[place.cost] / row[place.best_known] : null),
      asRatio,
    ],
    ["gap", (row) => row[place.gap_to_bound], asPercent],
    ["captured", (row) => row[place.captured], asPercent],
    ...TERMS.map((term) => [term, (row) => row[place[term]], (value) => asCost(value, entry.decimals)]),
    ["mean accuracy", (row) => row[place.mean_accuracy], asRatio],
  ];
  const heading = (name) =>
    make("th", { scope: "col", "aria-sort": "none" }, make("button", { type: "button" }, name));
  const cell = (value, text) => make("td", { "data-value": value === null ? "" : value }, text);
  const body = rows.map((row) => {
    const name = row[place.policy];
    const seen = name === "reference" || entry.clairvoyant.includes(name);
    const cells = columns.map(([, value, shown]) => cell(value(row), shown(value(row))));
    return make("tr", seen ? { class: "clairvoyant" } : {}, make("th", { scope: "row" }, name), ...cells);
  });
  const head = make(
    "thead",
    {},
    make("tr", {}, heading("policy"), ...columns.map(([name]) => heading(name))),
  );
  return make("table", { class: "one" }, head, make("tbody", {}, ...body));
}
