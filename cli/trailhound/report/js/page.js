// Puts the parts together: what is drawn when, and what the reader's hands do.

const TYPING_PAUSE = 120; // milliseconds
const PAPER_WIDTH = 640; // pixels that fit on A4 and Letter between the margins
let drawn = null;
let isStarted = false;

function render() {
  if (data.alerts.length) drawAlerts();
  drawSignals();
  drawDetail();
}

function drawAlerts() {
  const view = FILTERS.map((name) => state[name] ?? "").join("\0");
  if (drawn !== view) {
    drawFilters();
    drawTimeline();
    drawHeatmap();
    drawn = view;
  }
  drawList();
}

function start() {
  loadData();
  startTheme();
  drawCalendar();
  byId("more-accounts")?.addEventListener("click", () => {
    accountsShown += ACCOUNTS_AT_FIRST;
    drawCalendar();
  });
  if (data.alerts.length) {
    fillFilters();
    startFilters();
    startCharts();
    startPager();
    startPrint();
  }
  startSignals();
  startLists();
  startDetail();
  addEventListener("hashchange", addressChanged);
  addressChanged();
}

/** An address without = is a place on the page and leaves the view as it is. */
function addressChanged() {
  const isPlace = location.hash.length > 1 && !location.hash.includes("=");
  if (!isPlace || !isStarted) {
    isStarted = true;
    state = {};
    if (!isPlace) readState();
    render();
  }
}

function startTheme() {
  const button = byId("theme");
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const show = () => button.setAttribute("aria-pressed", isDark());
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    remember(document.documentElement.dataset.theme);
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
}

/** Where a browser keeps nothing for files, the choice lasts as long as the page. */
function remember(theme) {
  try {
    localStorage.setItem("trailhound-theme", theme);
  } catch {
    // The page works without.
  }
}

function applyRememberedTheme() {
  try {
    const theme = localStorage.getItem("trailhound-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // The page works without.
  }
}

function startFilters() {
  const filters = byId("filters");
  let pause = null;
  filters.addEventListener("input", (event) => {
    clearTimeout(pause);
    const isTyped = event.target.matches("[type=search], [type=text]");
    pause = setTimeout(readFilters, isTyped ? TYPING_PAUSE : 0);
  });
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pause);
    readFilters();
  });
  byId("clear").addEventListener("click", () => {
    go({ ...Object.fromEntries(FILTERS.map((name) => [name, null])), page: null });
    filters.elements.text.focus();
  });
  byId("whole-period").addEventListener("click", () => {
    go({ from: null, to: null, page: null });
    filters.elements.text.focus();
  });
}

function startCharts() {
  rove(byId("timeline"));
  rove(byId("heatmap"));
  byId("more-entities").addEventListener("click", () => {
    entitiesShown += ENTITIES_MORE;
    drawHeatmap();
  });
  let width = byId("timeline").clientWidth;
  new ResizeObserver(() => {
    if (byId("timeline").clientWidth === width) return;
    width = byId("timeline").clientWidth;
    drawTimeline();
  }).observe(byId("timeline"));
}

function startLists() {
  for (const { tBodies } of document.querySelectorAll(".list")) {
    tBodies[0].addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      const isReading = event.target.closest("a") || String(getSelection());
      if (row && !isReading) go({ alert: row.dataset.alert });
    });
  }
  for (const link of document.querySelectorAll("[data-to-list]")) {
    link.addEventListener("click", () => byId("alerts").scrollIntoView());
  }
}

function startPager() {
  for (const head of document.querySelectorAll("#list [data-sort]")) {
    head.querySelector("button").addEventListener("click", () => sortBy(head.dataset.sort));
  }
  byId("previous-page").addEventListener("click", () => turnPage(-1));
  byId("next-page").addEventListener("click", () => turnPage(1));
}

function startDetail() {
  const dialog = byId("detail");
  dialog.addEventListener("close", detailClosed);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
}

function startPrint() {
  addEventListener("beforeprint", () => {
    drawTimeline(PAPER_WIDTH);
    byId("print").replaceChildren(...printed());
  });
  addEventListener("afterprint", () => {
    drawTimeline();
    byId("print").replaceChildren();
  });
}

/** All alerts that pass the filters, each in brief, for paper. */
function printed() {
  return [
    el("h2", {}, "Each alert in brief"),
    ...listedAlerts().map((alert) =>
      el(
        "article",
        {},
        el("h3", {}, severityBadge(alert.severity), ` ${alert.title}`),
        el("p", {}, `${moment(alert.triggered_at)} UTC · ${alert.entity_id} · account ${alert.account_id}`),
        el("p", { class: "sub" }, `${number(alert.observed)} against a threshold of ${number(alert.threshold)} · ${counted(alert.event_count, "event")} · alert ${alert.alert_id}`),
        definitions(printedPairs(alert)),
      ),
    ),
  ];
}

function printedPairs(alert) {
  const lists = ["source_ips", "access_key_ids", "session_names", "regions"].map((column) => [LISTS[column], alert[column]]);
  const evidence = Object.entries(alert.evidence ?? {}).map(([name, values]) => [words(name), [values].flat()]);
  return [...evidence, ...lists].filter(([, values]) => values?.length).map(([name, values]) => {
    const more = values.length > 6 ? ` and ${number(values.length - 6)} more` : "";
    return [name, values.slice(0, 6).map(asText).join(", ") + more];
  });
}

applyRememberedTheme();
addEventListener("DOMContentLoaded", start);
