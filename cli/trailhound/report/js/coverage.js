// The calendar: a strip of columns for each account and, opened, for each of its regions.

const ACCOUNTS_AT_FIRST = 25;
const OPEN_AT_FIRST = 3;
const STRIP = { column: 10, least: 2, widest: 360, height: 18 };
const LEVELS = 4;
let accountsShown = ACCOUNTS_AT_FIRST;

function drawCalendar() {
  const table = byId("calendar");
  if (!table) return;
  const { accounts } = data.calendar;
  const most = Math.max(...accounts.flatMap((account) => account.cells));
  const isOpen = accounts.length <= OPEN_AT_FIRST;
  for (const account of accounts.slice(table.tBodies.length - 1, accountsShown)) {
    table.append(accountBody(account, most, isOpen));
  }
  const more = byId("more-accounts");
  const rest = accounts.length - accountsShown;
  more.hidden = rest <= 0;
  more.textContent = `Show ${number(Math.min(ACCOUNTS_AT_FIRST, rest))} more accounts`;
}

function accountBody(account, most, isOpen) {
  const body = el("tbody", {});
  const button = el("button", { type: "button", class: "quiet", "aria-expanded": isOpen }, counted(account.regions.length, "region"));
  const show = (open) => {
    button.setAttribute("aria-expanded", open);
    const rows = open ? account.regions.map((region) => calendarRow(region, most, null)) : [];
    body.replaceChildren(body.rows[0] ?? calendarRow(account, most, button), ...rows);
  };
  show(isOpen);
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  return body;
}

function calendarRow(line, most, button) {
  const name = line.name || "none";
  return el(
    "tr",
    { class: button ? "account" : null },
    button ? [el("th", { scope: "row" }, name), el("td", {}, button)] : [el("td"), el("th", { scope: "row" }, name)],
    el("td", {}, strip(line.cells, most)),
    el("td", { class: "number" }, number(line.events)),
    el("td", {}, `${number(line.days)} of ${number(data.calendar.days)}`),
    el("td", { class: "sub" }, button ? gapText(line) : ""),
  );
}

function gapText({ gaps, moreGaps }) {
  return gaps.length ? gaps.join(", ") + (moreGaps ? ` and ${counted(moreGaps, "gap")} more` : "") : "none";
}

/** A strip of columns; one path for each shade, so that years of days are few elements. */
function strip(cells, most) {
  const column = Math.max(STRIP.least, Math.min(STRIP.column, STRIP.widest / cells.length));
  const gap = column > 4 ? 1.5 : 0.5;
  const paths = Array.from({ length: LEVELS + 1 }, () => "");
  cells.forEach((count, i) => {
    paths[shade(count, most)] += `M${i * column} 0h${column - gap}v${STRIP.height}h-${column - gap}z`;
  });
  const title = svg("title");
  const picture = svg(
    "svg",
    {
      class: "strip", width: cells.length * column, height: STRIP.height,
      viewBox: `0 0 ${cells.length * column} ${STRIP.height}`, preserveAspectRatio: "none", "aria-hidden": "true",
    },
    title,
    paths.map((d, level) => (d ? svg("path", { class: `shade-${level}`, d }) : null)),
  );
  picture.addEventListener("pointermove", (event) => {
    const i = Math.min(cells.length - 1, Math.max(0, Math.floor(event.offsetX / column)));
    title.textContent = `${columnDays(i)}: ${counted(cells[i], "event")}`;
  });
  return picture;
}

function shade(count, most) {
  return count ? Math.min(LEVELS, 1 + Math.floor((LEVELS * Math.log(count)) / Math.log(most + 1))) : 0;
}

function columnDays(i) {
  const { first, step } = data.calendar;
  const from = Date.parse(first) + i * step * 1440 * MINUTE;
  return period(from, from + step * 1440 * MINUTE);
}
