// Two clocks of a double Dutch auction meeting, a mark for every acceptance.

function auctionFigure(figure, entry) {
  const { auction } = entry;
  const { rounds, price } = auction;
  const place = make("div", { class: "place" });
  const caption = make(
    "figcaption",
    {},
    make("span", { class: "key" }, make("i", { class: "swatch buyer" }), "buyers' clock falls"),
    make("span", { class: "key" }, make("i", { class: "swatch seller" }), "sellers' clock rises"),
    make("span", { class: "key" }, make("i", { class: "meeting" }), "where they meet"),
    " Dots accept.",
  );
  figure.append(caption, place);

  const most = Math.max(...auction.values, ...auction.costs);
  const decimals = most > 0 ? Math.max(0, 3 - Math.floor(Math.log10(most))) : 2;
  const who = (side, index) =>
    side === "buyer" ? auction.buyers[index] : (auction.sellers[index] ?? "empty block");
  const report = (side, index) => (side === "buyer" ? auction.values : auction.costs)[index];
  const accepting = (round) =>
    ["buyer", "seller"].flatMap((side) =>
      round[`${side}s`].map(
        (index) => `${side} ${who(side, index)} (${grouped(report(side, index), decimals)}) accepts`,
      ),
    );

  function redraw(width) {
    const clocks = rounds
      .flatMap((round) => [round.buyer_clock, round.seller_clock])
      .filter((value) => value !== null);
    const [low, high] = [Math.min(...clocks, price), Math.max(...clocks, price)];
    const pad = 0.08 * (high - low) || 1;
    const chart = axes({
      width,
      height: width < 500 ? 220 : 260,
      x: [1, rounds.length + 1],
      y: [low - pad, high + pad],
      xLabel: "round",
      yLabel: "price of a block",
      label: "The clocks of the auction, round by round",
    });
    const edges = rounds.map((_, index) => index + 1).concat(rounds.length + 1);
    const meeting = `M${chart.across(1)} ${chart.down(price)}H${chart.across(rounds.length + 1)}`;
    chart.svg.append(draw("path", { class: "meeting", d: meeting }));
    for (const side of ["buyer", "seller"]) {
      const clock = rounds.map((round) => round[`${side}_clock`]);
      chart.svg.append(
        draw("path", { class: `line ${side}`, d: steps(edges, clock, chart.across, chart.down) }),
      );
      rounds.forEach((round, index) => {
        if (!round[`${side}s`].length || clock[index] === null) return;
        const at = { cx: chart.across(index + 1), cy: chart.down(clock[index]), r: 5 };
        chart.svg.append(draw("circle", { class: side, ...at }));
      });
    }
    follow(
      chart.svg,
      (event) => {
        const index = inside(chart.valueAt(event) - 1, rounds.length);
        const round = rounds[index];
        chart.showCross(index + 1);
        const shown = (value) => (value === null ? "not heard of" : grouped(value, decimals));
        const lines = [
          `buyers' clock ${shown(round.buyer_clock)}`,
          `sellers' clock ${shown(round.seller_clock)}`,
        ];
        showTip(
          event.clientX,
          event.clientY,
          ...tipLines([`round ${index + 1}`, ...lines, ...accepting(round)].join("\n")),
        );
      },
      chart.hideCross,
    );
    place.replaceChildren(chart.svg);
  }

  onWidth(place, redraw);
}
