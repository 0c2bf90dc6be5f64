// Tables whose rows a click on a heading sorts: numbers by what the results hold, the rest by their letters.

function startSorting(root) {
  for (const heading of root.querySelectorAll("th[aria-sort] > button")) {
    heading.addEventListener("click", () => sortBy(heading.parentElement));
  }
}

function sortBy(heading) {
  const table = heading.closest("table");
  const upwards = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of table.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", upwards ? "ascending" : "descending");
  const body = table.tBodies[0];
  for (const opened of body.querySelectorAll(":scope > tr.opened")) opened.hidden = true;
  for (const button of body.querySelectorAll("button.open")) button.setAttribute("aria-expanded", "false");
  const rows = [...body.rows].filter((row) => !row.classList.contains("opened"));
  rows.sort((a, b) => compared(key(a, heading.cellIndex), key(b, heading.cellIndex), upwards));
  body.append(...rows);
}

function key(row, column) {
  const { value } = row.cells[column].dataset;
  if (value === undefined) return row.cells[column].textContent;
  return value === "" ? null : Number(value);
}

// What has no number comes last in both directions.
function compared(a, b, upwards) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  return upwards ? order : -order;
}
