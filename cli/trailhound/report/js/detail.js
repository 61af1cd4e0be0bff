// One alert in full, in a dialog beside the list.

const VALUES_AT_FIRST = 8;
const OTHERS_SHOWN = 12;
const LISTS = {
  source_ips: "Source addresses",
  user_agents: "User agents",
  access_key_ids: "Access keys",
  session_names: "Sessions",
  regions: "Regions",
  resources: "Resources",
  event_ids: "Event IDs",
};
const SHOWN_ABOVE = ["title", "evidence"];

function drawDetail() {
  const dialog = byId("detail");
  const alert = data.byId.get(state.alert);
  if (!alert) {
    if (dialog.open) dialog.close();
    return;
  }
  if (dialog.dataset.alert === alert.alert_id && dialog.open) return;
  dialog.dataset.alert = alert.alert_id;
  dialog.replaceChildren(detail(alert));
  dialog.scrollTop = 0;
  if (!dialog.open) dialog.showModal();
  byId("detail-title").focus();
}

/** When the dialog was closed by whatever way: the address says so, the list has the focus. */
function detailClosed() {
  const id = byId("detail").dataset.alert;
  byId("detail").replaceChildren();
  if (state.alert) go({ alert: null }, { replace: true });
  const rows = [...document.querySelectorAll(".list tbody tr")];
  const row = rows.find((each) => each.dataset.alert === id);
  row?.querySelector("a.title").focus();
}

function detail(alert) {
  const about = data.detections[alert.detection] ?? {};
  return el(
    "article",
    { class: alert.severity },
    detailHead(alert),
    el("p", { class: "sentence" }, sentence(alert)),
    detailSection("Evidence", definitions(evidenceOf(alert))),
    detailSection("Where from and with what", definitions(listsOf(alert))),
    detailSection("Why it matters", paragraphs(about.description)),
    triageSection(about, alert),
    bulletSection("False positives", about.falsePositives),
    bulletSection("Blind spots", about.blindSpots),
    detailSection("Other alerts", otherAlerts(alert)),
    detailSection("References", referenceList(alert, about)),
    el("details", {}, el("summary", {}, "All fields"), definitions(factsOf(alert))),
  );
}

function detailHead(alert) {
  return el(
    "header",
    {},
    el(
      "div",
      { class: "bar" },
      severityBadge(alert.severity),
      el("time", { datetime: alert.triggered_at }, `${moment(alert.triggered_at)} UTC`),
      stepLinks(alert),
      el("button", { type: "button", "data-close": true, class: "quiet" }, "Close"),
    ),
    el("h2", { id: "detail-title", tabindex: -1 }, alert.title),
  );
}

/** Links to the alerts before and after this one in the list. */
function stepLinks(alert) {
  const found = listedAlerts();
  const at = found.indexOf(alert);
  const link = (to, text, rel) =>
    to ? el("a", { href: hashWith({ alert: to.alert_id }), rel }, text) : el("span", {}, text);
  return el(
    "nav",
    { "aria-label": "Alerts in the list" },
    link(at < 0 ? null : found[at - 1], "Previous", "prev"),
    el("span", { class: "sub" }, at < 0 ? "" : `${number(at + 1)} / ${number(found.length)}`),
    link(at < 0 ? null : found[at + 1], "Next", "next"),
  );
}

function sentence(alert) {
  const who = el("a", { href: entityHash(alert) }, el("bdi", {}, shortEntity(alert.entity_id, alert.account_id)));
  const where = ` (${alert.entity_type.replaceAll("_", " ")}) in account ${alert.account_id}`;
  const reached = ` reached ${number(alert.observed)} against a threshold of ${number(alert.threshold)}`;
  if (alert.window_minutes === null) return [who, where, reached, " in one request."];
  return [
    who, where, reached, ` within ${counted(alert.window_minutes, "minute")}: `,
    `${counted(alert.event_count, "event")} from ${moment(alert.first_seen)} to ${moment(alert.last_seen)}.`,
    alert.is_continuation ? " It goes on from the day before." : "",
  ];
}

function detailSection(head, content) {
  return content ? el("section", {}, el("h3", {}, head), content) : null;
}

function bulletSection(head, texts) {
  return texts?.length ? detailSection(head, el("ul", {}, texts.map((text) => el("li", {}, text)))) : null;
}

function paragraphs(text) {
  return text ? el("div", {}, text.split("\n\n").map((each) => el("p", {}, each.replaceAll("\n", " ")))) : null;
}

/** Pairs of a name and values as a list of definitions; null if there are none. */
function definitions(pairs) {
  if (!pairs.length) return null;
  return el("dl", { class: "fields" }, pairs.map(([name, content]) => el("div", {}, el("dt", {}, name), el("dd", {}, content))));
}

function evidenceOf(alert) {
  return Object.entries(alert.evidence ?? {})
    .map(([name, values]) => [words(name), [values].flat()])
    .filter(([, values]) => values.length)
    .map(([name, values]) => [name, valueList(values)]);
}

function listsOf(alert) {
  return Object.entries(LISTS)
    .filter(([column]) => alert[column]?.length)
    .map(([column, name]) => [name, valueList(alert[column])]);
}

function factsOf(alert) {
  return data.columns
    .filter((column) => !(column in LISTS) && !SHOWN_ABOVE.includes(column))
    .map((column) => [words(column), factText(column, alert[column])]);
}

function factText(column, value) {
  if (value === null || value === "") return el("span", { class: "sub" }, "none");
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (/_(at|seen)$/.test(column)) return `${moment(value)} UTC`;
  return String(value);
}

function words(name) {
  const text = name.replaceAll("_", " ").replace(/\bids?\b/g, (id) => id.replace("id", "ID"));
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Values in a row each; many of them only when asked for. */
function valueList(values) {
  const item = (value) => el("li", {}, el("bdi", {}, asText(value)));
  const list = el("ul", { class: "values" }, values.slice(0, VALUES_AT_FIRST).map(item));
  const rest = values.slice(VALUES_AT_FIRST);
  if (!rest.length) return list;
  const more = el("button", { type: "button", class: "quiet" }, `${number(rest.length)} more`);
  more.addEventListener("click", () => {
    const added = rest.map(item);
    list.append(...added);
    more.remove();
    added[0].tabIndex = -1;
    added[0].focus();
  });
  return [list, more];
}

function triageSection(about, alert) {
  if (!about.triage?.length) return null;
  const steps = about.triage.map(({ question, pieces }) => triageStep(question, filledQuery(pieces, alert)));
  return detailSection("Triage", el("ol", { class: "triage" }, steps));
}

function triageStep(question, query) {
  const code = el("code", {}, lines(query));
  const pre = el("pre", { tabindex: 0, role: "group", "aria-label": "Query" }, code);
  const copy = el("button", { type: "button", class: "quiet" }, "Copy");
  copy.addEventListener("click", () => copyText(query, code, copy));
  return el("li", {}, el("p", {}, question), el("div", { class: "query" }, pre, copy));
}

/** Put a text on the clipboard; where the browser refuses, select it instead. */
async function copyText(text, shown, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(shown);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 1600);
}

function otherAlerts(alert) {
  const ofEntity = (data.byEntity.get(entityKey(alert)) ?? []).filter((each) => each !== alert);
  const ofDetection = (data.byDetection.get(alert.detection) ?? []).filter((each) => each !== alert);
  const links = [
    ofEntity.length ? el("a", { href: entityHash(alert) }, `All ${number(ofEntity.length + 1)} of this entity`) : null,
    ofDetection.length
      ? el("a", { href: hashOf({ detection: alert.detection, sort: state.sort }) }, `All ${number(ofDetection.length + 1)} of this detection`)
      : null,
  ].filter(Boolean);
  if (!links.length) return el("p", { class: "sub" }, "None of this entity, none of this detection.");
  return [
    ofEntity.length ? el("ul", { class: "others" }, nearest(ofEntity, alert).map(otherAlert)) : null,
    el("p", { class: "links" }, links),
  ];
}

/** Those nearest in time, in the order of time. */
function nearest(alerts, { time }) {
  const byDistance = [...alerts].sort((a, b) => Math.abs(a.time - time) - Math.abs(b.time - time));
  return byDistance.slice(0, OTHERS_SHOWN).sort(SORTS.time);
}

function otherAlert(alert) {
  return el(
    "li",
    {},
    el("time", { datetime: alert.triggered_at }, moment(alert.triggered_at)),
    el("span", { class: `dot fill ${alert.severity}`, title: alert.severity }),
    el("a", { href: hashWith({ alert: alert.alert_id }) }, el("span", { class: "unseen" }, `${alert.severity}: `), alert.title),
  );
}

function referenceList(alert, about) {
  const attack = alert.techniques.map((id) => [`ATT&CK ${id}`, attackAddress(id)]);
  const known = new Set(attack.map(([, address]) => address));
  const others = (about.references ?? []).filter((each) => !known.has(each)).map((each) => [each, webAddress(each)]);
  const items = [...attack, ...others].map(([text, address]) => el("li", {}, outsideLink(text, address)));
  return items.length ? el("ul", { class: "references" }, items) : null;
}

function attackAddress(technique) {
  const parts = /^(T\d{4})(?:\.(\d{3}))?$/.exec(technique);
  return parts && `https://attack.mitre.org/techniques/${parts.slice(1).filter(Boolean).join("/")}/`;
}

/** The address if it is one of the web, else null: a reference must not run a script. */
function webAddress(text) {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : null;
}

function outsideLink(text, address) {
  return address ? el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text) : text;
}
