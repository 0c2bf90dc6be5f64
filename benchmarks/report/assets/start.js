// Starts everything: scripts stand at the end of the page, so all elements are there.

const FIGURES = { curves: curvesFigure, caches: cachesFigure, auction: auctionFigure };

function startCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      const code = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "copied";
      } catch {
        window.getSelection().selectAllChildren(code); // no clipboard here: the reader copies what is selected
      }
    });
  }
}

// A button for the other scheme of colours than the one the reader's system prefers.
function startScheme() {
  const button = document.getElementById("scheme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const isDark = () => (chosen ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.textContent = isDark() ? "light" : "dark";
  };
  button.addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    document.documentElement.style.colorScheme = chosen;
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();
}

startScheme();
startTips();
startSorting(document);
startInstances();
startCopying();
for (const figure of document.querySelectorAll("[data-figure]")) {
  FIGURES[figure.dataset.figure](figure, DATA.cases[figure.dataset.case]);
}
