// What the page shows is said by the part of its address behind the #, so that every view has a
// link and the browser's Back works.

const SEVERITIES = ["low", "medium", "high", "critical"];
const FILTERS = ["text", "severity", "detection", "account", "entity", "from", "to"];
const data = { alerts: [], signals: [], byId: new Map(), byEntity: new Map(), byDetection: new Map() };
let state = {};

function loadData() {
  Object.assign(data, JSON.parse(byId("data").textContent));
  data.alerts = data.alerts.map(alertOf);
  data.signals = data.signals.map(alertOf);
  for (const alert of data.alerts) {
    listed(data.byEntity, entityKey(alert)).push(alert);
    listed(data.byDetection, alert.detection).push(alert);
  }
}

/** An alert or a signal by the names of its columns. */
function alertOf(row, order) {
  const alert = { order, time: 0 };
  data.columns.forEach((column, i) => (alert[column] = row[i]));
  alert.time = Date.parse(alert.triggered_at);
  data.byId.set(alert.alert_id, alert);
  return alert;
}

function listed(map, key) {
  if (!map.has(key)) map.set(key, []);
  return map.get(key);
}

function entityKey(alert) {
  return `${alert.account_id}\0${alert.entity_id}`;
}

function readState() {
  state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  for (const end of ["from", "to"]) {
    if (Number.isNaN(Date.parse(state[end]))) delete state[end];
  }
}

/** The address of the present view with some changes; null or "" takes a part away. */
function hashWith(changes) {
  return hashOf({ ...state, ...changes });
}

function hashOf(parts) {
  const kept = Object.entries(parts).filter(([, value]) => value);
  return `#${new URLSearchParams(kept)}`;
}

function go(changes, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", hashWith(changes));
  readState();
  render();
}

/** The alerts that pass all filters but those named. */
function passing(...except) {
  return data.alerts.filter(passes(...except));
}

/** Whether an alert or a signal passes all filters but those named. */
function passes(...except) {
  const tests = FILTERS.filter((name) => state[name] && !except.includes(name)).map((name) =>
    TESTS[name](state[name]),
  );
  return (alert) => tests.every((test) => test(alert));
}

const TESTS = {
  text: (value) => {
    const words = value.toLowerCase().split(/\s+/).filter(Boolean);
    return (alert) => words.every((word) => searched(alert).includes(word));
  },
  severity: (value) => {
    const wanted = new Set(value.split(","));
    return (alert) => wanted.has(alert.severity);
  },
  detection: (value) => (alert) => alert.detection === value,
  account: (value) => (alert) => alert.account_id === value,
  entity: (value) => {
    const isWhole = [data.alerts, data.signals].flat().some((alert) => alert.entity_id === value);
    const part = value.toLowerCase();
    return (alert) =>
      isWhole ? alert.entity_id === value : alert.entity_id.toLowerCase().includes(part);
  },
  from: (value) => (alert) => alert.time >= Date.parse(value),
  to: (value) => (alert) => alert.time < Date.parse(value),
};

/** All that an alert says, in lower case; made when it is first searched. */
function searched(alert) {
  alert.searched ??= data.columns
    .map((column) => (typeof alert[column] === "string" ? alert[column] : JSON.stringify(alert[column])))
    .join("\n")
    .toLowerCase();
  return alert.searched;
}

/** Draw again without losing the place of whoever works by keyboard. */
function keepingFocus(container, draw) {
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.closest("[data-key]")?.dataset.key;
  draw();
  if (!focused || container.contains(focused)) return;
  const same = [...container.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  (same ?? container.querySelector("[data-key]"))?.focus({ preventScroll: true });
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Make the marks of a chart one stop for the tab key, between which the arrow keys move. */
function rove(container) {
  container.addEventListener("keydown", (event) => {
    const here = event.target.closest("[data-x]");
    const next = here && ARROWS[event.key] && neighbour(container, here, ARROWS[event.key]);
    if (!next) return;
    event.preventDefault();
    oneStop(container, next);
    next.focus();
  });
}

function oneStop(container, chosen) {
  for (const each of container.querySelectorAll("[data-x]")) {
    each.setAttribute("tabindex", each === chosen ? "0" : "-1");
  }
}

function neighbour(container, here, [right, down]) {
  const [x, y] = [Number(here.dataset.x), Number(here.dataset.y)];
  let best = null;
  let least = Infinity;
  for (const each of container.querySelectorAll("[data-x]")) {
    const [dx, dy] = [each.dataset.x - x, each.dataset.y - y];
    const ahead = dx * right + dy * down;
    const aside = Math.abs(right ? dy : dx);
    const cost = ahead + aside * 1000;
    if (ahead > 0 && cost < least) [best, least] = [each, cost];
  }
  return best;
}
