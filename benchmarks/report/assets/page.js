// What all parts of the page share: its data, elements, numbers in words, and the box that hovering opens.

const DATA = JSON.parse(document.getElementById("data").textContent);

// Returns an HTML element; children are elements or text, never markup.
function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// Returns an SVG element.
function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Returns buttons of which each is pressed or not; a click turns one round and tells `changed` of it.
function toggles(names, on, changed) {
  return names.map((name) => {
    const button = make("button", { type: "button", class: "chip", "aria-pressed": on.has(name) }, name);
    button.addEventListener("click", () => {
      if (!on.delete(name)) on.add(name);
      button.setAttribute("aria-pressed", on.has(name));
      changed(name);
    });
    return button;
  });
}

// Returns buttons of which always one is pressed; `words` holds a word for each value.
function choices(words, value, changed) {
  const buttons = Object.entries(words).map(([each, word]) => {
    const button = make("button", { type: "button", class: "choice", "aria-pressed": each === value }, word);
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", other === button);
      changed(each);
    });
    return button;
  });
  return make("span", { class: "choices" }, ...buttons);
}

function grouped(value, decimals) {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

const NOTHING = "–";
const asRatio = (value) => (value === null ? NOTHING : value.toFixed(3));
const asPercent = (value) =>
  value === null ? NOTHING : `${(Math.round(1000 * value) / 10 + 0).toFixed(1)} %`;
const asCost = (value, decimals) => (value === null ? NOTHING : grouped(value, decimals));

const tip = document.getElementById("tip");

// Opens the box beside a point of the window, inside it whatever its size.
function showTip(x, y, ...content) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const width = document.documentElement.clientWidth;
  const left = x + 16 + box.width > width ? x - 16 - box.width : x + 16;
  const top = y + 16 + box.height > window.innerHeight ? y - 12 - box.height : y + 16;
  tip.style.left = `${Math.max(4, Math.min(left, width - box.width - 4))}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

function hideTip() {
  tip.hidden = true;
}

// Returns the lines of a box: the first one stands out.
function tipLines(text) {
  return text.split("\n").map((line, place) => make(place ? "div" : "b", {}, line));
}

// Anything with a data-tip opens the box; on a touch screen a tap does, and a tap elsewhere closes it.
function startTips() {
  const open = (event) => {
    const told = event.target.closest?.("[data-tip]");
    if (told) showTip(event.clientX, event.clientY, ...tipLines(told.dataset.tip));
    else if (!event.target.closest?.("[data-follows]")) hideTip();
  };
  document.addEventListener("pointermove", open);
  document.addEventListener("pointerdown", open);
  document.addEventListener("scroll", hideTip, { passive: true, capture: true });
  document.documentElement.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") hideTip();
  });
}

// Calls `at(event)` while a pointer is over an element or a finger on it, and `away()` when it leaves.
function follow(element, at, away) {
  element.dataset.follows = "";
  element.addEventListener("pointermove", at);
  element.addEventListener("pointerdown", at);
  element.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") {
      away();
      hideTip();
    }
  });
}

// Redraws when the element's width changes.
function onWidth(element, redraw) {
  let width = 0;
  new ResizeObserver(() => {
    if (element.clientWidth === width) return;
    width = element.clientWidth;
    if (width) redraw(width);
  }).observe(element);
}
