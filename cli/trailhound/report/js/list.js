// The filters and the list of alerts, a page at a time: the page stays light with any number.

const ON_A_PAGE = 50;
const ENTITIES_OFFERED = 500;
const SORTS = {
  severity: (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.order - b.order,
  time: (a, b) => a.order - b.order,
  detection: (a, b) => compare(a.title, b.title) || a.order - b.order,
  entity: (a, b) => compare(a.entity_id, b.entity_id) || compare(a.account_id, b.account_id) || a.order - b.order,
  count: (a, b) => a.observed - b.observed || a.order - b.order,
};
const FALLS_FIRST = new Set(["severity", "time", "count"]);

/** The alerts as they are listed now. */
function listedAlerts() {
  const [sort, falls] = sorting();
  const found = passing().sort(SORTS[sort]);
  return falls ? found.reverse() : found;
}

/** The column that the list is sorted by, and whether the greatest comes first. */
function sorting() {
  const [sort, direction] = (state.sort ?? "time.falling").split(".");
  return sort in SORTS ? [sort, direction === "falling"] : ["time", true];
}

function drawList() {
  const found = listedAlerts();
  const pages = Math.max(1, Math.ceil(found.length / ON_A_PAGE));
  const page = Math.min(pages, Math.max(1, Number.parseInt(state.page, 10) || 1));
  const rows = found.slice((page - 1) * ON_A_PAGE, page * ON_A_PAGE);
  const body = byId("list").tBodies[0];
  keepingFocus(body, () => body.replaceChildren(...rows.map(alertRow)));
  byId("list").hidden = found.length === 0;
  byId("nothing").hidden = found.length > 0;
  drawSorting();
  drawPager(page, pages);
  drawFound(found.length);
}

function alertRow(alert) {
  return el(
    "tr",
    { role: "row", class: alert.severity, "data-alert": alert.alert_id },
    el("td", { role: "cell" }, severityBadge(alert.severity)),
    el("td", { role: "cell", class: "time" }, el("time", { datetime: alert.triggered_at }, moment(alert.triggered_at))),
    el(
      "td",
      { role: "cell" },
      el("a", { class: "title", href: hashWith({ alert: alert.alert_id }), "data-key": alert.alert_id }, alert.title),
      el("span", { class: "sub" }, alert.is_continuation ? el("em", {}, "continued over midnight") : null, hint(alert)),
    ),
    el(
      "td",
      { role: "cell" },
      el("a", { class: "who", href: entityHash(alert), title: alert.entity_id }, el("bdi", {}, shortEntity(alert.entity_id, alert.account_id))),
      el("span", { class: "sub" }, alert.account_id),
    ),
    el("td", { role: "cell", class: "number" }, number(alert.observed), el("span", { class: "sub" }, ` of ${number(alert.threshold)}`)),
  );
}

function entityHash({ entity_id: entity, account_id: account }) {
  return hashOf({ entity, account, sort: state.sort });
}

/** The first kinds of evidence that hold something, each with its first values. */
function hint(alert) {
  const parts = [];
  for (const values of Object.values(alert.evidence ?? {})) {
    const texts = [values].flat().filter((each) => each !== null && each !== "").map(asText);
    if (texts.length) parts.push(texts.slice(0, 2).join(", ") + (texts.length > 2 ? ` +${texts.length - 2}` : ""));
  }
  const text = parts.join(" · ");
  return text.length > 110 ? `${text.slice(0, 109)}…` : text;
}

function asText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function drawSorting() {
  const [sort, falls] = sorting();
  for (const head of document.querySelectorAll("#list [data-sort]")) {
    if (head.dataset.sort === sort) head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

function sortBy(column) {
  const [sort, falls] = sorting();
  const next = sort === column ? !falls : FALLS_FIRST.has(column);
  go({ sort: `${column}.${next ? "falling" : "rising"}`, page: null }, { replace: true });
}

function drawPager(page, pages) {
  byId("pager").hidden = pages === 1;
  byId("page-number").textContent = `Page ${number(page)} of ${number(pages)}`;
  byId("previous-page").disabled = page === 1;
  byId("next-page").disabled = page === pages;
  byId("pager").dataset.page = page;
}

function turnPage(by) {
  go({ page: String(Number(byId("pager").dataset.page) + by) });
  byId("alerts").scrollIntoView();
}

function drawFound(count) {
  const all = data.alerts.length;
  byId("found").textContent = count === all ? counted(all, "alert") : `${number(count)} of ${counted(all, "alert")}`;
  byId("clear").hidden = !FILTERS.some((name) => state[name]);
  const whole = byId("whole-period");
  whole.hidden = !state.from && !state.to;
  if (!whole.hidden) {
    const span = timeSpan();
    const to = state.to ? Date.parse(state.to) : span.start + span.step * span.count;
    whole.textContent = `${period(Date.parse(state.from ?? 0), to)} ×`;
    whole.setAttribute("aria-label", `${whole.textContent.slice(0, -2)}: show the whole period`);
  }
}

/** Offer in the filters what the alerts hold. */
function fillFilters() {
  const filters = byId("filters");
  const detections = [...data.byDetection].map(([name, alerts]) => [alerts[0].title, name, alerts.length]);
  offer(filters.elements.detection, detections.sort((a, b) => compare(a[0], b[0])));
  const accounts = new Map();
  for (const alert of data.alerts) accounts.set(alert.account_id, (accounts.get(alert.account_id) ?? 0) + 1);
  offer(filters.elements.account, [...accounts].sort().map(([account, count]) => [account, account, count]));
  byId("account-filter").hidden = accounts.size < 2;
  const entities = [...new Set(data.alerts.map((alert) => alert.entity_id))].sort().slice(0, ENTITIES_OFFERED);
  byId("entities").replaceChildren(...entities.map((entity) => el("option", { value: entity })));
}

function offer(select, choices) {
  select.append(...choices.map(([label, value, count]) => el("option", { value }, `${label} (${number(count)})`)));
}

/** Make the filters show the present view, but leave alone what is being typed. */
function drawFilters() {
  const chosen = (state.severity ?? "").split(",");
  for (const input of byId("filters").elements) {
    if (input.name === "severity") input.checked = chosen.includes(input.value);
    else if (input.name && input !== document.activeElement) input.value = state[input.name] ?? "";
    else if (input.name && !state[input.name]) input.value = "";
  }
}

function readFilters() {
  const filters = byId("filters");
  const severity = [...filters.querySelectorAll("[name=severity]:checked")].map((each) => each.value);
  const { text, detection, account, entity } = filters.elements;
  go(
    {
      text: text.value.trim(), detection: detection.value, account: account.value,
      entity: entity.value.trim(), severity: severity.join(","), page: null,
    },
    { replace: true },
  );
}
