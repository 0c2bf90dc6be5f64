"""The report's looks: light and dark, wide and narrow."""

STYLE = """\
:root {
  --page: #f6f7f9; --card: #ffffff; --band: #f1f4f7; --line: #dfe4ea; --ink: #1b2430; --soft: #5b6675;
  --accent: #0b62a8; --warn: #8a4b00; --warn-back: #fff4df; --loss: #d0342c; --demand: #55606f;
  --switching: #d55e00; --transmission: #e3a008; --computation: #0072b2; --accuracy: #c06797;
  --cloud: #9aa5b4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151b; --card: #191f27; --ink: #e6eaf0; --soft: #98a3b3; --line: #2c3541; --band: #1f2630;
    --accent: #6bb3f2; --warn: #f5c26b; --warn-back: #33270f; --loss: #ff6b61; --demand: #aab5c4;
    --switching: #f2803c; --transmission: #edbb4f; --computation: #4f9fdd; --accuracy: #d98db6;
    --cloud: #667283;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header, main { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
.brand { margin: 0; color: var(--accent); font-weight: 600; letter-spacing: .02em; }
h1 { margin: 4px 0 16px; font-size: 30px; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 0 0 16px; font-size: 22px; line-height: 1.25; overflow-wrap: anywhere; }
h2 small { color: var(--soft); font-size: 15px; font-weight: 400; }
h3 { margin: 32px 0 8px; font-size: 17px; }
.findings { margin: 0 0 16px; padding: 0; list-style: none; font-size: 18px; }
.findings li + li { margin-top: 8px; }
nav { color: var(--soft); font-size: 14px; }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 3px; }
section {
  margin: 24px 0; padding: 28px; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
.facts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 16px;
  margin: 0 0 16px;
}
.facts div { padding-left: 12px; border-left: 3px solid var(--line); }
.facts dt { color: var(--soft); font-size: 13px; line-height: 1.35; }
.facts dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; }
.warning {
  padding: 10px 14px; border-radius: 6px; background: var(--warn-back); color: var(--warn); font-weight: 500;
}
.note, figcaption { color: var(--soft); font-size: 14px; }
.note { margin: 8px 0 0; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: right; vertical-align: baseline; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-size: 13px; font-weight: 500; line-height: 1.3; }
th:first-child {
  position: sticky; left: 0; padding-left: 0; background: var(--card); text-align: left; white-space: nowrap;
}
tbody th { font-weight: 500; }
td { white-space: nowrap; }
td small { display: inline-block; margin-left: 8px; color: var(--soft); font-size: 13px; }
.clairvoyant, .clairvoyant th { color: var(--soft); }
.mark { color: var(--accent); font-size: 11px; }
figure { margin: 0; }
figcaption { margin-bottom: 12px; }
.key { display: inline-block; margin-left: 10px; white-space: nowrap; }
.key i {
  display: inline-block; width: 12px; height: 12px; margin-right: 3px; border-radius: 2px;
  vertical-align: -1px;
}
.row { display: grid; grid-template-columns: 180px minmax(0, 1fr) 64px; gap: 12px; align-items: center; }
.row .name {
  overflow: hidden; font-size: 14px; text-align: right; text-overflow: ellipsis; white-space: nowrap;
}
.row .value { font-size: 14px; font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.row .track { position: relative; display: flex; min-height: 24px; align-items: center; align-self: stretch; }
.bars .track i { height: 16px; border-right: 1px solid var(--card); }
.bars .track::after {
  position: absolute; top: 0; bottom: 0; left: var(--best); border-left: 2px dashed var(--ink); content: "";
}
.key .bestline {
  width: 0; height: 14px; border-left: 2px dashed var(--ink); border-radius: 0; vertical-align: -2px;
}
.switching { background: var(--switching); } .transmission { background: var(--transmission); }
.computation { background: var(--computation); } .accuracy { background: var(--accuracy); }
.cloud { background: var(--cloud); }
.dots .track i { position: absolute; }
.dots .grid { top: 0; bottom: 0; border-left: 1px solid var(--line); }
.dots .grid.zero { border-left-color: var(--soft); }
.dots .range { height: 4px; border-radius: 2px; background: var(--accent); opacity: .4; }
.dots .dot { width: 10px; height: 10px; margin-left: -5px; border-radius: 50%; background: var(--accent); }
.dots .clairvoyant .dot { border: 2px solid var(--accent); background: var(--card); }
.dots .dot.outside { border-radius: 0; clip-path: polygon(0 50%, 100% 0, 100% 100%); }
.dots .axis .track span {
  position: absolute; color: var(--soft); font-size: 12px; white-space: nowrap; transform: translateX(-50%);
}
.lane, .ticks { display: grid; grid-template-columns: 180px minmax(0, 1fr); column-gap: 12px; }
.lane { margin-top: 14px; }
.lane h4 { grid-column: 2; margin: 0 0 2px; font-size: 14px; font-weight: 600; }
.lane h4 small { margin-left: 6px; color: var(--soft); font-size: 13px; font-weight: 400; }
.names span {
  display: block; height: 15px; overflow: hidden; color: var(--soft); font-size: 11px; line-height: 15px;
  text-align: right; text-overflow: ellipsis; white-space: nowrap;
}
svg { display: block; width: 100%; height: calc(var(--rows) * 15px); border-bottom: 1px solid var(--line); }
svg .band { fill: var(--band); }
svg.cache rect:not(.band) { fill: var(--computation); }
svg.demand rect:not(.band) { fill: var(--demand); }
svg .loss { stroke: var(--loss); stroke-width: 2px; vector-effect: non-scaling-stroke; }
.key .ramp { width: 48px; background: linear-gradient(90deg, transparent -25%, var(--computation)); }
.key .loss { width: 2px; border-radius: 0; background: var(--loss); }
.ticks { color: var(--soft); font-size: 12px; }
.ticks > span { text-align: right; }
.ticks div { display: flex; justify-content: space-between; }
.provenance { margin: 0 0 16px; font-size: 15px; }
.provenance div { display: grid; grid-template-columns: 110px minmax(0, 1fr); gap: 12px; padding: 6px 0; }
.provenance dt { color: var(--soft); }
.provenance dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: 8px 0 0; padding: 12px; overflow-x: auto; border-radius: 6px; background: var(--band); }
details { padding: 8px 0; border-top: 1px solid var(--line); }
summary { cursor: pointer; font-size: 15px; }
.gaps { margin-bottom: 16px; }
.gaps .relaxation { background: var(--loss); } .gaps .foresight { background: var(--cloud); }
.gaps .left { background: var(--computation); }
.gaps .track i { height: 16px; border-right: 1px solid var(--card); }
.ladder img { display: block; max-width: 100%; margin-bottom: 12px; border-radius: 6px; background: #fff; }
@media (max-width: 640px) {
  header, main { padding: 0 12px; }
  header { padding-top: 20px; }
  h1 { font-size: 24px; }
  .findings { font-size: 16px; }
  section { margin: 16px 0; padding: 18px 14px; }
  .facts { grid-template-columns: 1fr 1fr; gap: 12px; }
  .facts dd { font-size: 19px; }
  table { font-size: 13px; }
  th:nth-child(2), td:nth-child(2) { display: none; }
  thead th { font-size: 11px; }
  th, td { padding: 5px; }
  td small { display: block; margin: 0; font-size: 11px; }
  tbody th:first-child { min-width: 84px; white-space: normal; }
  .row { grid-template-columns: 92px minmax(0, 1fr) 50px; gap: 8px; }
  .row .name, .row .value { font-size: 12px; }
  .row .name { line-height: 1.15; white-space: normal; }
  .lane, .ticks { grid-template-columns: 64px minmax(0, 1fr); column-gap: 6px; }
  .names span { font-size: 10px; }
  .lane h4 { grid-column: 1 / -1; }
  .key { margin-left: 0; margin-right: 10px; }
  .provenance div { grid-template-columns: 1fr; gap: 0; }
}
"""
