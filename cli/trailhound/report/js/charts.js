// The timeline: alerts in columns of a minute or more, stacked by severity.

const MINUTE = 60_000;
const STEPS = [1, 5, 15, 60, 180, 360, 1440, 10_080, 40_320, 131_040, 524_160];
const MONDAY = 4 * 1440 * MINUTE; // the first one after 1970 began
const MOST_COLUMNS = 100;
const TICKS = [1, 5, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080, 20_160, 40_320, 131_040, 524_160, Infinity];
const TICK_ROOM = 84;
const CHART = { height: 190, top: 10, bottom: 26, left: 36, right: 6 };
const STEP_NAMES = {
  1: "minute", 5: "5 minutes", 15: "quarter of an hour", 60: "hour", 180: "3 hours",
  360: "6 hours", 1440: "day", 10080: "week", 40320: "4 weeks", 131040: "13 weeks",
  524160: "52 weeks",
};

function drawTimeline(width = byId("timeline").clientWidth) {
  const container = byId("timeline");
  const span = timeSpan();
  const columns = timeColumns(passing("from", "to"), span);
  byId("timeline-caption").textContent = `alerts per ${STEP_NAMES[span.step / MINUTE]}`;
  keepingFocus(container, () => container.replaceChildren(timeline(columns, span, width)));
  oneStop(container, container.querySelector("[data-x]"));
}

/** From when to when, and in what steps: the chosen period, else that of all alerts. */
function timeSpan() {
  let first = data.alerts[0].time;
  let last = first;
  for (const alert of data.alerts) {
    first = Math.min(first, alert.time);
    last = Math.max(last, alert.time);
  }
  const longest = STEPS.at(-1) * MINUTE;
  const from = state.from ? Math.max(Date.parse(state.from), first - longest) : first;
  const to = state.to ? Math.min(Date.parse(state.to), last + longest) : last + 1;
  const minutes = STEPS.find((each) => to - from <= each * MINUTE * MOST_COLUMNS) ?? STEPS.at(-1);
  const step = minutes * MINUTE;
  const start = Math.floor(from / Math.min(step, 1440 * MINUTE)) * Math.min(step, 1440 * MINUTE);
  return { start, step, count: Math.max(1, Math.ceil((to - start) / step)) };
}

function timeColumns(alerts, { start, step, count }) {
  const columns = Array.from({ length: count }, (_, i) => ({
    from: start + i * step, to: start + (i + 1) * step, total: 0,
    low: 0, medium: 0, high: 0, critical: 0,
  }));
  for (const alert of alerts) {
    const column = columns[Math.floor((alert.time - start) / step)];
    if (column) {
      column[alert.severity] += 1;
      column.total += 1;
    }
  }
  return columns;
}

function timeline(columns, span, width) {
  const most = niceTop(Math.max(...columns.map((column) => column.total)));
  const inner = { width: width - CHART.left - CHART.right, height: CHART.height - CHART.top - CHART.bottom };
  const scale = {
    x: (i) => CHART.left + (i * inner.width) / columns.length,
    y: (count) => CHART.top + inner.height * (1 - count / most),
    bar: Math.min(26, Math.max(1.5, (inner.width / columns.length) * 0.78)),
    column: inner.width / columns.length,
  };
  return svg(
    "svg",
    { width, height: CHART.height, viewBox: `0 0 ${width} ${CHART.height}`, role: "group", "aria-label": "Timeline" },
    countAxis(most, scale, width),
    timeAxis(span, scale),
    columns.map((column, i) => (column.total ? timeBar(column, i, scale) : null)),
  );
}

/** The end of the axis: even, so that its middle is a whole number. */
function niceTop(most) {
  if (most <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(most));
  const factor = [1, 2, 4, 6, 8, 10].find((each) => each * power >= most && (each * power) % 2 === 0);
  return (factor ?? 20) * power;
}

function countAxis(most, scale, width) {
  return [0, most / 2, most].map((count) =>
    svg(
      "g",
      { class: "axis", "aria-hidden": "true" },
      svg("line", { x1: CHART.left, x2: width - CHART.right, y1: scale.y(count), y2: scale.y(count) }),
      svg("text", { x: CHART.left - 8, y: scale.y(count) + 4, "text-anchor": "end" }, number(count)),
    ),
  );
}

/** Marks at round times, as many as have room. */
function timeAxis({ start, step, count }, scale) {
  const every = TICKS.map((each) => each * MINUTE).find((each) => (each / step) * scale.column >= TICK_ROOM);
  const ticks = [];
  for (let time = Math.ceil((start - MONDAY) / every) * every + MONDAY; time < start + count * step; time += every) {
    const x = scale.x((time - start) / step);
    if (x + TICK_ROOM / 2 <= scale.x(count)) ticks.push(tick(time, x));
  }
  return ticks;
}

function tick(time, x) {
  const iso = new Date(time).toISOString();
  const isMidnight = time % (1440 * MINUTE) === 0;
  const text = isMidnight ? iso.slice(0, 10) : iso.slice(11, 16);
  return svg(
    "g",
    { class: `axis${isMidnight ? " day" : ""}`, "aria-hidden": "true" },
    svg("line", { x1: x, x2: x, y1: CHART.height - CHART.bottom, y2: CHART.height - CHART.bottom + 5 }),
    svg("text", { x, y: CHART.height - 5 }, text),
  );
}

function timeBar(column, i, scale) {
  const x = scale.x(i) + (scale.column - scale.bar) / 2;
  let below = 0;
  const parts = SEVERITIES.filter((severity) => column[severity]).map((severity) => {
    const y = scale.y(below + column[severity]);
    const height = scale.y(below) - y;
    below += column[severity];
    return svg("rect", { class: `fill ${severity}`, x, y, width: scale.bar, height });
  });
  const label = columnLabel(column);
  return svg(
    "a",
    {
      href: hashWith({ from: shortIso(column.from), to: shortIso(column.to), page: null }),
      "aria-label": label, "data-x": i, "data-y": 0, "data-key": column.from,
    },
    svg("title", {}, label),
    svg("rect", { class: "reach", x: scale.x(i), y: CHART.top, width: scale.column, height: scale.y(0) - CHART.top }),
    parts,
  );
}

function shortIso(time) {
  return new Date(time).toISOString().replace(":00.000Z", "Z");
}

function columnLabel(column) {
  const parts = SEVERITIES.filter((each) => column[each]).reverse().map((each) => `${number(column[each])} ${each}`);
  return `${period(column.from, column.to)}: ${counted(column.total, "alert")}, ${parts.join(", ")}`;
}

/** A period in words; a day is named by its date alone. */
function period(from, to) {
  const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()];
  const days = (to - from) / (1440 * MINUTE);
  if (days === 1 && from % (1440 * MINUTE) === 0) return start.slice(0, 10);
  if (days > 1) return `${start.slice(0, 10)} – ${new Date(to - 1).toISOString().slice(0, 10)}`;
  return `${start.slice(0, 10)} ${start.slice(11, 16)} – ${end.slice(11, 16)}`;
}
