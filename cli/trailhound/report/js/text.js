// Texts from logs are written by whoever made the call. They reach the page as text nodes only,
// and characters that cannot be seen are spelt out, as on the terminal.

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const READ_OUT = new Set(["title", "aria-label"]);
const NAMED = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function visible(text) {
  return String(text).replace(UNSEEN, (char) => NAMED[char] ?? spelt(char.codePointAt(0)));
}

function spelt(code) {
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

/** An element. Children are elements or texts; an attribute that is null or false is left out. */
function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      const shown = READ_OUT.has(name) ? visible(value) : value;
      element.setAttribute(name, value === true ? "" : shown);
    }
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) {
      element.append(child instanceof Node ? child : visible(child));
    }
  }
  return element;
}

/** A text whose line breaks stay. */
function lines(text) {
  return document.createTextNode(text.split("\n").map(visible).join("\n"));
}

function byId(id) {
  return document.getElementById(id);
}

function number(value) {
  return value.toLocaleString("en");
}

function counted(value, noun, plural = `${noun}s`) {
  return `${number(value)} ${value === 1 ? noun : plural}`;
}

/** A moment as people read it, from `2026-01-31T23:59:00Z`. */
function moment(iso) {
  return iso.slice(0, 19).replace("T", " ");
}

/** An ARN without what repeats the account. */
function shortEntity(entity, account) {
  const arn = /^arn:[^:]*:[^:]*:[^:]*:([^:]*):(.+)$/s.exec(entity);
  if (!arn) return entity;
  return arn[1] === "" || arn[1] === account ? arn[2] : `${arn[1]}:${arn[2]}`;
}

function severityBadge(severity) {
  return el("span", { class: `severity ${severity}` }, severity);
}

/** A value as SQL, the same as the command line writes it. */
function literal(column, value) {
  if (/_(at|seen)$/.test(column)) return `cast('${moment(value)}' as timestamp)`;
  const quoted = `'${value.replaceAll("'", "''")}'`;
  const safe = quoted.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `' || chr(${char.codePointAt(0)}) || '`,
  );
  return safe === quoted ? quoted : `(${safe})`;
}

/** A query cut at its placeholders, SQL and column names in turn, with an alert's values. */
function filledQuery(pieces, alert) {
  return pieces.map((piece, i) => (i % 2 ? literal(piece, alert[piece]) : piece)).join("");
}
