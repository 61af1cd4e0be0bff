// The heat map: entities in rows, detections in columns, alerts counted.

const ENTITIES_AT_FIRST = 12;
const ENTITIES_MORE = 50;
let entitiesShown = ENTITIES_AT_FIRST;

function drawHeatmap() {
  const alerts = passing("detection", "account", "entity");
  const detections = heatColumns(alerts);
  const rows = heatRows(alerts);
  const shown = rows.slice(0, entitiesShown);
  const container = byId("heatmap");
  byId("heatmap-caption").textContent =
    `${counted(rows.length, "entity", "entities")} by ${counted(detections.length, "detection")}`;
  keepingFocus(container, () => container.replaceChildren(heatTable(shown, detections)));
  oneStop(container, container.querySelector("[data-x]"));
  const more = byId("more-entities");
  more.hidden = shown.length === rows.length;
  more.textContent = `Show ${number(Math.min(ENTITIES_MORE, rows.length - shown.length))} more`;
}

/** The detections that fired, by service and title. */
function heatColumns(alerts) {
  const found = new Map();
  for (const alert of alerts) found.set(alert.detection, alert);
  return [...found.values()].sort((a, b) => compare(a.title, b.title));
}

/** The entities that fired, the worst and busiest first. */
function heatRows(alerts) {
  const found = new Map();
  for (const alert of alerts) {
    const row = rowOf(found, alert);
    row.total += 1;
    row.worst = Math.max(row.worst, SEVERITIES.indexOf(alert.severity));
    row.counts.set(alert.detection, (row.counts.get(alert.detection) ?? 0) + 1);
  }
  return [...found.values()].sort((a, b) => b.worst - a.worst || b.total - a.total);
}

function rowOf(found, alert) {
  const key = entityKey(alert);
  if (!found.has(key)) found.set(key, { alert, total: 0, worst: -1, counts: new Map() });
  return found.get(key);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function heatTable(rows, detections) {
  const most = Math.max(...rows.flatMap((row) => [...row.counts.values()]));
  return el(
    "table",
    { class: "heat" },
    el("thead", {}, serviceRow(detections), el("tr", {}, detections.map(heatHead))),
    el("tbody", {}, rows.map((row, y) => heatRow(row, y, detections, most))),
  );
}

/** Titles begin with their service: `EC2 - Multiple instances created`. */
function serviceRow(detections) {
  const services = [];
  for (const { title } of detections) {
    const service = splitTitle(title)[0];
    if (services.at(-1)?.service === service) services.at(-1).span += 1;
    else services.push({ service, span: 1 });
  }
  return el(
    "tr",
    {},
    el("th", { rowspan: 2, scope: "col", class: "corner" }, el("span", { class: "unseen" }, "Entity")),
    services.map(({ service, span }) => el("th", { colspan: span, scope: "colgroup", class: "service" }, service)),
  );
}

function splitTitle(title) {
  const at = title.indexOf(" - ");
  return at > 0 && at < 20 ? [title.slice(0, at), title.slice(at + 3)] : ["", title];
}

function heatHead({ title, detection, severity }) {
  return el(
    "th",
    { scope: "col", class: "upright", title },
    el(
      "a",
      { href: hashWith({ detection, account: null, entity: null, page: null }), class: state.detection === detection ? "chosen" : null, "data-key": detection },
      el("span", { class: `dot fill ${severity}`, "aria-hidden": "true" }),
      el("span", {}, splitTitle(title)[1]),
    ),
  );
}

function heatRow({ alert, total, counts }, y, detections, most) {
  const { entity_id: entity, account_id: account } = alert;
  const name = shortEntity(entity, account);
  const chosen = state.entity === entity && (!state.account || state.account === account);
  return el(
    "tr",
    {},
    el(
      "th",
      { scope: "row", class: "who" },
      el(
        "a",
        {
          href: hashWith({ entity, account, detection: null, page: null }), title: entity,
          class: chosen ? "chosen" : null, "data-x": -1, "data-y": y, "data-key": entityKey(alert),
        },
        el("bdi", {}, name),
      ),
      el("span", { class: "sub" }, `${account} · ${counted(total, "alert")}`),
    ),
    detections.map(({ detection, title }, x) =>
      heatCell(counts.get(detection), { x, y, most, detection, title, entity, account, name }),
    ),
  );
}

function heatCell(count, { x, y, most, detection, title, entity, account, name }) {
  if (!count) return el("td");
  const level = 1 + Math.floor((5 * Math.log(count)) / Math.log(Math.max(most, 20) + 1));
  const chosen = state.detection === detection && state.entity === entity;
  return el(
    "td",
    {},
    el(
      "a",
      {
        href: hashWith({ detection, entity, account, page: null }),
        class: `heat-${level}${chosen ? " chosen" : ""}`,
        "aria-label": `${name}, ${title}: ${counted(count, "alert")}`,
        title: `${name} · ${title}`,
        "data-x": x, "data-y": y, "data-key": `${detection}\0${account}\0${entity}`,
      },
      number(count),
    ),
  );
}
